import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { send } from "../../src/ews/send.ts";
import type { NewAttachment } from "../../src/exchange/attachment.ts";
import type { Draft } from "../../src/exchange/draft.ts";
import type { Call } from "../../src/exchange/exchange.ts";
import type { Pace } from "../../src/exchange/send-once.ts";
import { type Scripted, startScripted } from "./scripted.ts";
import { ScriptedMailbox, type Trouble } from "./scripted-mailbox.ts";
import { becauseSchema, schemaErrors, schemaMissing } from "./validate.ts";

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
const pace: Pace = { settle: [0, 0, 0, 0], find: [0, 0, 0] };
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
  test("is sent, and what Exchange made of it is found again", async () => {
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

  test("whose copy never appears was sent all the same, and is told by what was asked", async () => {
    box.slowness = 1000;
    const sent = await run({ cc: [{ address: "cy@example.org" }] });
    expect(sent).toEqual({ subject: "Notice", to: draft.to, cc: [{ address: "cy@example.org" }], bcc: [] });
    expect(box.sent).toHaveLength(1);
  });

  test("whose copy cannot be looked for was sent all the same", async () => {
    trouble("FindItem", "ErrorAccessDenied");
    expect((await run()).subject).toBe("Notice");
    expect(box.sent).toHaveLength(1);
  });

  test("of which no copy is wanted leaves none, and none is looked for", async () => {
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

  test("given raw goes as its own bytes", async () => {
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
    ["ErrorInternalServerTransientError"],
    ["lost before", "ErrorTimeoutExpired"],
  ];
  for (const saveToSent of [true, false]) {
    for (const lateOrders of [false, true]) {
      test.each(losses)(
        `(${saveToSent ? "with" : "without"} a copy, ${lateOrders ? "late" : "at once"}) when the order to send meets: %s %s`,
        async (...kinds) => {
          box.lateOrders = lateOrders;
          trouble("SendItem", ...kinds.filter((kind) => kind !== undefined));
          await run({ saveToSent });
          expect(box.sent).toHaveLength(1);
          expect(box.drafts()).toEqual([]);
        },
      );
    }
  }

  test("an order that is carried out after we gave the draft a new change key does nothing", async () => {
    trouble("SendItem", "lost before");
    await run();
    const orders = server.asked.filter(({ operation }) => operation === "SendItem").map(({ xml }) => /ChangeKey="(\d+)"/.exec(xml)?.[1]);
    expect(orders).toEqual(["1", "2"]);
    expect(operations()).toContain("UpdateItem");
  });

  test("and when it never comes through, nothing was sent and nothing is left behind", async () => {
    trouble("SendItem", "lost before", "lost before", "lost before");
    await expect(run()).rejects.toMatchObject({ message: expect.stringContaining("Nothing was sent"), retryable: true });
    expect(box.sent).toEqual([]);
    expect(box.kept).toEqual([]);
  });

  test("and when nobody can tell, that is said, and no second order is given", async () => {
    trouble("SendItem", "lost after");
    box.slowness = 1000;
    await expect(run()).rejects.toMatchObject({ code: "unknown-outcome", retryable: false, hint: expect.stringContaining("Sent Items") });
    expect(box.sent).toHaveLength(1);
    expect(operations().filter((operation) => operation === "SendItem")).toHaveLength(1);
  });

  test("and while it is on its way among the drafts, it is not ordered again", async () => {
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

  test("a draft whose making was lost is found by its mark instead of being made again", async () => {
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

  test("a draft that cannot be made at all is no unknown outcome: nothing was sent", async () => {
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

describe("what fails for certain leaves nothing behind", () => {
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

  test("an attachment of another size than it said, too", async () => {
    const wrong = { ...file("a", Buffer.from("12345")), size: 3 };
    await expect(run({ attachments: [wrong] })).rejects.toMatchObject({ message: expect.stringContaining("Nothing was sent") });
    expect(box.kept).toEqual([]);
  });

  test("and when even the draft cannot be taken away, that is said", async () => {
    trouble("SendItem", "ErrorSendAsDenied");
    trouble("DeleteItem", "ErrorAccessDenied");
    await expect(run()).rejects.toMatchObject({
      code: "access-denied",
      wireCode: "ErrorSendAsDenied",
      message: expect.stringContaining("may be left in Drafts"),
    });
  });
});

describe("a caller who goes away", () => {
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

  test("while the order is under way is told the truth: it was sent", async () => {
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
  test("with everything a message can have, raw, and with a lost answer", async () => {
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
