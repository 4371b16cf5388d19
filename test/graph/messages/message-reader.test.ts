import fc from "fast-check";
import { expect, test } from "vitest";
import { messageOf, preferencesOf } from "../../../src/graph/messages/message-reader.ts";
import { objectOf } from "../../../src/graph/session/read-json.ts";

test("a message has text in text fields and valid times, whatever the server writes", () => {
  const names = fc.constantFrom(
    "id",
    "subject",
    "from",
    "toRecipients",
    "receivedDateTime",
    "body",
    "categories",
    "isRead",
    "__proto__",
    "singleValueExtendedProperties",
  );
  fc.assert(
    fc.property(fc.dictionary(names, fc.jsonValue()), (json) => {
      const message = messageOf(json);
      expect(typeof message.itemId).toBe("string");
      for (const text of [message.subject, message.bodyText, message.bodyHtml]) expect(["string", "undefined"]).toContain(typeof text);
      if (message.receivedAt !== undefined) expect(message.receivedAt).toMatch(/^[+-]?\d{4,6}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      for (const { address } of message.to ?? []) expect(["string", "undefined"]).toContain(typeof address);
    }),
  );
});

test("a member of Object.prototype is not a member of the message", () => {
  const hostile = objectOf(JSON.parse('{"id":"x","__proto__":{"subject":"inherited","isRead":true}}'));
  expect(messageOf(hostile ?? {})).toMatchObject({ itemId: "x", subject: undefined, isRead: undefined });
});

test("size and class come from the extended properties, however their numbers are written", () => {
  const message = messageOf({
    id: "x",
    singleValueExtendedProperties: [
      { id: "Integer 0xe08", value: "4711" },
      { id: "String 0x1a", value: "IPM.Note.SMIME" },
    ],
  });
  expect([message.size, message.itemClass]).toEqual([4711, "IPM.Note.SMIME"]);
});

test("a body is text or HTML as declared", () => {
  expect(messageOf({ body: { contentType: "text", content: "a" } })).toMatchObject({ bodyText: "a", bodyHtml: undefined });
  expect(messageOf({ body: { contentType: "html", content: "<b>" } })).toMatchObject({ bodyText: undefined, bodyHtml: "<b>" });
});

test("HTML is requested unfiltered, and text without HTML options", () => {
  expect(preferencesOf({ body: "html" })).toEqual(['outlook.body-content-type="html"', "outlook.allow-unsafe-html"]);
  expect(preferencesOf({ body: "text" })).toEqual(['outlook.body-content-type="text"']);
  expect(preferencesOf({ body: "preview" })).toEqual([]);
});

test("an X.500 address is replaced by the SMTP address beside it, in every spelling of its property", () => {
  const emailAddress = { name: "Left", address: "/o=Lab/cn=left" };
  const message = messageOf({
    id: "x",
    from: { emailAddress },
    sender: { emailAddress },
    singleValueExtendedProperties: [
      { id: "String 0x5d02", value: "from@example.com" },
      { id: "String 0x5D01", value: "sender@example.com" },
    ],
  });
  expect([message.from?.address, message.sender?.address]).toEqual(["from@example.com", "sender@example.com"]);
});
