import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deleteAttachments } from "../../../src/actions/delete-attachments.ts";
import { getAttachments } from "../../../src/actions/get-attachments.ts";
import { restrictToMailboxes } from "../../../src/connection/restrict-to-mailboxes.ts";
import { campaign } from "../../../src/lab/seed/campaign.ts";
import { type LabHost, openLabHost } from "../lab-host.ts";

const rich = { mailbox: "hr@example.com", internet_message_id: campaign.rich.messageId };

describe("a server that returns attached messages as MIME alone", () => {
  let exchange: LabHost;
  let other: LabHost;
  beforeAll(async () => {
    exchange = await openLabHost();
    other = await openLabHost({ habits: ["attached-mime-only"] });
  });
  afterAll(() => Promise.all([exchange.close(), other.close()]));

  test("lists and returns their attachments, as Exchange does", async () => {
    const [there, here] = await Promise.all([exchange.run(getAttachments, rich), other.run(getAttachments, rich)]);
    expect(here).toMatchObject({ success: true, counts: { requested: 5, succeeded: 5 } });
    const of = ({ results = [] }: typeof here) =>
      results.map(({ name, kind, depth, sha256, message }) => ({
        ...{ name, kind, depth, subject: Object(message).subject },
        // Each lab writes the MIME of an item built from fields with its own time.
        sha256: kind === "item" ? undefined : sha256,
      }));
    expect(of(here)).toEqual(of(there));
    expect(of(here).map(({ depth }) => depth)).toEqual([1, 1, 1, 2, 3]);
    const [outer, inner] = (here.results ?? []).filter(({ kind }) => kind === "item").map(({ file_ref }) => readFileSync(String(file_ref)));
    expect(inner?.length).toBeGreaterThan(100);
    expect(outer?.includes(inner ?? "nothing")).toBe(true);
  });

  test("returns one of their attachments by its id", async () => {
    const all = await other.run(getAttachments, rich);
    const deepest = all.results?.[4];
    const answer = await other.run(getAttachments, { ...rich, attachment_ids: [deepest?.attachment_id] });
    expect(answer.results).toMatchObject([{ name: "statement.csv", sha256: deepest?.sha256, depth: 3 }]);
  });

  test("does so for an API key that is limited to the mailbox", async () => {
    const limited = restrictToMailboxes(other.host.exchange, [rich.mailbox]);
    expect(await other.run(getAttachments, rich, { exchange: limited })).toMatchObject({ success: true, counts: { succeeded: 5 } });
  });

  test("names a missing part and an invalid id", async () => {
    const [attached] = (await other.run(getAttachments, rich)).results?.filter(({ kind }) => kind === "item") ?? [];
    const box = other.host.exchange.mailbox(rich.mailbox);
    const ids = [`${attached?.attachment_id}.99`, `${attached?.attachment_id}.0`, ".1"];
    const codes: unknown[] = [];
    for await (const outcome of box.attachedMessages(ids.map((id) => ({ id, kind: "item" }))))
      codes.push(outcome.ok || outcome.failure.code);
    for await (const outcome of box.attachmentContent(ids.map((id) => ({ id, kind: "file" })))) {
      codes.push(outcome.ok || outcome.failure.code);
    }
    expect(codes).toEqual(["not-found", "invalid-input", "invalid-input", "not-found", "invalid-input", "invalid-input"]);
  });

  test("receives no request to delete an attachment of an attached message", async () => {
    const all = await other.run(getAttachments, rich);
    const answer = await other.run(deleteAttachments, { ...rich, attachment_ids: [all.results?.[4]?.attachment_id] });
    expect(answer).toMatchObject({ success: false, results: [{ error: { code: "unsupported" } }] });
    expect(other.asked("DeleteAttachment")).toBe(0);
  });
});
