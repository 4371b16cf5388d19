import { describe, expect, test } from "vitest";
import type { Draft } from "../../../src/exchange/sending/draft.ts";
import type { RetryDelays } from "../../../src/exchange/sending/send-once.ts";
import { send } from "../../../src/graph/sending/send-message.ts";
import type { FaultKind } from "../../../src/lab/faults.ts";
import type { LabMailbox } from "../../../src/lab/store/mailbox.ts";
import { file, labMailbox } from "../lab-mailbox.ts";
import { onStage, type Stage } from "../stage.ts";

/** No waiting in tests. */
const pace: RetryDelays = { settle: [0, 0, 0, 0], find: [0, 0] };
const draft: Draft = { to: [{ address: "bob@example.com", name: "Bob" }], subject: "Notice & <more>", text: "Look out." };

function arrived({ lab }: Stage) {
  const bob = lab.store.mailbox("bob@example.com");
  return [...(bob?.known("inbox").items.values() ?? [])];
}

const inFolder = (mailbox: LabMailbox, name: "drafts" | "sentitems" | "deleteditems") => [...mailbox.known(name).items.values()];
const run = (stage: Stage, asked: Partial<Draft> = {}) =>
  send(labMailbox(stage.lab.graphUrl, stage.ann.address), { ...draft, ...asked }, pace);

describe("a message", () => {
  test("is sent with all its fields, and its copy is found", async () => {
    const stage = await onStage();
    const sent = await run(stage, {
      cc: [{ address: "cy@example.org" }],
      html: "<p>Look <b>out</b></p>",
      text: undefined,
      importance: "High",
      readReceipt: true,
      headers: ["One", "Two", "Three", "Four", "Five", "Six", "Seven"].map((name) => ({ name: `X-${name}`, value: name })),
    });
    const [copy] = inFolder(stage.ann, "sentitems");
    expect(sent).toMatchObject({
      subject: draft.subject,
      internetMessageId: copy?.internetMessageId,
      to: [{ address: "bob@example.com" }],
    });
    expect(sent.cc.map(({ address }) => address)).toEqual(["cy@example.org"]);
    const [mail] = arrived(stage);
    expect(mail).toMatchObject({ subject: draft.subject, importance: "High", isReadReceiptRequested: true });
    expect(
      mail?.headers
        .filter(({ name }) => /^X-\w+$/i.test(name))
        .map(({ value }) => value)
        .sort(),
    ).toEqual(["One", "Two", "Three", "Four", "Five", "Six", "Seven"].sort());
    expect(mail?.body).toMatchObject({ type: "HTML", value: expect.stringContaining("<b>out</b>") });
    expect(inFolder(stage.ann, "drafts")).toEqual([]);
  });

  test("without a requested copy leaves none", async () => {
    const stage = await onStage();
    expect((await run(stage, { saveToSent: false })).itemId).toBeUndefined();
    expect(arrived(stage)).toHaveLength(1);
    expect([...inFolder(stage.ann, "sentitems"), ...inFolder(stage.ann, "drafts"), ...inFolder(stage.ann, "deleteditems")]).toEqual([]);
  });

  test("given raw is sent unchanged", async () => {
    const stage = await onStage();
    const mime = Buffer.from("From: ann@example.com\r\nTo: bob@example.com\r\nSubject: raw\r\nX-Kept: yes\r\n\r\nBody\r\n");
    const sent = await send(labMailbox(stage.lab.graphUrl, stage.ann.address), { to: [], mime }, pace);
    expect(sent.subject).toBe("raw");
    expect(arrived(stage)[0]?.headers).toContainEqual({ name: "X-Kept", value: "yes" });
  });

  test("given raw is refused above Graph's limit, without a request", async () => {
    const stage = await onStage();
    const before = stage.lab.requests.length;
    const mime = Buffer.alloc(3 * 1024 * 1024, "a");
    await expect(send(labMailbox(stage.lab.graphUrl, stage.ann.address), { to: [], mime }, pace)).rejects.toMatchObject({
      code: "too-large",
      message: expect.stringContaining("Nothing was sent"),
    });
    expect(stage.lab.requests.length).toBe(before);
  });

  test("that is refused leaves no draft behind", async () => {
    const stage = await onStage();
    await expect(run(stage, { from: { address: "bob@example.com" } })).rejects.toMatchObject({
      code: "access-denied",
      message: expect.stringContaining("Nothing was sent"),
    });
    expect(inFolder(stage.ann, "drafts")).toEqual([]);
  });

  test.each([
    ["is known to delete nothing for good", { permanentDelete: false }],
    ["turns out to delete nothing for good", {}],
  ])("that is refused leaves no draft among the drafts in a cloud that %s either", async (_, behaviour) => {
    const stage = await onStage({ graph: { permanentDelete: false } });
    const box = labMailbox(stage.lab.graphUrl, stage.ann.address, {}, behaviour);
    await expect(send(box, { ...draft, from: { address: "bob@example.com" } }, pace)).rejects.toMatchObject({ code: "access-denied" });
    expect(inFolder(stage.ann, "drafts")).toEqual([]);
  });

  test("has its attachments in their order, small and large", async () => {
    const stage = await onStage();
    const large = Buffer.alloc(9 * 1024 * 1024 + 5, "0123456789");
    const contents = [Buffer.from("one"), large, Buffer.alloc(0)];
    await run(stage, { attachments: contents.map((content, index) => file(`${index}.bin`, content)) });
    const [mail] = arrived(stage);
    expect(
      mail?.attachments.map(({ name, content }) => [name, Buffer.from(content ?? []).equals(contents[Number(name?.[0])] ?? large)]),
    ).toEqual([
      ["0.bin", true],
      ["1.bin", true],
      ["2.bin", true],
    ]);
    const pieces = stage.lab.requests.filter(({ operation }) => operation === "attachment-upload");
    expect(pieces.map(({ status }) => status)).toEqual([200, 200, 201]);
  });
});

describe("a caller that disconnects", () => {
  const small = file("a.txt", Buffer.from("one"));

  test("while the draft is being completed has sent nothing and leaves none", async () => {
    const stage = await onStage();
    const stop = new AbortController();
    const leaving = file("b.txt", Buffer.from("two"), {
      async *open() {
        stop.abort();
        yield Buffer.from("two");
      },
    });
    const box = labMailbox(stage.lab.graphUrl, stage.ann.address, { signal: stop.signal });
    await expect(send(box, { ...draft, attachments: [small, leaving] }, pace)).rejects.toMatchObject({ code: "cancelled" });
    expect([...arrived(stage), ...inFolder(stage.ann, "drafts"), ...inFolder(stage.ann, "sentitems")]).toEqual([]);
  });

  test("while the draft is being made has sent nothing", async () => {
    const stage = await onStage();
    stage.lab.addFault({ kind: "delay", operation: "user-post-messages", delayMs: 300 });
    const stop = new AbortController();
    const box = labMailbox(stage.lab.graphUrl, stage.ann.address, { signal: stop.signal });
    const sending = send(box, draft, pace);
    setTimeout(() => stop.abort(), 50);
    await expect(sending).rejects.toMatchObject({ code: "cancelled" });
    expect([...arrived(stage), ...inFolder(stage.ann, "sentitems")]).toEqual([]);
  });
});

test("a file of another size than announced is not sent", async () => {
  const stage = await onStage();
  const large = file("large.bin", Buffer.alloc(4 * 1024 * 1024), { size: 5 * 1024 * 1024 });
  await expect(run(stage, { attachments: [large] })).rejects.toMatchObject({ code: "invalid-input" });
  expect([...arrived(stage), ...inFolder(stage.ann, "drafts")]).toEqual([]);
});

test("a file above Graph's limit is too-large", async () => {
  const stage = await onStage();
  const large = file("large.bin", Buffer.alloc(1), { size: 151 * 1024 * 1024 });
  await expect(run(stage, { attachments: [large] })).rejects.toMatchObject({ code: "too-large" });
  expect([...arrived(stage), ...inFolder(stage.ann, "drafts")]).toEqual([]);
});

describe("whatever is lost, a message is sent once:", () => {
  interface Loss {
    readonly operation: string;
    readonly kind: FaultKind;
    readonly times?: number;
  }
  const losses: readonly Loss[] = [
    { operation: "message-send", kind: "reset-before" },
    { operation: "message-send", kind: "reset-before", times: 2 },
    { operation: "message-send", kind: "reset-after" },
    { operation: "message-send", kind: "truncate" },
    { operation: "message-send", kind: "429" },
    { operation: "user-post-messages", kind: "reset-before" },
    { operation: "user-post-messages", kind: "reset-after" },
    { operation: "mailfolder-list-messages", kind: "reset-after", times: 2 },
    { operation: "message-post-attachments", kind: "429" },
  ];
  test.each(losses)("$operation meets $kind", async ({ operation, kind, times = 1 }) => {
    const stage = await onStage();
    stage.lab.addFault({ kind, operation, times, backOffMs: 20 });
    await run(stage, { attachments: [file("a.txt", Buffer.from("one"))] });
    expect(arrived(stage)).toHaveLength(1);
    expect(arrived(stage)[0]?.attachments).toHaveLength(1);
    expect(inFolder(stage.ann, "sentitems")).toHaveLength(1);
    expect([...inFolder(stage.ann, "drafts"), ...inFolder(stage.ann, "deleteditems")]).toEqual([]);
  });

  test("a piece of an upload that was taken although its answer was lost is not sent again", async () => {
    const stage = await onStage();
    stage.lab.addFault({ kind: "reset-after", operation: "attachment-upload" });
    const content = Buffer.alloc(5 * 1024 * 1024, "abc");
    await run(stage, { attachments: [file("big.bin", content)] });
    expect(Buffer.from(arrived(stage)[0]?.attachments[0]?.content ?? []).equals(content)).toBe(true);
  });

  test("a draft is sent again only under another id, so that an order still under way finds nothing", async () => {
    const stage = await onStage();
    stage.lab.addFault({ kind: "reset-before", operation: "message-send" });
    await run(stage);
    const orders = stage.lab.requests.filter(({ operation }) => operation === "message-send").map(({ path }) => path);
    expect(orders).toHaveLength(2);
    expect(new Set(orders).size).toBe(2);
  });

  test("and when no order succeeds, nothing was sent and no draft is left", async () => {
    const stage = await onStage();
    stage.lab.addFault({ kind: "reset-before", operation: "message-send", times: 3 });
    await expect(run(stage)).rejects.toMatchObject({ message: expect.stringContaining("Nothing was sent") });
    expect([...arrived(stage), ...inFolder(stage.ann, "drafts"), ...inFolder(stage.ann, "deleteditems")]).toEqual([]);
  });

  test("and when the moved draft cannot be deleted, its folder is named", async () => {
    const stage = await onStage();
    stage.lab.addFault({ kind: "reset-before", operation: "message-send", times: 3 });
    for (const operation of ["message-permanentdelete", "message-delete"])
      stage.lab.addFault({ kind: "item-error", operation, code: "ErrorAccessDenied", times: 9 });
    await expect(run(stage)).rejects.toMatchObject({
      message: expect.stringMatching(/^Nothing was sent\..*A draft is left in Deleted Items of ann@example\.com\.$/),
      leftDrafts: [{ mailbox: "ann@example.com", folder: "deleteditems", itemId: expect.any(String) }],
    });
    expect([inFolder(stage.ann, "drafts").length, inFolder(stage.ann, "deleteditems").length]).toEqual([0, 1]);
  });

  test("and when the outcome is not known, this is reported, and no second order is sent", async () => {
    const stage = await onStage();
    stage.lab.addFault({ kind: "reset-after", operation: "message-send" });
    stage.lab.addFault({ kind: "403", operation: "mailfolder-list-messages", times: 20 });
    await expect(run(stage)).rejects.toMatchObject({ code: "unknown-outcome", hint: expect.stringContaining("Sent Items") });
    expect(arrived(stage)).toHaveLength(1);
  });
});

describe("a reply that came is never taken for a lost one:", () => {
  const orders = ({ lab }: Stage) => lab.requests.filter(({ operation }) => operation === "message-send").length;
  const codes = ["ErrorInternalServerError", "ErrorItemNotFound", "ErrorQuotaExceeded", "ErrorUnheardOf"];

  test.each(["error-after", "redirect-after", "504"] as const)("%s: the mark in Sent Items shows that it was sent", async (kind) => {
    const stage = await onStage();
    stage.lab.addFault({ kind, operation: "message-send" });
    await run(stage);
    expect([arrived(stage).length, orders(stage), inFolder(stage.ann, "drafts").length]).toEqual([1, 1, 0]);
  });

  test.each(codes)(
    "%s with the draft still there: the order is not repeated, and the draft is kept where it was, and named",
    async (code) => {
      const stage = await onStage();
      stage.lab.addFault({ kind: "item-error", operation: "message-send", code });
      await expect(run(stage)).rejects.toMatchObject({
        code: "unknown-outcome",
        message: expect.stringMatching(/no copy of it was in Sent Items.*A draft is left in Drafts of ann@example\.com\./),
        leftDrafts: [{ mailbox: "ann@example.com", folder: "drafts" }],
      });
      expect([arrived(stage).length, orders(stage), inFolder(stage.ann, "drafts").length]).toEqual([0, 1, 1]);
    },
  );
});
