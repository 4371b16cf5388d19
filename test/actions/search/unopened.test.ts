import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { getSearchableMailboxes } from "../../../src/actions/get-searchable-mailboxes.ts";
import { searchEmailsExtended } from "../../../src/actions/search-emails-extended.ts";
import { backends, type LabHost, openLabHost } from "../lab-host.ts";

// EWS lists what the account may search, and never a mailbox that it cannot open.
describe("people of the directory whose mailbox Graph cannot open", () => {
  const closed = ["hr@example.com", "user07@example.com"];
  let at: LabHost;
  beforeAll(async () => {
    at = await openLabHost({ onPremises: ["hr@example.com"], unlicensed: ["user07@example.com"] }, "graph");
  });
  afterAll(() => at.close());

  test("are named beside the list, which reports their number and the directory as its source", async () => {
    const answer = await at.run(getSearchableMailboxes, {});
    expect(answer).toMatchObject({ success: true, source: "directory", note: expect.stringContaining("directory"), failed: [] });
    expect(answer.message).toMatch(/2 people have no mailbox that Microsoft Graph can open\.$/);
    const unopened = answer.unopened as { mailbox: string; error: { code: string } }[];
    expect(unopened.map(({ mailbox }) => mailbox).sort()).toEqual(closed);
    expect(unopened.map(({ error }) => error.code)).toEqual(["mailbox-not-found", "mailbox-not-found"]);
  });

  test("make a search of all mailboxes incomplete, and each is named with its reason", async () => {
    const answer = await at.run(searchEmailsExtended, { mailboxes: "all", subject: "invoice 4711" });
    expect(answer).toMatchObject({ success: false, incomplete: true, counts: { failed: 2 } });
    const rows = answer.per_mailbox as { mailbox: string; status: string; error?: { code: string } }[];
    const failed = rows.filter(({ status }) => status === "failed");
    expect(failed.map(({ mailbox }) => mailbox).sort()).toEqual(closed);
    expect(failed.every(({ error }) => error?.code === "mailbox-not-found")).toBe(true);
  });
});

describe.each(backends)("a search of all mailboxes over %s", (backend) => {
  test("fails if none is listed, since nothing was looked into", async () => {
    const at = await openLabHost({ seed: false }, backend);
    try {
      at.lab.store.addUser({ address: "soc@example.com", password: "lab-password", roles: ["Discovery Management"] });
      const none = async () => ({ source: "directory" as const, mailboxes: [], failed: [] });
      const exchange = { ...at.host.exchange, searchableMailboxes: none };
      const answer = await at.run(searchEmailsExtended, { mailboxes: "all", subject: "x" }, { exchange });
      expect(answer).toMatchObject({ success: false, error: { code: "could-not-look" } });
    } finally {
      await at.close();
    }
  });
});
