import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeText, partDecoder } from "../../src/wire/mime-decode.ts";

/** The pieces in which bytes come. */
function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let at = 0;
  for (const size of sizes) {
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return [...pieces, bytes.subarray(at)];
}

function decoded(encoding: string | undefined, bytes: Buffer, sizes: readonly number[] = []): Buffer {
  const decoder = partDecoder(encoding);
  const parts = cut(bytes, sizes).map((piece) => Buffer.from(decoder.write(piece)));
  return Buffer.concat([...parts, decoder.end()]);
}

const sizes = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 40 });

test("base64 in lines gives any bytes back, however it is cut", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), sizes, (bytes, at) => {
      const lines = Buffer.from(bytes)
        .toString("base64")
        .replace(/.{1,76}/g, "$&\r\n");
      expect(decoded("base64", Buffer.from(lines), at)).toEqual(Buffer.from(bytes));
    }),
  );
});

test("quoted-printable gives any bytes back, however it is cut", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), sizes, (bytes, at) => {
      // Each byte escaped or as it is, with soft breaks between, some with white space that a transport added.
      const text = [...bytes].map((byte, index) => {
        const isPlain = byte > 0x20 && byte < 0x7f && byte !== 0x3d && index % 2 === 0;
        const soft = index % 7 === 0 ? ["=\r\n", "=\n", "= \t\r\n"][index % 3] : "";
        return `${isPlain ? String.fromCharCode(byte) : `=${byte.toString(16).padStart(2, "0").toUpperCase()}`}${soft}`;
      });
      expect(decoded("quoted-printable", Buffer.from(text.join(""), "latin1"), at)).toEqual(Buffer.from(bytes));
    }),
  );
});

test("what breaks the rules is passed over or left, and nothing is thrown", () => {
  expect(decoded("base64", Buffer.from("AA!EC\u0000Aw==")).toString("hex")).toBe("00010203");
  // Two texts in one part, each with its padding.
  expect(decoded("base64", Buffer.from("AA==AQ==AgM")).toString("hex")).toBe("00010203");
  expect(decoded("quoted-printable", Buffer.from("a=ZZ b=4")).toString()).toBe("a=ZZ b=4");
  expect(decoded("quoted-printable", Buffer.from("a=")).toString()).toBe("a");
  expect(decoded("x-unknown", Buffer.from("=41")).toString()).toBe("=41");
  expect(decoded(undefined, Buffer.from("=41")).toString()).toBe("=41");
});

test("a line without end is not held back", () => {
  const decoder = partDecoder("quoted-printable");
  const given = Array.from({ length: 100 }, () => decoder.write(Buffer.from(`=41${"x".repeat(10_000)}= `)).length);
  expect(given.slice(1).every((length) => length > 9000)).toBe(true);
  // White space after an equals sign, without end, is text sooner or later.
  const spaces = partDecoder("quoted-printable");
  let passed = spaces.write(Buffer.from("=")).length;
  for (let times = 0; times < 3; times++) passed += spaces.write(Buffer.alloc(1000, 0x20)).length;
  expect(passed).toBeGreaterThan(1000);
});

test.each([
  ["utf-8", "c3a9", "é"],
  ["UTF-8 ", "c3", ""],
  ["iso-8859-1", "e9", "é"],
  ["utf-8", "e92e", "\ufffd."],
  [undefined, "c3a9", "é"],
  [undefined, "e92e", "é."],
  ["nobody-knows", "e92e", "é."],
  ["shift_jis", "82a0", "あ"],
])("text said to be in %s: %s is %s", (charset, hex, text) => {
  expect(decodeText(Buffer.from(hex, "hex"), charset)).toBe(text);
});
