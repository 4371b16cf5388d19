import fc from "fast-check";
import { addressParser, decodeWords } from "postal-mime";
import { expect, test } from "vitest";
import { base64Lines, encodeAddress, encodeParameter, encodeText } from "../../../src/lab/mime/encode.ts";
import { parseParameters } from "../../../src/lab/mime/parameters.ts";

const unfolded = (text: string) => text.replace(/\r\n /g, " ");
const text = fc.string({ unit: "grapheme", maxLength: 200 }).map((one) => one.replace(/[\u0000-\u001f\u007f]/g, "").trim());
const hostile = fc.string({
  unit: fc.constantFrom("\r", "\n", "\r\n", "Bcc: x@example.org", " ", "a", "é", "\0", '"', "\\", "<", ">", ",", "=?utf-8?q?x?="),
});

test("any subject is read back as it was, in lines of at most 76 characters when it is encoded", () => {
  fc.assert(
    fc.property(text, (subject) => {
      const encoded = encodeText(subject);
      expect(decodeWords(unfolded(encoded))).toBe(subject);
      if (encoded.includes("=?UTF-8?B?")) for (const line of encoded.split("\r\n")) expect(line.length).toBeLessThanOrEqual(76);
    }),
  );
});

test("nothing hostile in a subject, a name, an address or a file name begins a line of its own", () => {
  fc.assert(
    fc.property(hostile, hostile, (one, two) => {
      for (const written of [encodeText(one), encodeAddress({ name: one, address: two }), encodeParameter("name", one)]) {
        expect(written.replaceAll("\r\n ", "")).not.toMatch(/[\r\n]/);
      }
    }),
  );
});

test("a name and an address are read back as they were", () => {
  const name = fc
    .string({ unit: fc.constantFrom("A", "b", " ", ",", '"', "\\", "(", ")", "é", "<", ":", ";", ".", "@", "漢") })
    .map((one) => one.replace(/\s+/g, " ").trim());
  fc.assert(
    fc.property(name, (shown) => {
      const [read] = addressParser(unfolded(encodeAddress({ name: shown, address: "a.b@example.org" })));
      expect(read).toEqual({ name: shown, address: "a.b@example.org" });
    }),
  );
});

test("a file name is read back as it was", () => {
  fc.assert(
    fc.property(text, (name) => {
      const parameters = parseParameters(`a/b${unfolded(encodeParameter("name", name))}`, "").parameters;
      expect(parameters.get("name")).toBe(name);
    }),
  );
});

test("base64 has lines of at most 76 characters, each ended by CRLF", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const lines = base64Lines(bytes).split("\r\n");
      expect(lines.pop()).toBe("");
      expect(lines.every((line) => line.length <= 76 && line.length > 0)).toBe(true);
      expect(Buffer.from(lines.join(""), "base64").equals(Buffer.from(bytes))).toBe(true);
    }),
  );
});
