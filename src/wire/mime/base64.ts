// src/wire/mime/: MIME as bytes: splits messages into parts, decodes them and reads their headers.

import { Failure } from "../../failure.ts";

/** Returns the length of the padded Base64 (RFC 4648 section 4) of so many bytes, in characters. */
export function encodedLength(bytes: number): number {
  return Math.ceil(bytes / 3) * 4;
}

/** Encodes a stream as padded Base64 without line breaks, as ASCII bytes, in constant memory. */
export async function* encodeBase64(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let rest = Buffer.alloc(0);
  for await (const bytes of source) {
    const all = rest.length === 0 ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length) : Buffer.concat([rest, bytes]);
    // Encodes only whole groups of three, so padding appears only at the end.
    const whole = all.length - (all.length % 3);
    if (whole > 0) yield Buffer.from(all.toString("base64", 0, whole), "latin1");
    rest = Buffer.from(all.subarray(whole));
  }
  if (rest.length > 0) yield Buffer.from(rest.toString("base64"), "latin1");
}

const space = 1;
const invalid = 2;
const kinds = new Uint8Array(256).fill(invalid);
for (const character of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") kinds[character.charCodeAt(0)] = 0;
for (const character of "\t\n\r ") kinds[character.charCodeAt(0)] = space;

const none = Buffer.alloc(0);
const PLUS_URL = 0x2d;
const SLASH_URL = 0x5f;
const PADDING = 0x3d;

/**
 * Decodes Base64 (RFC 4648 section 4) that arrives in pieces. White space is allowed anywhere. Nothing is dropped silently: a character outside the
 * alphabet, a truncated group, missing or superfluous padding and anything after it are Failure `broken-reply`.
 */
export class Base64Decoder {
  /** The bytes of an unfinished group, without white space. */
  #rest: Buffer = none;
  #hasSpace = false;
  /** The last group as far as it has arrived; set once padding was seen. */
  #last: string | undefined;
  #scratch: Buffer = none;

  /** Decodes the groups that are complete by now. */
  write(piece: Buffer): Buffer {
    if (this.#last !== undefined) return this.#writeLast(piece);
    const padding = piece.indexOf(PADDING);
    if (padding < 0) return this.#writeGroups(piece);
    const groups = this.#writeGroups(piece.subarray(0, padding));
    return Buffer.concat([groups, this.#writeLast(piece.subarray(padding))]);
  }

  /** Marks the end of the input. */
  end(): void {
    if (this.#rest.length > 0 || (this.#last !== undefined && this.#last.length < 4)) throw brokenBase64();
  }

  #writeGroups(piece: Buffer): Buffer {
    const decoded = this.#hasSpace ? undefined : this.#decode(piece);
    if (decoded !== undefined) return decoded;
    // From now on the input counts as Base64 in lines.
    this.#hasSpace = true;
    const compact = this.#decode(this.#compact(piece));
    if (compact === undefined) throw brokenBase64();
    return compact;
  }

  /** Decodes characters that should all belong to the alphabet; returns undefined if one does not. */
  #decode(piece: Buffer): Buffer | undefined {
    const rest = this.#rest;
    const length = rest.length + piece.length;
    const whole = length & ~3;
    if (whole === 0) {
      if (!isAlphabet(piece)) return undefined;
      this.#rest = Buffer.concat([rest, piece]);
      return none;
    }
    const size = (whole >> 2) * 3;
    const out = Buffer.allocUnsafe(size);
    // The group that the previous piece began, then the complete groups of this piece.
    const head = rest.length === 0 ? 0 : 4 - rest.length;
    const from = head === 0 ? 0 : 3;
    const end = piece.length - (length - whole);
    if (from > 0 && out.write(rest.toString("latin1") + piece.toString("latin1", 0, head), 0, "base64") !== 3) return undefined;
    // Node skips characters that are not Base64, which makes the output shorter; and it accepts `-` and `_` for `+` and `/`.
    const wrote = end > head ? out.write(piece.toString("latin1", head, end), from, "base64") : 0;
    if (from + wrote !== size || piece.includes(PLUS_URL) || piece.includes(SLASH_URL)) return undefined;
    const left = piece.subarray(end);
    if (left.length > 0 && !isAlphabet(left)) return undefined;
    this.#rest = left.length === 0 ? none : Buffer.from(left);
    return out;
  }

  /** Returns the piece without white space, in a reused buffer. */
  #compact(piece: Buffer): Buffer {
    if (this.#scratch.length < piece.length) this.#scratch = Buffer.allocUnsafeSlow(piece.length);
    const scratch = this.#scratch;
    let to = 0;
    for (let at = 0; at < piece.length; at++) {
      const byte = piece[at] ?? 0;
      const kind = kinds[byte];
      if (kind === 0) scratch[to++] = byte;
      else if (kind !== space) throw brokenBase64();
    }
    return scratch.subarray(0, to);
  }

  #writeLast(piece: Buffer): Buffer {
    const before = this.#last ?? this.#rest.toString("latin1");
    const after = before + piece.toString("latin1").replace(/[\t\n\r ]+/g, "");
    this.#rest = none;
    this.#last = after;
    if (!/^[A-Za-z0-9+/]{2}(?:==?|[A-Za-z0-9+/]=)$/.test(after)) throw brokenBase64();
    return after.length === 4 && before.length < 4 ? Buffer.from(after, "base64") : none;
  }
}

function isAlphabet(piece: Buffer): boolean {
  return piece.every((byte) => kinds[byte] === 0);
}

function brokenBase64(): Failure {
  return new Failure("broken-reply", "The content of the reply is not valid Base64.");
}
