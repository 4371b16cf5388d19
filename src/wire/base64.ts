import { Failure } from "../failure.ts";

/** Characters of the padded Base64 (RFC 4648 section 4) of so many bytes. */
export function encodedLength(bytes: number): number {
  return Math.ceil(bytes / 3) * 4;
}

/** Padded Base64 without line breaks of a stream, as ASCII bytes, in constant memory. */
export async function* encodeBase64(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let rest = Buffer.alloc(0);
  for await (const bytes of source) {
    const all = rest.length === 0 ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length) : Buffer.concat([rest, bytes]);
    // Only whole groups of three, so that padding stands at the very end.
    const whole = all.length - (all.length % 3);
    if (whole > 0) yield Buffer.from(all.toString("base64", 0, whole), "latin1");
    rest = Buffer.from(all.subarray(whole));
  }
  if (rest.length > 0) yield Buffer.from(rest.toString("base64"), "latin1");
}

const space = 1;
const padding = 2;
const invalid = 3;
const kinds = new Uint8Array(256).fill(invalid);
for (const character of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") kinds[character.charCodeAt(0)] = 0;
for (const character of "\t\n\r ") kinds[character.charCodeAt(0)] = space;
kinds["=".charCodeAt(0)] = padding;

/**
 * Decodes Base64 (RFC 4648 section 4) that comes in pieces. White space is allowed anywhere. Nothing is dropped in silence: a character
 * outside the alphabet, a group that is cut off and anything after the padding are Failure `broken-reply`.
 */
export class Base64Decoder {
  #rest = "";
  #ended = false;

  /** The bytes of all groups that are whole by now. `piece` holds one character per byte. */
  write(piece: string): Buffer {
    const all = this.#rest + piece.replace(/[\t\n\r ]+/g, "");
    if (all !== "" && this.#ended) throw brokenBase64();
    const whole = all.length - (all.length % 4);
    this.#rest = all.slice(whole);
    const groups = all.slice(0, whole);
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(groups)) throw brokenBase64();
    this.#ended = groups.endsWith("=");
    return Buffer.from(groups, "base64");
  }

  writeBytes(piece: Buffer): Buffer {
    return this.write(piece.toString("latin1"));
  }

  end(): void {
    if (this.#rest !== "") throw brokenBase64();
  }
}

function brokenBase64(): Failure {
  return new Failure("broken-reply", "The content in the reply is not valid Base64.");
}
