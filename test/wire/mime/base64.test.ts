import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Failure } from "../../../src/failure.ts";
import { Base64Decoder, encodeBase64, encodedLength } from "../../../src/wire/mime/base64.ts";

async function* inPieces(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const size = Math.max(1, sizes[i % Math.max(1, sizes.length)] ?? 1);
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function encoded(bytes: Uint8Array, sizes: readonly number[]): Promise<string> {
  let all = "";
  for await (const piece of encodeBase64(inPieces(bytes, sizes))) all += Buffer.from(piece).toString("latin1");
  return all;
}

function decoded(text: string, sizes: readonly number[]): Buffer {
  const decoder = new Base64Decoder();
  const parts: Buffer[] = [];
  const bytes = Buffer.from(text, "latin1");
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = Math.max(1, sizes[i % Math.max(1, sizes.length)] ?? 1);
    // A copy, since a piece is only lent.
    const lent = Buffer.from(bytes.subarray(at, at + size));
    parts.push(decoder.write(lent));
    lent.fill(0);
    at += size;
  }
  decoder.end();
  return Buffer.concat(parts);
}

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (thrown) {
    return thrown instanceof Failure ? thrown.code : "not a Failure";
  }
  return "nothing thrown";
}

const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 });

describe("encodeBase64", () => {
  test("returns the same as Node, in any chunks and with the announced length", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), sizes, async (bytes, cut) => {
        const text = await encoded(bytes, cut);
        expect(text).toBe(Buffer.from(bytes).toString("base64"));
        expect(text.length).toBe(encodedLength(bytes.length));
      }),
    );
  });
});

describe("Base64Decoder", () => {
  test("returns the encoded bytes, in any chunks and with white space anywhere", () => {
    const space = fc.constantFrom("", "", "\n", "\r\n", " \t");
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), sizes, fc.array(space, { minLength: 1, maxLength: 7 }), (bytes, cut, spaces) => {
        const text = [...Buffer.from(bytes).toString("base64")]
          .map((character, i) => character + (spaces[i % spaces.length] ?? ""))
          .join("");
        expect(decoded(text, cut).equals(bytes)).toBe(true);
      }),
    );
  });

  test.each([
    ["a group that is cut off", "QUJDR"],
    ["a group without its padding", "QUI"],
    ["padding that is cut off", "QQ="],
    ["padding after a whole group", "QUJD="],
    ["padding after one character", "Q==="],
    ["padding alone", "===="],
    ["something after the padding", "QUI=QUJD"],
    ["padding in the middle of the last group", "Q=U="],
    ["padding too long", "QQ==="],
    ["the alphabet of URLs", "QUJD-_-_QUJD"],
    ["a character that is no Base64", "QUJD*UJD"],
    ["a control character among line breaks", "QUJD\nQU\0JD\n"],
    ["a character that is not ASCII", "QUJD\xe9UJD"],
    ["a full stop in the rest of a group", "QUJDQ."],
  ])("refuses %s, in one piece and in single characters", (_, text) => {
    expect(codeOf(() => decoded(text, [100]))).toBe("broken-reply");
    expect(codeOf(() => decoded(text, [1]))).toBe("broken-reply");
    expect(codeOf(() => decoded(text, [3]))).toBe("broken-reply");
  });

  test("never drops a character in silence: one wrong byte anywhere is refused", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 30, maxLength: 90 }),
        fc.nat(),
        fc.constantFrom(..."\0\x01!-_.=~\x7f\xe9"),
        sizes,
        (bytes, where, wrong, cut) => {
          const text = Buffer.from(bytes).toString("base64");
          const at = where % (text.length - 4);
          expect(codeOf(() => decoded(text.slice(0, at) + wrong + text.slice(at + 1), cut))).toBe("broken-reply");
        },
      ),
    );
  });
});
