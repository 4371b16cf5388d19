import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { reply, replySubject } from "../../../src/ews/sending/reply-message.ts";
import type { Reply } from "../../../src/exchange/sending/draft.ts";
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

const pace = { settle: [0, 0, 0, 0], find: [0, 0, 0] };
const run = (asked: Partial<Reply> = {}) => reply(server.mailbox(), { itemId: "original", all: false, text: "Thanks.", ...asked }, pace);
const trouble = (operation: string, kind: Trouble) => box.trouble.push({ operation, trouble: kind });
const operations = () => server.asked.map(({ operation }) => operation);
const created = () => server.asked.find(({ operation }) => operation === "CreateItem")?.xml ?? "";

const address = (name: string) => `<t:Mailbox><t:Name>${name}</t:Name><t:EmailAddress>${name}@example.org</t:EmailAddress></t:Mailbox>`;
const crowd = `<t:Message><t:ItemId Id="original" ChangeKey="ok"/><t:Subject>Re: Invoice</t:Subject><t:InternetMessageHeaders><t:InternetMessageHeader HeaderName="References">&lt;first@example.net&gt;
 &lt;second@example.net&gt;</t:InternetMessageHeader></t:InternetMessageHeaders><t:ToRecipients><t:Mailbox><t:EmailAddress>ANA@example.com</t:EmailAddress></t:Mailbox>${address("ben")}${address("mallory")}</t:ToRecipients><t:CcRecipients>${address("cy")}${address("ben")}</t:CcRecipients><t:From>${address("mallory")}</t:From><t:InternetMessageId>&lt;original@example.net&gt;</t:InternetMessageId><t:ReplyTo>${address("answers")}</t:ReplyTo></t:Message>`;

test.each([
  ["Invoice", "RE: Invoice"],
  ["RE: Invoice", "RE: Invoice"],
  ["re: Invoice", "re: Invoice"],
  ["Re : Invoice", "Re : Invoice"],
  ["Regarding: Invoice", "RE: Regarding: Invoice"],
  ["AW: Invoice", "RE: AW: Invoice"],
  [undefined, "RE: "],
])("the subject %j is answered with %j", (subject, expected) => {
  expect(replySubject(subject)).toBe(expected);
});

describe("a reply that quotes", () => {
  test("is made by Exchange from the current change key, marked, sent once and found again", async () => {
    const sent = await run();
    expect(sent).toMatchObject({ itemId: "sent2", internetMessageId: "<sent2@example.com>", conversationId: "conversation" });
    expect(operations()).toEqual(["GetItem", "CreateItem", "UpdateItem", "SendItem", "FindItem", "GetItem"]);
    expect(created()).toContain('<t:ReplyToItem><t:Subject>RE: Invoice</t:Subject><t:ReferenceItemId Id="original" ChangeKey="ok"/>');
    expect(created()).toMatch(/<t:NewBodyContent BodyType="Text">Thanks.<\/t:NewBodyContent><\/t:ReplyToItem>/);
    expect(box.sent).toHaveLength(1);
  });

  test("to all leaves the recipients to Exchange, and names only those that are given", async () => {
    await run({ all: true, cc: [{ address: "boss@example.com" }] });
    expect(created()).toContain("<t:ReplyAllToItem>");
    expect(created()).not.toContain("ToRecipients");
    expect(created()).toContain(
      "<t:CcRecipients><t:Mailbox><t:EmailAddress>boss@example.com</t:EmailAddress></t:Mailbox></t:CcRecipients>",
    );
  });

  test("sets each property separately, headers included", async () => {
    await run({ headers: [{ name: "X-Case", value: "7" }] });
    const update = server.asked.find(({ operation }) => operation === "UpdateItem")?.xml ?? "";
    expect(update.match(/<t:SetItemField>/g)).toHaveLength(2);
    expect(update).toContain('PropertyName="X-Case"');
  });

  test("whose draft was lost is not an unknown outcome: nothing was sent", async () => {
    trouble("CreateItem", "lost after");
    await expect(run()).rejects.toMatchObject({
      retryable: true,
      message: expect.stringMatching(/Nothing was sent.*may be left in Drafts/),
    });
    expect(box.sent).toEqual([]);
  });

  test("that cannot be marked is not sent and not left behind", async () => {
    trouble("UpdateItem", "ErrorAccessDenied");
    await expect(run()).rejects.toMatchObject({ code: "access-denied" });
    expect(box.sent).toEqual([]);
    expect(box.kept).toEqual([]);
  });

  test.each<Trouble>(["lost before", "lost after"])("is sent once when the order to send is %s", async (kind) => {
    trouble("SendItem", kind);
    await run();
    expect(box.sent).toHaveLength(1);
    expect(box.drafts()).toEqual([]);
  });
});

describe("a reply that does not quote", () => {
  const values = (xml: string, tag: string) => /<t:Value>(.*?)<\/t:Value>/s.exec(xml.slice(xml.indexOf(`PropertyTag="${tag}"`)))?.[1];

  test("names the original in its headers and goes to Reply-To", async () => {
    box.original = crowd;
    await run({ quoteOriginal: false });
    expect(values(created(), "0x1042")).toBe("&lt;original@example.net&gt;");
    expect(values(created(), "0x1039")).toBe("&lt;first@example.net&gt; &lt;second@example.net&gt; &lt;original@example.net&gt;");
    expect(values(created(), "0x0070")).toBe("Invoice");
    expect(created()).toContain("<t:Subject>Re: Invoice</t:Subject>");
    expect(created()).toContain(
      "<t:ToRecipients><t:Mailbox><t:Name>answers</t:Name><t:EmailAddress>answers@example.org</t:EmailAddress></t:Mailbox></t:ToRecipients>",
    );
    expect(created()).not.toContain("CcRecipients");
  });

  test("to all goes to each recipient once, without the sending mailbox", async () => {
    box.original = crowd;
    const sent = await run({ quoteOriginal: false, all: true, saveToSent: false });
    expect(sent.to.map(({ address: to }) => to)).toEqual(["answers@example.org", "ben@example.org", "mallory@example.org"]);
    expect(sent.cc.map(({ address: cc }) => cc)).toEqual(["cy@example.org"]);
  });

  test("goes only to the named recipients, if there are any", async () => {
    box.original = crowd;
    const sent = await run({ quoteOriginal: false, to: [{ address: "boss@example.com" }], saveToSent: false });
    expect(sent.to).toEqual([{ address: "boss@example.com" }]);
  });
});

test("a message that does not exist is Failure not-found, and nothing is created", async () => {
  await expect(reply(server.mailbox(), { itemId: "dead", all: false, text: "x" }, pace)).rejects.toMatchObject({ code: "not-found" });
  expect(operations()).toEqual(["GetItem"]);
});

describe.skipIf(schemaMissing !== undefined)(`every request of a reply is valid in the schema of Exchange SE${becauseSchema}`, () => {
  test("with every field of a reply", async () => {
    box.original = crowd;
    const who = [{ address: "ben@example.org", name: "B <&>" }];
    const all = {
      to: who,
      cc: who,
      bcc: who,
      from: who[0],
      subject: "a&b",
      html: "<p>",
      text: undefined,
      headers: [{ name: "X-Case", value: "7" }],
    };
    await run({ ...all, all: true });
    await run({ all: false });
    await run({ ...all, quoteOriginal: false });
    expect(await schemaErrors(Object.fromEntries(server.asked.map(({ operation, xml }, index) => [`${index} ${operation}`, xml])))).toEqual(
      [],
    );
  });
});
