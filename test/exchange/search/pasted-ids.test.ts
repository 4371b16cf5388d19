import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { itemIdProblem, itemIdsIn, messageIdOf, messageIdProblem, messageIdsIn } from "../../../src/exchange/search/pasted-ids.ts";

describe("the Message-IDs of one text", () => {
  test.each([
    ["<a@x.example>", ["<a@x.example>"]],
    ["a@x.example", ["a@x.example"]],
    ["a@x.example,b@x.example; <c@x.example>\n<d@x.example>", ["a@x.example", "b@x.example", "<c@x.example>", "<d@x.example>"]],
    ["Message-ID: <a@x.example>", ["<a@x.example>"]],
    ["message-id:<a@x.example>\r\nMessage-Id: <b@x.example>", ["<a@x.example>", "<b@x.example>"]],
    ["<a@x.example> <b@x.example>", ["<a@x.example>", "<b@x.example>"]],
    ["<a@x.example><b@x.example>", ["<a@x.example>", "<b@x.example>"]],
    ["a@x.example b@x.example", ["a@x.example", "b@x.example"]],
    ["&lt;a&amp;b@x.example&gt;", ["<a&b@x.example>"]],
    ["&#60;a@x.example&#62;, &LT;b@x.example&GT;", ["<a@x.example>", "<b@x.example>"]],
    // Message-IDs with commas are real, and so are lists without blanks.
    ["4,711@x.example", ["4,711@x.example"]],
    ["a@x.example,4,711@x.example", ["a@x.example", "4,711@x.example"]],
    ["<4,711@x.example>,b@x.example", ["<4,711@x.example>", "b@x.example"]],
    ["one,two", ["one", "two"]],
    ["<with a blank@x.example>", ["<with a blank@x.example>"]],
    // What a sender wrote to break whoever reads it is still one id.
    [`<a"b<c>&d@x.example>`, [`<a"b<c>&d@x.example>`]],
    ["<&amp;&lt;t:Constant/&gt;@x.example>", ["<&amp;&lt;t:Constant/&gt;@x.example>"]],
    ["<]]><!----><![CDATA[@x.example>, <b@x.example>", ["<]]><!----><![CDATA[@x.example>", "<b@x.example>"]],
    ["", []],
  ])("from %j are %j", (text, ids) => expect(messageIdsIn(text)).toEqual(ids));
});

test("a member of a list is read as one Message-ID, never split", () => {
  expect(messageIdOf(" Message-ID: &lt;a@x.example&gt; ")).toBe("<a@x.example>");
  expect(messageIdOf("4,711@x.example")).toBe("4,711@x.example");
});

test.each([
  "<a@x.example> <b@x.example>",
  "a@x.example b@x.example",
  "<a@x.example><b@x.example>",
  "<>",
  "  ",
  "no-at-sign",
  "Overdue",
  "<unclosed",
])("%j is refused as a Message-ID", (text) => {
  expect(messageIdProblem(text)).toBeTypeOf("string");
});

test("an unusual Message-ID of a sender is one Message-ID", () => {
  for (const text of [
    "<a<b>c@x.example>",
    "<]]><!--@x.example>",
    "<&lt;b&gt;@x.example>",
    "<a@x.example>",
    "a@x.example",
    "4,711@x.example",
    "<with a blank@x.example>",
    "<no-at-sign>",
  ]) {
    expect(messageIdProblem(text)).toBeUndefined();
  }
});

test("beside an item id a Message-ID may lack its @ and brackets, but may not be an item id", () => {
  expect(messageIdProblem("no-at-sign", true)).toBeUndefined();
  for (const id of [`AAMkADVm${"+/aZ0".repeat(20)}AAA=`, `AAkALg${"-_aZ0".repeat(20)}A`]) {
    expect([messageIdProblem(id), messageIdProblem(id, true)]).toEqual([
      expect.stringContaining("item_id"),
      expect.stringContaining("item_id"),
    ]);
  }
});

test("item ids are separated by spaces or commas, and a Message-ID is not an item id", () => {
  expect(itemIdsIn("AAMk=  AAMl=,AAMm=;\nAAMn=")).toEqual(["AAMk=", "AAMl=", "AAMm=", "AAMn="]);
  expect([itemIdProblem("AAMk= AAMl="), itemIdProblem("<a@x.example>")].every((said) => typeof said === "string")).toBe(true);
  expect(itemIdProblem("AAMk/+-_=")).toBeUndefined();
});

test("any text is read in linear time, and only separators are lost", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-c<>@,; \n]{0,60}$/), (text) => {
      expect(
        messageIdsIn(text)
          .join("")
          .replace(/[\s,;]/g, ""),
      ).toBe(text.replace(/[\s,;]/g, ""));
    }),
  );
  const started = performance.now();
  messageIdsIn("<a,".repeat(200_000));
  messageIdsIn("Message-ID :".repeat(50_000));
  messageIdsIn(`message-id${" ".repeat(200_000)}`);
  expect(performance.now() - started).toBeLessThan(5_000);
});
