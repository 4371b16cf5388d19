import fc from "fast-check";
import { expect, test } from "vitest";
import { openPartDecoder } from "../../../src/wire/mime/decode-part.ts";

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
  const decoder = openPartDecoder(encoding);
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

test("invalid input is skipped or left unchanged, and nothing is thrown", () => {
  expect(decoded("base64", Buffer.from("AA!EC\u0000Aw==")).toString("hex")).toBe("00010203");
  expect(decoded("quoted-printable", Buffer.from("a=ZZ b=4")).toString()).toBe("a=ZZ b=4");
  expect(decoded("quoted-printable", Buffer.from("a=")).toString()).toBe("a");
  expect(decoded("x-unknown", Buffer.from("=41")).toString()).toBe("=41");
  expect(decoded(undefined, Buffer.from("=41")).toString()).toBe("=41");
});

test("a line without end is not held back", () => {
  const decoder = openPartDecoder("quoted-printable");
  const given = Array.from({ length: 100 }, () => decoder.write(Buffer.from(`=41${"x".repeat(10_000)}= `)).length);
  expect(given.slice(1).every((length) => length > 9000)).toBe(true);
  // White space after an equals sign, without end, is text sooner or later.
  const spaces = openPartDecoder("quoted-printable");
  let passed = spaces.write(Buffer.from("=")).length;
  for (let times = 0; times < 3; times++) passed += spaces.write(Buffer.alloc(1000, 0x20)).length;
  expect(passed).toBeGreaterThan(1000);
});

test("base64 ends with its padding, as another reader has it, and a stray sign of it ends nothing", () => {
  expect(decoded("base64", Buffer.from("TVo=\r\n-- \r\nFooter by a mailing list\r\n")).toString()).toBe("MZ");
  expect(decoded("base64", Buffer.from("AA==AQ==AgM")).toString("hex")).toBe("00");
  expect(decoded("base64", Buffer.from("=TV=o=AAAA")).toString("hex")).toBe("4d5a");
  expect(decoded("base64", Buffer.from("TV="), [3]).toString()).toBe("M");
});

/** As POSIX has it, with spaces or grave accents for zeros. */
function uuencode(bytes: Uint8Array, zero: string, eol: string): string {
  const lines: string[] = ["begin 644 a file.bin"];
  const sign = (value: number) => (value === 0 ? zero : String.fromCharCode(value + 0x20));
  for (let at = 0; at < bytes.length; at += 45) {
    const some = bytes.subarray(at, at + 45);
    let line = sign(some.length);
    for (let from = 0; from < some.length; from += 3) {
      const group = ((some[from] ?? 0) << 16) | ((some[from + 1] ?? 0) << 8) | (some[from + 2] ?? 0);
      line += [18, 12, 6, 0].map((shift) => sign((group >> shift) & 0x3f)).join("");
    }
    lines.push(line);
  }
  return [...lines, zero, "end", "--", "M not a line of it"].join(eol);
}

test("uuencoded content gives any bytes back, however it is cut", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 300 }),
      sizes,
      fc.constantFrom(" ", "`"),
      fc.constantFrom("\r\n", "\n"),
      (bytes, at, zero, eol) => {
        const text = Buffer.from(`some words\r\n\r\n${uuencode(bytes, zero, eol)}`);
        for (const name of ["x-uuencode", "uuencode", "x-uue"]) expect(decoded(name, text, at)).toEqual(Buffer.from(bytes));
      },
    ),
  );
});

test("uuencoded content without its line begin is unchanged, and no line of it is held back for ever", () => {
  expect(decoded("x-uuencode", Buffer.from("not that at all")).toString()).toBe("not that at all");
  const decoder = openPartDecoder("x-uuencode");
  let given = 0;
  for (let times = 0; times < 300; times++) given += decoder.write(Buffer.alloc(1000, 0x61)).length;
  expect(given).toBeGreaterThan(290_000);
  const line = openPartDecoder("x-uuencode");
  line.write(Buffer.from("begin 644 x\n"));
  // Of a line without end nothing is kept but what it says that it has.
  for (let times = 0; times < 300; times++) expect(line.write(Buffer.alloc(1000, 0x61)).length).toBeLessThan(64);
});

test("no bytes make a decoder throw", () => {
  const encoding = fc.constantFrom("base64", "quoted-printable", "x-uuencode", "7bit");
  fc.assert(
    fc.property(encoding, fc.uint8Array({ maxLength: 300 }), sizes, fc.boolean(), (name, bytes, at, begins) => {
      const all = Buffer.concat([Buffer.from(begins ? "begin 644 x\n" : ""), bytes]);
      expect(decoded(name, all, at)).toEqual(decoded(name, all));
    }),
  );
});
