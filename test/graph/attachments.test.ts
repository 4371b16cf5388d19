import { describe, expect, test } from "vitest";
import { attachedMessages, attachments, deleteAttachments } from "../../src/graph/attachments.ts";
import { attachmentContent, mime } from "../../src/graph/content.ts";
import { all, bytesOf, have } from "../exchange/contract-stage.ts";
import { labMailbox } from "./lab-mailbox.ts";
import { scripted } from "./scripted.ts";
import { onStage, type Stage } from "./stage.ts";

/** A message with a message in it that has a file and one more message. */
const nested = [
  "From: mallory@example.org",
  "To: ann@example.com",
  "Subject: outer",
  "Content-Type: multipart/mixed; boundary=a",
  "",
  "--a",
  "Content-Type: text/plain",
  "",
  "See.",
  "--a",
  "Content-Type: message/rfc822",
  "Content-Disposition: attachment",
  "",
  "From: eve@example.org",
  "Subject: inner",
  "Content-Type: multipart/mixed; boundary=b",
  "",
  "--b",
  "Content-Type: text/plain",
  "",
  "Inside.",
  "--b",
  "Content-Type: application/octet-stream; name=evil.bin",
  "Content-Disposition: attachment; filename=evil.bin",
  "Content-Transfer-Encoding: base64",
  "",
  "AAECAw==",
  "--b",
  "Content-Type: message/rfc822",
  "Content-Disposition: attachment",
  "",
  "Subject: innermost",
  "",
  "Deep.",
  "--b--",
  "--a--",
  "",
].join("\r\n");

async function opened(): Promise<Stage & { readonly id: string; readonly box: ReturnType<typeof labMailbox> }> {
  const stage = await onStage();
  const item = stage.lab.store.deliver(Buffer.from(nested), { from: "mallory@example.org", to: [stage.ann.address] })[0]?.item;
  return { ...stage, id: item?.id ?? "", box: labMailbox(stage.lab.graphUrl, stage.ann.address) };
}

describe("in an attached message", () => {
  test("its text and its own attachments are read, and the bytes of a file in it", async () => {
    const { box, id } = await opened();
    const [outer] = have((await all(attachments(box, [id])))[0]);
    const inner = have((await all(attachedMessages(box, [outer?.id ?? ""])))[0]);
    expect(inner).toMatchObject({ itemId: outer?.id, subject: "inner", bodyText: expect.stringContaining("Inside.") });
    expect(inner.attachments?.map(({ kind, name }) => [kind, name])).toEqual([
      ["file", "evil.bin"],
      ["item", "innermost"],
    ]);
    const read: string[] = [];
    for await (const outcome of attachmentContent(box, inner.attachments ?? []))
      read.push(outcome.ok ? (await bytesOf(outcome.value.bytes)).toString("hex") : outcome.failure.code);
    expect(read).toEqual(["00010203", "unsupported"]);
  });

  test("nothing can be deleted, and a message in it is not opened", async () => {
    const { box, id } = await opened();
    const [outer] = have((await all(attachments(box, [id])))[0]);
    const [file, item] = have((await all(attachedMessages(box, [outer?.id ?? ""])))[0]).attachments ?? [];
    expect(await all(deleteAttachments(box, [file?.id ?? ""]))).toMatchObject([{ ok: false, failure: { code: "unsupported" } }]);
    expect(await all(attachedMessages(box, [item?.id ?? ""]))).toMatchObject([{ ok: false, failure: { code: "unsupported" } }]);
  });
});

test("an id that is none is its own failure, and the others are deleted", async () => {
  const { box, id, ann } = await opened();
  const [outer] = have((await all(attachments(box, [id])))[0]);
  const outcomes = await all(deleteAttachments(box, ["nonsense", outer?.id ?? "", "a.b.c.d"]));
  expect(outcomes.map((outcome) => (outcome.ok ? "done" : outcome.failure.code))).toEqual(["invalid-input", "done", "invalid-input"]);
  expect(ann.item(id)?.attachments).toEqual([]);
});

test("a deletion whose answer was lost counts as done", async () => {
  const { box, id, lab } = await opened();
  const [outer] = have((await all(attachments(box, [id])))[0]);
  lab.addFault({ kind: "reset-after", operation: "attachment-delete" });
  expect(await all(deleteAttachments(box, [outer?.id ?? ""]))).toEqual([{ ok: true, value: {} }]);
});

test("who may not take attachments out of received mail is told which permission does", async () => {
  const { mailbox } = await scripted(() => ({ status: 403, json: { error: { code: "ErrorAccessDenied", message: "Access is denied." } } }));
  expect(await all(deleteAttachments(mailbox, ["message.attachment"]))).toMatchObject([
    { ok: false, failure: { code: "access-denied", hint: expect.stringContaining("Mail-Advanced.ReadWrite.All") } },
  ]);
});

test("a list of attachments that goes on is followed to its end", async () => {
  const { mailbox, origin, seen } = await scripted(({ path }) =>
    path.includes("skip")
      ? { json: { value: [{ "@odata.type": "#microsoft.graph.referenceAttachment", id: "B", name: "b" }, { name: "no id" }] } }
      : {
          json: {
            value: [{ "@odata.type": "#microsoft.graph.fileAttachment", id: "A", name: 7 }],
            "@odata.nextLink": `${origin}/v1.0/x?$skip=1`,
          },
        },
  );
  expect(have((await all(attachments(mailbox, ["m"])))[0])).toMatchObject([
    { id: "m.A", kind: "file", name: undefined },
    { id: "m.B", kind: "reference", name: "b" },
  ]);
  expect(seen).toHaveLength(2);
});

test("a link in place of a file is not followed, and nothing is asked", async () => {
  const { mailbox, seen } = await scripted(() => ({}));
  expect(await all(attachmentContent(mailbox, [{ id: "m.a", kind: "reference" }]))).toMatchObject([
    { ok: false, failure: { code: "unsupported" } },
  ]);
  expect(seen).toEqual([]);
});

test("content of a file in an attached message that is no base64 is a broken reply", async () => {
  const inner = [{ "@odata.type": "#microsoft.graph.fileAttachment", id: "c", contentBytes: "not base64!" }];
  const { mailbox } = await scripted(() => ({ json: { id: "a", item: { attachments: inner } } }));
  expect(await all(attachmentContent(mailbox, [{ id: "m.a.c", kind: "file" }]))).toMatchObject([
    { ok: false, failure: { code: "broken-reply" } },
  ]);
});

test("after a sign-in that is refused nothing more is asked", async () => {
  const { mailbox, seen } = await scripted(() => ({ status: 401, json: { error: { code: "InvalidAuthenticationToken" } } }));
  const outcomes = await all(mime(mailbox, ["a", "b", "c"]));
  expect(outcomes.map((outcome) => (outcome.ok ? "done" : outcome.failure.code))).toEqual(Array(3).fill("unauthenticated"));
  expect(seen).toHaveLength(1);
});
