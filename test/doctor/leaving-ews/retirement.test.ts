import { describe, expect, test } from "vitest";
import type { Checkup } from "../../../src/doctor/checkup.ts";
import { retirement } from "../../../src/doctor/leaving-ews/retirement.ts";
import type { ServerVersion } from "../../../src/ews/session/soap.ts";
import { loadSettings } from "../../../src/settings/load-settings.ts";

async function on(day: string, url = "https://outlook.office365.com/EWS/Exchange.asmx", version?: ServerVersion) {
  const { connection } = await loadSettings({ environment: { MAILCORDON_EWS_URL: url, MAILCORDON_TOKEN: "a.b.c" }, directory: "/" });
  const common = { actions: [], mailbox: undefined, signal: undefined, events: [], tell: undefined, route: undefined };
  const load = () => Promise.reject(new Error("not asked"));
  const checkup: Checkup = {
    ...common,
    backEnd: "ews",
    now: () => Date.parse(day),
    observe: () => undefined,
    load,
    learned: { connection, version },
  };
  return retirement.run(checkup);
}

test("for Exchange Online the dates of the end of EWS are reported, counted from today, with the next step", async () => {
  expect((await on("2026-09-01")).found).toContain("blocks EWS from 2026-10-01 on");
  const { status, found, next } = await on("2027-03-31T12:00:00Z");
  expect([status, found]).toEqual(["warning", expect.stringContaining("ends it on 2027-04-01, in 1 day")]);
  expect(next).toContain("mailcordon doctor --plan graph --connection environment");
  expect((await on("2027-04-02")).found).toBe("Exchange Online was to end EWS on 2027-04-01");
});

describe("a server on premises", () => {
  const url = "https://mail.example.com/EWS/Exchange.asmx";
  test("keeps EWS", async () => {
    const version: ServerVersion = { major: "15", minor: "2", version: "V2017_07_11" };
    expect(await on("2027-04-02", url, version)).toMatchObject({ status: "ok" });
  });

  test("is not said to keep EWS if no Exchange answered", async () => {
    expect(await on("2027-04-02", url)).toMatchObject({ status: "unknown", found: expect.stringContaining("no Exchange answered") });
  });
});
