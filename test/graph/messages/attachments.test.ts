import { describe, expect, test } from "vitest";
import type { Attachment } from "../../../src/exchange/attachment.ts";
import { attachedMessages, attachments, deleteAttachments } from "../../../src/graph/messages/attachments.ts";
import { attachmentContent, mime } from "../../../src/graph/messages/message-content.ts";
import { immutableId } from "../../../src/lab/graph/ids.ts";
import type { LabItem } from "../../../src/lab/store/mailbox.ts";
import { all, bytesOf, have } from "../../exchange/contract-stage.ts";
import { labMailbox } from "../lab-mailbox.ts";
import { scripted } from "../scripted.ts";
import { onStage, type Stage } from "../stage.ts";

const itemAt = (id: string): Attachment => ({ id, kind: "item" });

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
    const inner = have((await all(attachedMessages(box, [itemAt(outer?.id ?? "")])))[0]);
    expect(inner).toMatchObject({ itemId: outer?.id, subject: "inner", bodyText: expect.stringContaining("Inside.") });
    expect(inner.attachments?.map(({ kind, name }) => [kind, name])).toEqual([
      ["file", "evil.bin"],
      ["item", "innermost"],
    ]);
    const read: string[] = [];
    for await (const outcome of attachmentContent(box, inner.attachments ?? []))
      read.push(outcome.ok ? (await bytesOf(outcome.value.bytes)).toString("hex") : outcome.failure.code);
    expect(read).toEqual(["00010203", Buffer.from("Subject: innermost\r\n\r\nDeep.").toString("hex")]);
    const [, item] = inner.attachments ?? [];
    const innermost = have((await all(attachedMessages(box, [itemAt(item?.id ?? "")])))[0]);
    expect(innermost).toMatchObject({ itemId: item?.id, subject: "innermost", bodyText: "Deep.", attachments: undefined });
  });

  test("an id says where it is: message, attachment, and the numbers of the parts inside, the same whenever it is listed", async () => {
    const { box, id } = await opened();
    const [outer] = have((await all(attachments(box, [id])))[0]);
    const listed = async () => have((await all(attachedMessages(box, [itemAt(outer?.id ?? "")])))[0]).attachments?.map((one) => one.id);
    // Part 1 is the text.
    expect(await listed()).toEqual([`${outer?.id}.2`, `${outer?.id}.3`]);
    expect(await listed()).toEqual([`${outer?.id}.2`, `${outer?.id}.3`]);
  });

  test("a missing part, or one in a file, is not found, and a file is not a message", async () => {
    const { box, id } = await opened();
    const [outer] = have((await all(attachments(box, [id])))[0]);
    const codes: string[] = [];
    for (const place of ["9", "2.1", "3.1.1"])
      for await (const outcome of attachmentContent(box, [{ id: `${outer?.id}.${place}`, kind: "file" }]))
        codes.push(outcome.ok ? "done" : outcome.failure.code);
    expect(codes).toEqual(["not-found", "not-found", "not-found"]);
    expect(await all(attachedMessages(box, [itemAt(`${outer?.id}.2`)]))).toMatchObject([{ ok: false, failure: { code: "invalid-input" } }]);
  });

  test("nothing can be deleted, and the reason is reported", async () => {
    const { box, id, lab } = await opened();
    const [outer] = have((await all(attachments(box, [id])))[0]);
    const [file] = have((await all(attachedMessages(box, [itemAt(outer?.id ?? "")])))[0]).attachments ?? [];
    const failure = { code: "unsupported", message: expect.stringContaining("inside an attached message") };
    expect(await all(deleteAttachments(box, [file?.id ?? ""]))).toMatchObject([{ ok: false, failure }]);
    expect(lab.requests.filter(({ operation }) => operation === "attachment-delete")).toEqual([]);
  });
});

test("an invalid id fails alone, and the others are deleted", async () => {
  const { box, id, ann } = await opened();
  const [outer] = have((await all(attachments(box, [id])))[0]);
  const outcomes = await all(deleteAttachments(box, ["nonsense", outer?.id ?? "", "a.b.c"]));
  expect(outcomes.map((outcome) => (outcome.ok ? "done" : outcome.failure.code))).toEqual(["invalid-input", "done", "invalid-input"]);
  expect(ann.item(id)?.attachments).toEqual([]);
});

test("a deletion whose answer was lost counts as done", async () => {
  const { box, id, lab } = await opened();
  const [outer] = have((await all(attachments(box, [id])))[0]);
  lab.addFault({ kind: "reset-after", operation: "attachment-delete" });
  expect(await all(deleteAttachments(box, [outer?.id ?? ""]))).toEqual([{ ok: true, value: {} }]);
});

test("a refused deletion from received mail names the missing permission", async () => {
  const { mailbox } = await scripted(() => ({ status: 403, json: { error: { code: "ErrorAccessDenied", message: "Access is denied." } } }));
  expect(await all(deleteAttachments(mailbox, ["message.attachment"]))).toMatchObject([
    { ok: false, failure: { code: "access-denied", hint: expect.stringContaining("Mail-Advanced.ReadWrite.All") } },
  ]);
});

describe("where Graph guards received mail against changes", () => {
  const guarded = { graph: { guards: ["attachments"], tokens: { strong: ["Mail.ReadWrite"] } } } as const;
  const file = { kind: "file", name: "invoice.zip", content: Buffer.from("PK") } as const;
  const withFile = ({ ann }: Stage, isDraft: boolean) =>
    ann.add(ann.known(isDraft ? "drafts" : "inbox"), { subject: "one", isDraft, attachments: [file] });
  const taken = async ({ lab, ann }: Stage, item: LabItem) => {
    const box = labMailbox(lab.graphUrl, ann.address);
    const [listed] = have((await all(attachments(box, [immutableId(item)])))[0]);
    return (await all(deleteAttachments(box, [listed?.id ?? ""])))[0];
  };

  test("a missing permission is named, and the attachment stays", async () => {
    const stage = await onStage(guarded);
    const item = withFile(stage, false);
    expect(await taken(stage, item)).toMatchObject({
      ok: false,
      failure: { code: "access-denied", wireCode: "ErrorAccessDenied", hint: expect.stringContaining("Mail-Advanced.ReadWrite.All") },
    });
    expect(item.attachments).toHaveLength(1);
  });

  test("a draft is not guarded", async () => {
    const stage = await onStage(guarded);
    const item = withFile(stage, true);
    expect(await taken(stage, item)).toEqual({ ok: true, value: {} });
    expect(item.attachments).toHaveLength(0);
  });

  test("the permission allows deletions from received mail", async () => {
    const tokens = { strong: ["Mail.ReadWrite", "Mail-Advanced.ReadWrite.All"] };
    const stage = await onStage({ graph: { ...guarded.graph, tokens } });
    const item = withFile(stage, false);
    expect(await taken(stage, item)).toEqual({ ok: true, value: {} });
    expect(item.attachments).toHaveLength(0);
  });

  test("an unrelated refusal is not explained by it", async () => {
    const stage = await onStage();
    const item = withFile(stage, true);
    stage.lab.addFault({ kind: "403", operation: "attachment-delete" });
    const outcome = await taken(stage, item);
    expect(outcome).toMatchObject({ ok: false, failure: { code: "access-denied" } });
    expect(outcome?.ok === false && outcome.failure.hint).not.toContain("Mail-Advanced");
  });

  test.each(["message", "attachment"])("a refusal for a deleted %s is not-found after a search", async (what) => {
    const stage = await onStage();
    const item = withFile(stage, false);
    const box = labMailbox(stage.lab.graphUrl, stage.ann.address);
    const [listed] = have((await all(attachments(box, [immutableId(item)])))[0]);
    if (what === "message") stage.ann.remove(item);
    else stage.ann.removeAttachment(item.attachments[0]?.id ?? "");
    stage.lab.addFault({ kind: "item-error", operation: "attachment-delete", code: "ErrorCannotDeleteObject" });
    expect((await all(deleteAttachments(box, [listed?.id ?? ""])))[0]).toMatchObject({ ok: false, failure: { code: "not-found" } });
  });
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

test("a link in place of a file is not followed, and no request is sent", async () => {
  const { mailbox, seen } = await scripted(() => ({}));
  expect(await all(attachmentContent(mailbox, [{ id: "m.a", kind: "reference" }]))).toMatchObject([
    { ok: false, failure: { code: "unsupported" } },
  ]);
  expect(seen).toEqual([]);
});

test.each(["AAMkAGI2=", "m.a.b", "m.a.0", "m.a.01", "m.a.1.", ".a", "m.", "m.a.99999"])(
  "%j is refused as an attachment id, with a note about ids of EWS",
  async (id) => {
    const { mailbox, seen } = await scripted(() => ({}));
    const failure = { code: "invalid-input", hint: expect.stringContaining("Exchange Web Services") };
    expect(await all(attachmentContent(mailbox, [{ id, kind: "file" }]))).toMatchObject([{ ok: false, failure }]);
    expect(await all(deleteAttachments(mailbox, [id]))).toMatchObject([{ ok: false, failure }]);
    expect(seen).toEqual([]);
  },
);

test("an attached event or contact is listed, and its calendar or card is not split", async () => {
  const { mailbox, seen } = await scripted(({ path }) =>
    path.includes("expand")
      ? { json: { id: "a", item: { "@odata.type": "#microsoft.graph.event", subject: "Lunch" } } }
      : { json: { "@odata.type": "#microsoft.graph.itemAttachment", id: "a" } },
  );
  expect(await all(attachedMessages(mailbox, [itemAt("m.a")]))).toMatchObject([{ ok: true, value: { subject: "Lunch", itemId: "m.a" } }]);
  expect(seen.map(({ path }) => path.includes("$value"))).toEqual([false, false]);
});

test("no request follows a refused sign-in", async () => {
  const { mailbox, seen } = await scripted(() => ({ status: 401, json: { error: { code: "InvalidAuthenticationToken" } } }));
  const outcomes = await all(mime(mailbox, ["a", "b", "c"]));
  expect(outcomes.map((outcome) => (outcome.ok ? "done" : outcome.failure.code))).toEqual(Array(3).fill("unauthenticated"));
  expect(seen).toHaveLength(1);
});
