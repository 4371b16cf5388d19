import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { searchEmailsExtended } from "../../../src/actions/search-emails-extended.ts";
import { backends, type LabHost, openLabHost } from "../lab-host.ts";

describe.each(backends)("the audit entry of a search over %s", (backend) => {
  let at: LabHost;
  beforeAll(async () => {
    at = await openLabHost({}, backend);
  });
  afterAll(() => at.close());
  const entry = () => JSON.parse(readFileSync(join(at.folder, "audit.jsonl"), "utf8").trim().split("\n").at(-1) ?? "");
  const search = (input: object) => at.run(searchEmailsExtended, { limit: 1, ...input }, { auditsReads: true });
  const searched = ({ per_mailbox }: Record<string, unknown>) =>
    (per_mailbox as { mailbox: string }[]).map(({ mailbox }) => mailbox).sort();

  test("of all mailboxes names the searched mailboxes, not only the word all", async () => {
    const answer = await search({ mailboxes: "all" });
    const { mailboxes, searched: said } = entry();
    expect(mailboxes).toEqual(["all"]);
    expect(said.count).toBe(said.mailboxes.length);
    expect(said.count).toBeGreaterThan(2);
    expect([...said.mailboxes].sort()).toEqual(searched(answer));
  });

  test("does not name a mailbox that was no longer searched", async () => {
    const stop = new AbortController();
    stop.abort();
    const input = { mailboxes: ["user03@example.com", "user04@example.com"], limit: 1 };
    await at.run(searchEmailsExtended, input, { auditsReads: true, signal: stop.signal, timeLimitMs: 0 });
    expect(entry()).toMatchObject({ mailboxes: input.mailboxes, searched: { count: 0, mailboxes: [] } });
  });

  test("of one mailbox has only its address", async () => {
    await search({ mailbox: "user03@example.com" });
    expect(entry()).toMatchObject({ mailbox: "user03@example.com" });
    expect(entry().searched).toBeUndefined();
  });
});
