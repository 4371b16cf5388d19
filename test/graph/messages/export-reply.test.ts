import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ExportReply } from "../../../src/graph/messages/export-reply.ts";

/** The data and the rest of a reply that arrives in pieces that end at these places. */
function read(json: string, cuts: readonly number[] = []) {
  const bytes = Buffer.from(json);
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  const reader = new ExportReply();
  let data = "";
  for (const [at, start] of places.entries()) data += reader.read(bytes.subarray(start, places[at + 1] ?? bytes.length));
  return { data, ...reader.end() };
}

const item = (data: unknown) => ({ "@odata.context": "x#Collection", value: [{ itemId: "A=", changeKey: 'C"\\', data }] });

test("the data of an export is found, wherever the chunks end and however the JSON is written", () => {
  const texts = fc
    .array(fc.constantFrom("{", "}", "[", "]", ":", ",", '"', "\\", "data", "é😀", " ", "value"))
    .map((words) => words.join(""));
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      texts,
      texts,
      fc.constantFrom(undefined, 1, "\t"),
      fc.boolean(),
      fc.array(fc.nat({ max: 4000 }), { maxLength: 20 }),
      (content, before, after, indent, isEscaped, cuts) => {
        const base64 = Buffer.from(content).toString("base64");
        const about = {
          data: before,
          [before]: [{ data: [{ data: after }] }],
          value: [{ itemId: before, data: "@@", error: null, more: { data: after } }],
        };
        const text = JSON.stringify(about, undefined, indent);
        const written = isEscaped ? base64.replaceAll("+", "\\u002B").replaceAll("/", "\\/") : base64;
        const { data, reply, size } = read(text.replace('"@@"', `"${written}"`), cuts);
        expect(data).toBe(base64);
        expect(size).toBe(base64.length);
        expect(reply).toEqual(JSON.parse(text.replace('"@@"', '""')));
      },
    ),
  );
});

test.each([
  ["no data", { value: [{ itemId: "A", error: { code: "ErrorItemNotFound" } }] }],
  ["null for data", item(null)],
  ["data elsewhere", { data: "eA==", value: [] }],
])("%s is not read as a size, and the reply is returned", (_, json) => {
  const { data, size, reply } = read(JSON.stringify(json));
  expect([data, size, reply]).toEqual(["", undefined, json]);
});

test("lines in the data are put together", () => {
  expect(read(JSON.stringify(item("QUJD\r\nREVG"))).data).toBe("QUJDREVG");
});

describe.each([
  ["what is no Base64", JSON.stringify(item('x","Mode":"update'))],
  ["the data of a second item", JSON.stringify({ value: [{ data: "eA==" }, { data: "eQ==" }] })],
  ["more than ids and an error", JSON.stringify({ value: [{ itemId: "A".repeat(100_000) }] })],
  ["no JSON", "<html>"],
  ["JSON that is cut off in the data", JSON.stringify(item("QUJD")).slice(0, -6)],
  ["JSON that is cut off in an escape", '{"value":[{"data":"QUJD\\u00'],
  ["an escape that is none", '{"value":[{"data":"QU\\qJD"}]}'],
  ["a list", "[]"],
])("%s", (_, json) => {
  test("is a broken reply", () => {
    expect(() => read(json)).toThrow(expect.objectContaining({ code: "broken-reply" }));
  });
});
