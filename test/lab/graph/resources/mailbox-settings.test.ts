import { expect, test } from "vitest";
import { anna, call, mailboxOf, refusal, startGraphLab } from "../graph-client.ts";

const settings = `/users/${anna}/mailboxSettings`;

test("automatic replies come with the settings and by themselves, with their schedule in UTC", async () => {
  const lab = await startGraphLab();
  mailboxOf(lab).oof = {
    state: "Scheduled",
    externalAudience: "Known",
    start: new Date("2026-01-05T08:00:00Z"),
    end: new Date("2026-01-09T17:30:00Z"),
    internalReply: "<p>away</p>",
    externalReply: "",
  };
  const expected = {
    status: "scheduled",
    externalAudience: "contactsOnly",
    internalReplyMessage: "<p>away</p>",
    externalReplyMessage: "",
    scheduledStartDateTime: { dateTime: "2026-01-05T08:00:00.0000000", timeZone: "UTC" },
    scheduledEndDateTime: { dateTime: "2026-01-09T17:30:00.0000000", timeZone: "UTC" },
  };
  expect((await call(lab, "GET", settings)).at("automaticRepliesSetting")).toEqual(expected);
  expect((await call(lab, "GET", `${settings}/automaticRepliesSetting`)).at()).toMatchObject(expected);
});

test("the purpose of a mailbox is a setting, and an unknown setting in the path is refused", async () => {
  const lab = await startGraphLab();
  for (const purpose of ["shared", "room", "equipment"] as const) {
    const address = `${purpose}@example.com`;
    lab.store.addUser({ address, purpose });
    expect((await call(lab, "GET", `/users/${address}/mailboxSettings/userPurpose`)).at("value")).toBe(purpose);
  }
  expect((await call(lab, "GET", `${settings}/userPurpose`)).at("value")).toBe("user");
  expect(refusal(await call(lab, "GET", `${settings}/shoeSize`))).toEqual([400, "BadRequest"]);
});

test("automatic replies are changed as far as they are given", async () => {
  const lab = await startGraphLab();
  const change = { automaticRepliesSetting: { status: "alwaysEnabled", internalReplyMessage: "back soon" } };
  expect((await call(lab, "PATCH", settings, change)).status).toBe(200);
  expect(mailboxOf(lab).oof).toMatchObject({ state: "Enabled", internalReply: "back soon", externalAudience: "All" });
});

test("a schedule that ends before it begins is refused and changes nothing", async () => {
  const lab = await startGraphLab();
  const at = (dateTime: string) => ({ dateTime, timeZone: "UTC" });
  const change = {
    status: "scheduled",
    scheduledStartDateTime: at("2026-01-09T00:00:00"),
    scheduledEndDateTime: at("2026-01-05T00:00:00"),
  };
  const refused = await call(lab, "PATCH", settings, { automaticRepliesSetting: change });
  expect(refusal(refused)).toEqual([400, "ErrorInvalidScheduledOofDuration"]);
  expect(mailboxOf(lab).oof.state).toBe("Disabled");
});

test("automatic replies with a member that they do not have are refused", async () => {
  const lab = await startGraphLab();
  const body = { automaticRepliesSetting: { status: "disabled", colour: "red" } };
  expect(refusal(await call(lab, "PATCH", `/users/${anna}/mailboxSettings`, body))).toEqual([400, "RequestBodyRead"]);
});
