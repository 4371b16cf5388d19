import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeCharset } from "../../../src/lab/mime/charset.ts";

test.each([
  ["é", "no-such-charset", "c3a9"],
  ["é", "us-ascii", "c3a9"],
  ["é", "us-ascii", "e9"],
  ["\ufffd", "utf-8", "e9"],
  ["你", "gb2312", "c4e3"],
  ["’€–\ufffd", "windows-1252", "92809681"],
  ["’", "ISO-8859-1", "92"],
  ["\ufffd", "iso-8859-2", "9a"],
  ["\ufffd", "utf-8", "c292"],
  ["é", "utf-7", Buffer.from("+AOk-").toString("hex")],
  ["üé", "cp437", "8182"],
  ["a~ 中文 b", "hz-gb-2312", Buffer.from("a~~ ~{VPND~} b").toString("hex")],
  ["가b", "iso-2022-kr", "1b2429430e30210f62"],
  ["中文.", "iso-2022-cn", "1b2429410e56504e440f2e"],
])("%j is read in %s", (text, charset, hex) => {
  expect(decodeCharset(Buffer.from(hex, "hex"), charset)).toBe(text);
});

test("no byte of any charset becomes a C1 control character, and none makes it throw", () => {
  const label = fc.oneof(
    fc.constantFrom(
      "windows-1252",
      "iso-8859-2",
      "koi8-r",
      "utf-8",
      "utf-7",
      "cp437",
      "hz",
      "iso-2022-kr",
      "iso-2022-jp",
      "x-user-defined",
      "binary",
    ),
    fc.string({ maxLength: 20 }),
  );
  fc.assert(
    fc.property(label, fc.uint8Array({ maxLength: 60 }), (charset, bytes) => {
      expect(decodeCharset(bytes, charset)).not.toMatch(/[\u0080-\u009f]/);
    }),
  );
});
