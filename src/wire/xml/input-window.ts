import { isUtf8 } from "node:buffer";
import {
  decodeFew,
  decodeReferences,
  findOddByte,
  malformed,
  markInvalidUtf8,
  plainText,
  type Replacements,
  unfinishedUtf8,
} from "./xml-characters.ts";

/** Bytes that may wait for their rest, for example in one tag. No element of Exchange comes near this limit, which bounds repeated scanning. */
const maxKept = 256 * 1024;

/**
 * The part of a document that is being read: as valid UTF-8, and with one character per byte. In the latter form, finding markup and cutting out
 * ASCII text is almost free; only parts with special content are decoded.
 */
export class Window {
  /** One character per byte. */
  source = "";
  readonly #counter: Replacements;
  #bytes: Buffer;
  /** The same memory. */
  #words: Int32Array;
  /** The number of bytes, and how many of them were there at the last reading. */
  #filled = 0;
  #kept = 0;
  // The first position, from the last requested one on, of an odd byte, of a reference and of the end of a CDATA section.
  #odd = -1;
  #reference = -1;
  #cdataEnd = -1;
  /** The lowest of these three positions. */
  #special = -1;

  /** `room`: initial size in bytes; it grows. */
  constructor(counter: Replacements, room: number) {
    this.#counter = counter;
    this.#bytes = Buffer.allocUnsafeSlow((room + 3) & ~3);
    this.#words = new Int32Array(this.#bytes.buffer, 0, this.#bytes.length >> 2);
  }

  get isEmpty(): boolean {
    return this.#filled === 0;
  }

  /** Bytes that were not read yet. */
  get fresh(): number {
    return this.#filled - this.#kept;
  }

  add(chunk: Uint8Array): void {
    const end = this.#filled + chunk.length;
    if (end > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow((2 * end + 3) & ~3);
      this.#bytes.copy(larger, 0, 0, this.#filled);
      this.#bytes = larger;
      this.#words = new Int32Array(larger.buffer, 0, larger.length >> 2);
    }
    this.#bytes.set(chunk, this.#filled);
    this.#filled = end;
  }

  /** Makes the added bytes readable. A truncated character waits for its rest. */
  open(): void {
    const cut = unfinishedUtf8(this.#bytes, this.#filled);
    let whole = this.#filled - cut;
    if (!isUtf8(this.#bytes.subarray(0, whole))) {
      const marked = markInvalidUtf8(this.#bytes, whole);
      this.#bytes.copyWithin(marked, whole, this.#filled);
      this.#filled = marked + cut;
      whole = marked;
    }
    this.source = this.#bytes.toString("latin1", 0, whole);
    this.#odd = this.#reference = this.#cdataEnd = this.#special = -1;
  }

  /** Drops the bytes before `used`, which were read; the rest waits for more. */
  close(used: number): void {
    if (used > 0) this.#bytes.copyWithin(0, used, this.#filled);
    this.#filled -= used;
    this.#kept = this.#filled;
    if (this.#kept > maxKept) throw malformed("has a tag that is too long");
  }

  /**
   * Returns whether a part contains a reference, a `]]>`, a CR, an illegal character or anything that is not ASCII. Call it with rising positions.
   */
  isSpecial(from: number, end: number): boolean {
    if (this.#special < from) this.#look(from);
    return this.#special < end;
  }

  #look(from: number): void {
    const { source } = this;
    if (this.#odd < from) this.#odd = findOddByte(this.#bytes, this.#words, from, source.length);
    if (this.#reference < from) this.#reference = positionOf(source, "&", from);
    if (this.#cdataEnd < from) this.#cdataEnd = positionOf(source, "]]>", from);
    this.#special = Math.min(this.#odd, this.#reference, this.#cdataEnd);
  }

  /** Returns whether the first `length` of these bytes are at this position. */
  has(what: Uint8Array, at: number, length = what.length): boolean {
    if (at + length > this.source.length) return false;
    const bytes = this.#bytes;
    for (let i = 0; i < length; i++) if (bytes[at + i] !== what[i]) return false;
    return true;
  }

  /** Returns a special part as the text between two tags. */
  text(from: number, end: number): string {
    if (this.#cdataEnd < end) throw malformed('has "]]>" in a text');
    const raw = this.#plain(from, end);
    return this.#reference < end ? decodeReferences(raw, this.#counter) : raw;
  }

  /** Returns a part as the text of a CDATA section. */
  cdata(from: number, end: number): string {
    this.#look(from);
    return this.#plain(from, end);
  }

  /** Returns a special part as an attribute's value, normalised by XML 1.0 section 3.3.3 for CDATA. */
  attribute(from: number, end: number): string {
    const raw = this.#plain(from, end).replace(/[\t\n]/g, " ");
    return this.#reference < end ? decodeReferences(raw, this.#counter) : raw;
  }

  #plain(from: number, end: number): string {
    if (this.#odd >= end) return this.source.slice(from, end);
    const text = decodeFew(this.source, this.#bytes, from, this.#odd, end) ?? this.#bytes.toString("utf8", from, end);
    return plainText(text, this.#counter);
  }
}

function positionOf(source: string, what: string, from: number): number {
  const at = source.indexOf(what, from);
  return at < 0 ? source.length : at;
}
