import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { searchEmailsExtended } from "../../../src/actions/search-emails-extended.ts";
import { backends, type LabHost, openLabHost } from "../lab-host.ts";

describe.each(backends)("over %s", (backend) => {
  let at: LabHost;
  beforeAll(async () => {
    at = await openLabHost({}, backend);
  });
  afterAll(() => at.close());
  const search = (input: Readonly<Record<string, unknown>>) => at.run(searchEmailsExtended, input);

  test("an empty subject with exact comparison finds only the messages without a subject", async () => {
    const address = "without@example.com";
    if (at.lab.store.mailbox(address) === undefined) at.lab.store.addUser({ address, displayName: "Without", password: "x" });
    at.put(address, { subject: "" });
    at.put(address, { subject: "Something" });
    const answer = await search({ mailbox: address, subject: "", subject_match: "equals", fields: ["subject"] });
    expect(answer).toMatchObject({ success: true, applied: { subject: expect.any(String) } });
    const [only, ...others] = answer.items as { readonly subject?: string }[];
    expect([only?.subject ?? "", others]).toEqual(["", []]);
  });

  test.each([
    { subject: "" },
    { subject: "", subject_match: "prefix" },
    { subject: "\u200b" },
    { sender: "" },
    { recipient: "" },
    { body: "" },
    { body_regex: "" },
    { attachment_name: "" },
    { attachment_sha256: "" },
    { internet_message_id: "" },
    { internet_message_id: [] },
    { internet_message_id: "<>" },
    { conversation_id: "" },
    { received_after: "" },
    { received_before: "" },
    { last_minutes: "" },
    { has_attachments: "" },
    { is_unread: "" },
    { min_size: "" },
    { max_size: "" },
    { importance: "" },
    { category: "" },
    { item_class: "" },
    { query: "" },
    { folder: "" },
    { mailboxes: "" },
    { mailboxes: [] },
    { last_minutes: "None" },
    { has_attachments: "None" },
    { is_unread: "None" },
    { min_size: "None" },
    { max_size: "None" },
    { importance: "None" },
    { subject_match: "None" },
    { recursive: "None" },
    { received_after: "None" },
  ])("a filter that is empty or None is refused, not ignored: %j", async (input) => {
    const answer = await search({ mailbox: "reception@example.com", ...input });
    expect(answer).toMatchObject({ success: false, error: { code: "invalid-input" } });
  });
});
