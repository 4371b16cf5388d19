import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { summariseMime } from "../../src/message-content/mime-summary.ts";
import { byteSlices, decodeBase64, decodeStrictBase64, encodeWithCrLf, hashText, sliceLength, textSlices } from "../../src/text/slices.ts";
import { turnsDuring } from "../turns.ts";

const large = Buffer.alloc(8 * sliceLength, "any bytes \r\n");

async function allOf(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

describe("large work in slices gives everything else its turn:", () => {
  test.each<[string, () => Promise<unknown>]>([
    ["decoding strict base64", () => decodeStrictBase64(large.toString("base64"))],
    ["decoding base64 in lines", () => decodeBase64(large.toString("base64").replace(/.{76}/g, "$&\r\n"))],
    ["encoding a text", () => encodeWithCrLf(large.toString("latin1"))],
    ["hashing a text", () => hashText(large.toString("latin1"))],
    ["reading bytes", () => allOf(byteSlices(large))],
    ["summarising a message", () => summariseMime(Buffer.concat([Buffer.from("Subject: large\r\n\r\n"), large]))],
  ])("%s", async (_, work) => {
    const { turns } = await turnsDuring(work);
    expect(turns).toBeGreaterThanOrEqual(7);
  });
});

describe("text in slices", () => {
  test("is whole, and splits neither a surrogate pair nor CR LF", () => {
    for (const text of ["", "a", "\u{1F4E7}".repeat(sliceLength), `a${"\r\n".repeat(sliceLength)}`, "\r".repeat(3 * sliceLength)]) {
      const slices = [...textSlices(text)];
      expect(slices.join("")).toBe(text);
      for (const slice of slices.slice(0, -1)) expect(slice.length).toBeGreaterThanOrEqual(sliceLength - 1);
      for (const slice of slices) expect(slice).not.toMatch(/[\ud800-\udbff]$|^[\udc00-\udfff]|^\n/);
    }
  });

  test("has lines that end in CR LF, wherever slices end", async () => {
    const text = `x${"\r\n".repeat(sliceLength)}\n\r\r\n\u{1F4E7}`;
    expect((await encodeWithCrLf(text)).toString()).toBe(text.replace(/\r?\n/g, "\r\n"));
  });

  test("has another hash if a lone surrogate differs", async () => {
    expect(await hashText("\ud800")).not.toBe(await hashText("\udbff"));
    expect(await hashText("abc")).toBe(createHash("sha256").update(Buffer.from("abc", "utf16le")).digest("hex"));
  });
});

describe("base64", () => {
  test("is decoded as Node.js does, in lines or not", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), fc.constantFrom("", "\n", "\r\n", " "), async (bytes, between) => {
        const text = Buffer.from(bytes).toString("base64");
        expect((await decodeStrictBase64(text))?.equals(bytes)).toBe(true);
        const lines = text.replace(/.{5}/g, `$&${between}`);
        expect((await decodeBase64(lines)).equals(Buffer.from(lines, "base64"))).toBe(true);
      }),
    );
    const lines = large.toString("base64url").replace(/.{77}/g, "$&\n");
    expect((await decodeBase64(lines)).equals(large)).toBe(true);
    expect((await decodeStrictBase64(large.toString("base64")))?.equals(large)).toBe(true);
  });

  test.each(["a", "ab", "abc", "abcde", "====", "a===", "ab=c", "ab==cd==", "ab\n=", "ab c", "ab-_", "\u{1F4E7}\u{1F4E7}"])(
    "%j is no strict base64, nor is it behind a whole slice",
    async (text) => {
      expect(await decodeStrictBase64(text)).toBeUndefined();
      expect(await decodeStrictBase64("A".repeat(sliceLength) + text)).toBeUndefined();
      expect(await decodeStrictBase64(text + "A".repeat(sliceLength))).toBeUndefined();
    },
  );
});
