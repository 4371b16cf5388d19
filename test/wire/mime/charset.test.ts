import fc from "fast-check";
import { expect, test } from "vitest";
import { loadCharsets } from "../../../src/wire/mime/charset.ts";

const decode = await loadCharsets();
const read = (hex: string, charset: string | undefined) => decode(Buffer.from(hex, "hex"), charset);

test.each([
  ["utf-8", "c3a9", "é"],
  ["UTF-8 ", "c3", ""],
  ["iso-8859-1", "e9", "é"],
  ["utf-8", "e92e", "\ufffd."],
  [undefined, "c3a9", "é"],
  [undefined, "e92e", "é."],
  ["nobody-knows", "e92e", "é."],
  ["shift_jis", "82a0", "あ"],
  ["windows-1252", "80929681", "€’–\ufffd"],
  ["ISO-8859-1", "8092", "€’"],
  ["us-ascii", "9285", "’…"],
  ["us-ascii", "c3a9", "é"],
  ["us-ascii*en", "61", "a"],
  ['"iso-8859-15"', "a4", "€"],
  ["iso-8859-2", "9a", "\ufffd"],
  ["utf-8", "c292", "\ufffd"],
  ["utf-7", Buffer.from("Hi +AOk- +IKw-!").toString("hex"), "Hi é €!"],
  ["unicode-1-1-utf-7", Buffer.from("+AOk-").toString("hex"), "é"],
  ["cp437", "8182", "üé"],
  ["IBM850", "84", "ä"],
  ["utf-32le", "e9000000", "é"],
  ["hz-gb-2312", Buffer.from("a~~ ~{VPND~} b~\nc").toString("hex"), "a~ 中文 bc"],
  ["iso-2022-kr", "1b2429430e30210f62", "가b"],
  ["iso-2022-cn", "1b2429410e56504e440f2e", "中文."],
  ["iso-2022-jp", "1b2442243f1b2842", "た"],
  ["base64", "c3a9", "é"],
  ["hex", "c3a9", "é"],
  ["binary", "92", "’"],
  ["constructor", "61", "a"],
  ["__proto__", "61", "a"],
])("text said to be in %s: %s is %s", (charset, hex, text) => {
  expect(read(hex, charset)).toBe(text);
});

test("no byte of any charset becomes a C1 control character, and none makes it throw", () => {
  const labels = fc.oneof(
    fc.constantFrom(
      ...[
        "windows-1252",
        "iso-8859-1",
        "iso-8859-2",
        "iso-8859-15",
        "koi8-r",
        "windows-874",
        "us-ascii",
        "utf-8",
        "utf-7",
        "utf-16le",
        "cp437",
      ],
      ...["hz", "iso-2022-kr", "iso-2022-cn", "iso-2022-jp", "gb18030", "big5", "macintosh", "utf-7-imap", "x-user-defined", "replacement"],
    ),
    fc.string({ maxLength: 20 }),
  );
  fc.assert(
    fc.property(labels, fc.uint8Array({ maxLength: 60 }), (label, bytes) => {
      expect(decode(bytes, label)).not.toMatch(/[\u0080-\u009f]/);
    }),
    { numRuns: 1000 },
  );
});
