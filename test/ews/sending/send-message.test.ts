import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { send } from "../../../src/ews/sending/send-message.ts";
import type { NewAttachment } from "../../../src/exchange/attachment.ts";
import type { Call } from "../../../src/exchange/exchange.ts";
import type { Draft } from "../../../src/exchange/sending/draft.ts";
import type { RetryDelays } from "../../../src/exchange/sending/send-once.ts";
import { type Scripted, startScripted } from "../scripted.ts";
import { ScriptedMailbox, type Trouble } from "../scripted-mailbox.ts";
import { becauseSchema, schemaErrors, schemaMissing } from "../validate.ts";

let server: Scripted;
let box: ScriptedMailbox;
beforeAll(async () => {
  server = await startScripted((asked) => box.answer(asked));
});
afterAll(() => server.close());
beforeEach(() => {
  box = new ScriptedMailbox();
  server.asked.length = 0;
});

/** No waiting in tests. */
const pace: RetryDelays = { settle: [0, 0, 0, 0], find: [0, 0, 0] };
const draft: Draft = { to: [{ address: "ben@example.org", name: "Ben" }], subject: "Notice", text: "Look out." };

function file(name: string, bytes: Uint8Array, more: Partial<NewAttachment> = {}): NewAttachment {
  return {
    name,
    size: bytes.length,
    async *open() {
      yield bytes;
    },
    ...more,
  };
}

const run = (asked: Partial<Draft> = {}, call?: Call) => send(server.mailbox(call), { ...draft, ...asked }, pace);
const trouble = (operation: string, ...kinds: Trouble[]) => box.trouble.push(...kinds.map((kind) => ({ operation, trouble: kind })));
const operations = () => server.asked.map(({ operation }) => operation);

describe("a message", () => {
  test("is sent, and its copy is found again", async () => {
    expect(await run()).toEqual({
      itemId: "sent2",
      internetMessageId: "<sent2@example.com>",
      conversationId: "conversation",
      sentAt: "2026-01-01T00:00:00.000Z",
      subject: "as sent",
      to: [{ address: "ben@example.org" }],
      cc: [],
      bcc: [],
    });
    expect(operations()).toEqual(["CreateItem", "SendItem", "FindItem", "GetItem"]);
    expect(box.sent).toHaveLength(1);
  });

  test("is found again although its copy appears late", async () => {
    box.slowness = 2;
    expect((await run()).itemId).toBe("sent2");
  });

  test("whose copy never appears was still sent, and is reported as requested", async () => {
    box.slowness = 1000;
    const sent = await run({ cc: [{ address: "cy@example.org" }] });
    expect(sent).toEqual({ subject: "Notice", to: draft.to, cc: [{ address: "cy@example.org" }], bcc: [] });
    expect(box.sent).toHaveLength(1);
  });

  test("whose copy cannot be searched was still sent", async () => {
    trouble("FindItem", "ErrorAccessDenied");
    expect((await run()).subject).toBe("Notice");
    expect(box.sent).toHaveLength(1);
  });

  test("without a wanted copy leaves none, and none is searched", async () => {
    expect(await run({ saveToSent: false })).toEqual({ subject: "Notice", to: draft.to, cc: [], bcc: [] });
    expect(operations()).toEqual(["CreateItem", "SendItem"]);
    expect(box.kept).toEqual([]);
  });

  test("has its attachments in their order, each with the change key that the one before left", async () => {
    await run({
      attachments: [
        file("a.txt", Buffer.from("one")),
        file("b.png", Buffer.from("two"), { isInline: true, contentId: "<logo@x>" }),
        file("c", new Uint8Array()),
      ],
    });
    expect(box.sent[0]?.attachments.map((content) => Buffer.from(content, "base64").toString())).toEqual(["one", "two", ""]);
    const [, inline] = server.asked.filter(({ operation }) => operation === "CreateAttachment");
    expect(inline?.xml).toContain("<t:ContentId>logo@x</t:ContentId><t:IsInline>true</t:IsInline>");
  });

  test("given raw is sent with its exact bytes", async () => {
    const mime = Buffer.from("To: ben@example.org\r\nSubject: raw\r\n\r\n\u0000\u00ff");
    await send(server.mailbox(), { to: [], mime }, pace);
    const content = /<t:MimeContent>([^<]*)</.exec(box.sent[0]?.xml ?? "")?.[1] ?? "";
    expect(Buffer.from(content, "base64")).toEqual(mime);
  });
});

describe("whatever is lost, a message is sent once", () => {
  const losses: readonly (readonly Trouble[])[] = [
    ["lost before"],
    ["lost after"],
    ["lost before", "lost before"],
    ["lost before", "lost after"],
    ["HTTP 502"],
    ["done, then HTTP 504"],
  ];
  for (const lateOrders of [false, true]) {
    test.each(losses)(`(${lateOrders ? "late" : "at once"}) when the order to send meets: %s %s`, async (...kinds) => {
      box.lateOrders = lateOrders;
      trouble("SendItem", ...kinds.filter((kind) => kind !== undefined));
      await run();
      expect(box.sent).toHaveLength(1);
      expect(box.drafts()).toEqual([]);
    });
  }

  test.each([false, true])("without a copy, an order that was carried out is known by the draft that went (late: %s)", async (late) => {
    box.lateOrders = late;
    trouble("SendItem", "lost after");
    await run({ saveToSent: false });
    expect(box.sent).toHaveLength(1);
  });

  test("without a copy, the order is not given again, since nothing would show that it was carried out", async () => {
    box.keepsDrafts = true;
    trouble("SendItem", "lost after");
    await expect(run({ saveToSent: false })).rejects.toMatchObject({ code: "unknown-outcome" });
    expect(box.sent).toHaveLength(1);
    expect(box.drafts()).toHaveLength(1);
  });

  test("the order is not given again to a server that does not look at change keys", async () => {
    box.takesAnyKey = true;
    trouble("SendItem", "lost before");
    await expect(run()).rejects.toMatchObject({ code: "unknown-outcome", leftDrafts: [{ folder: "drafts", itemId: "draft1" }] });
    expect(operations().filter((operation) => operation === "SendItem")).toHaveLength(1);
  });

  test("an order that is carried out after we gave the draft a new change key does nothing", async () => {
    trouble("SendItem", "lost before");
    await run();
    const orders = server.asked.filter(({ operation }) => operation === "SendItem").map(({ xml }) => /ChangeKey="(\d+)"/.exec(xml)?.[1]);
    expect(orders).toEqual(["1", "2"]);
    expect(operations()).toContain("UpdateItem");
  });

  test("or if no order succeeds, nothing is sent and no draft is left", async () => {
    trouble("SendItem", "lost before", "lost before", "lost before");
    await expect(run()).rejects.toMatchObject({ message: expect.stringContaining("Nothing was sent"), retryable: true });
    expect(box.sent).toEqual([]);
    expect(box.kept).toEqual([]);
  });

  test("and when the outcome is not known, this is reported, and no second order is sent", async () => {
    trouble("SendItem", "lost after");
    box.slowness = 1000;
    await expect(run()).rejects.toMatchObject({ code: "unknown-outcome", retryable: false, hint: expect.stringContaining("Sent Items") });
    expect(box.sent).toHaveLength(1);
    expect(operations().filter((operation) => operation === "SendItem")).toHaveLength(1);
  });

  test("and while it is being submitted among the drafts, it is not ordered again", async () => {
    trouble("SendItem", "lost before");
    const watched = box.answer.bind(box);
    box.answer = (asked) => {
      const answer = watched(asked);
      for (const one of box.drafts()) one.submitted = true;
      return answer;
    };
    await expect(run()).rejects.toMatchObject({ code: "unknown-outcome" });
    expect(operations().filter((operation) => operation === "SendItem")).toHaveLength(1);
    expect(box.drafts()).toHaveLength(1);
  });

  test("after a lost reply to its creation, the draft is found by its mark and not created again", async () => {
    trouble("CreateItem", "lost after");
    await run();
    expect(operations().filter((operation) => operation === "CreateItem")).toHaveLength(1);
    expect(box.sent).toHaveLength(1);
    expect(box.drafts()).toEqual([]);
  });

  test("a draft that was never made is made again", async () => {
    trouble("CreateItem", "lost before");
    await run();
    expect(box.sent).toHaveLength(1);
    expect(box.drafts()).toEqual([]);
  });

  test("a draft that cannot be made is not an unknown outcome: nothing was sent", async () => {
    trouble("CreateItem", "lost before", "lost before");
    await expect(run()).rejects.toMatchObject({ message: expect.stringContaining("Nothing was sent"), retryable: true });
    expect(box.sent).toEqual([]);
  });

  test("an attachment whose answer was lost ends the sending before it began", async () => {
    trouble("CreateAttachment", "lost after");
    await expect(run({ attachments: [file("a", Buffer.from("x"))] })).rejects.toMatchObject({
      message: expect.stringContaining("Nothing was sent"),
      retryable: true,
    });
    expect(box.sent).toEqual([]);
    expect(box.kept).toEqual([]);
  });
});

describe("a reply that came is never taken for a lost one:", () => {
  const replies = [
    "ErrorInternalServerError",
    "ErrorInternalServerTransientError",
    "ErrorTimeoutExpired",
    "ErrorItemNotFound",
    "ErrorStaleObject",
    "ErrorQuotaExceeded",
    "ErrorUnheardOf",
    "another wrapper",
    "HTTP 302",
    "HTTP 404",
    "HTTP 403",
    "HTTP 200",
    "HTTP 500",
  ] as const;
  const orders = () => operations().filter((operation) => operation === "SendItem");

  test.each(replies)("%s after the work was done: the mark in Sent Items shows that it was sent", async (said) => {
    trouble("SendItem", `done, then ${said}`);
    expect((await run()).itemId).toBe("sent2");
    expect([box.sent.length, orders().length, box.drafts().length]).toEqual([1, 1, 0]);
  });

  test.each(replies)("%s with the draft still there: the order is not repeated, and the draft is kept and named", async (said) => {
    trouble("SendItem", said);
    await expect(run()).rejects.toMatchObject({
      code: "unknown-outcome",
      retryable: false,
      message: expect.stringMatching(/no copy of it was in Sent Items.*A draft is left in Drafts of ana@example\.com\./),
      leftDrafts: [{ mailbox: "ana@example.com", folder: "drafts", itemId: "draft1" }],
    });
    expect([box.sent.length, orders().length, box.drafts().length]).toEqual([0, 1, 1]);
  });

  test.each(replies)("%s of a server that sends, keeps no copy and leaves the draft: it is sent once", async (said) => {
    box.keepsDrafts = true;
    box.takesAnyKey = true;
    box.slowness = 1000;
    trouble("SendItem", `done, then ${said}`);
    await expect(run()).rejects.toMatchObject({ code: "unknown-outcome" });
    expect([box.sent.length, orders().length]).toEqual([1, 1]);
  });

  test("an item that the server was too busy for is ordered again", async () => {
    trouble("SendItem", "ErrorServerBusy");
    await run();
    expect([box.sent.length, orders().length]).toEqual([1, 2]);
  });
});

describe("a certain failure leaves no draft", () => {
  test.each([
    ["SendItem", "ErrorSendAsDenied", "access-denied"],
    ["SendItem", "ErrorInvalidRecipients", "invalid-input"],
    ["CreateAttachment", "ErrorMessageSizeExceeded", "too-large"],
    ["CreateItem", "ErrorQuotaExceeded", "quota-exceeded"],
  ] as const)("%s %s", async (operation, code, meaning) => {
    trouble(operation, code);
    await expect(run({ attachments: [file("a", Buffer.from("x"))] })).rejects.toMatchObject({ code: meaning, wireCode: code });
    expect(box.kept).toEqual([]);
    expect(box.sent).toEqual([]);
  });

  test("after an attachment whose size differs from the announced one", async () => {
    const wrong = { ...file("a", Buffer.from("12345")), size: 3 };
    await expect(run({ attachments: [wrong] })).rejects.toMatchObject({ message: expect.stringContaining("Nothing was sent") });
    expect(box.kept).toEqual([]);
  });

  test("and when the draft cannot be deleted either, this is reported", async () => {
    trouble("SendItem", "ErrorSendAsDenied");
    trouble("DeleteItem", "ErrorAccessDenied");
    await expect(run()).rejects.toMatchObject({
      code: "access-denied",
      wireCode: "ErrorSendAsDenied",
      message: expect.stringContaining("A draft is left in Drafts of ana@example.com."),
      leftDrafts: [{ mailbox: "ana@example.com", folder: "drafts", itemId: "draft1" }],
    });
  });
});

describe("a caller that disconnects", () => {
  test("before the order to send leaves no draft behind and nothing sent", async () => {
    const stop = new AbortController();
    const attachment = {
      ...file("a", Buffer.from("x")),
      async *open() {
        stop.abort();
        yield Buffer.from("x");
      },
    };
    await expect(run({ attachments: [attachment] }, { signal: stop.signal })).rejects.toMatchObject({ code: "cancelled" });
    expect(box.kept).toEqual([]);
    expect(box.sent).toEqual([]);
  });

  test("while the order is under way gets the true result: it was sent", async () => {
    const stop = new AbortController();
    const watched = box.answer.bind(box);
    box.answer = (asked) => {
      const answer = watched(asked);
      if (asked.operation === "SendItem") stop.abort();
      return answer;
    };
    await expect(run({}, { signal: stop.signal })).resolves.toMatchObject({ itemId: "sent2" });
    expect(box.sent).toHaveLength(1);
  });
});

describe.skipIf(schemaMissing !== undefined)(`every request of a sending is valid in the schema of Exchange SE${becauseSchema}`, () => {
  test("with every field of a message, raw, and with a lost reply", async () => {
    trouble("SendItem", "lost before");
    const who = { address: "ben@example.org", name: 'B "&<>' };
    await run({
      from: who,
      to: [who],
      cc: [who],
      bcc: [who],
      replyTo: [who],
      subject: 'a"b<c>&d',
      text: undefined,
      html: "<p>&nbsp;</p>\r\n",
      importance: "Low",
      headers: [{ name: "X-Case", value: "INC-7 <&>" }],
      attachments: [file("ä&<>\u202e.exe", Buffer.from("x"), { contentType: "image/png", contentId: "a@b", isInline: true })],
      readReceipt: true,
      deliveryReceipt: false,
    });
    await send(server.mailbox(), { to: [], mime: Buffer.from("Subject: raw\r\n\r\n") }, pace);
    await run({ saveToSent: false, text: undefined });
    const documents = Object.fromEntries(server.asked.map(({ operation, xml }, index) => [`${index} ${operation}`, xml]));
    expect(new Set(operations())).toEqual(new Set(["CreateItem", "CreateAttachment", "SendItem", "FindItem", "GetItem", "UpdateItem"]));
    expect(await schemaErrors(documents)).toEqual([]);
  });
});
