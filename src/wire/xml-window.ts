import { isUtf8 } from "node:buffer";
import {
  decodedAttribute,
  decodedText,
  findOddByte,
  malformed,
  markInvalidUtf8,
  plainText,
  type Replacements,
  unfinishedUtf8,
} from "./xml-chars.ts";

/** Room for a chunk of 64 KiB, as sockets give them, and what was kept of the one before. */
const firstRoom = 144 * 1024;
/** Bytes that may wait for their rest, in one tag for example: no element of Exchange comes near, and it bounds what is scanned twice. */
const maxKept = 256 * 1024;

/**
 * The part of a document that is being read: valid UTF-8, and the same with one character per byte. In the latter finding markup and
 * cutting out ASCII texts costs next to nothing; only parts that hold something special are decoded.
 */
export class Window {
  /** One character per byte. */
  source = "";
  readonly #counter: Replacements;
  #bytes: Buffer = Buffer.allocUnsafeSlow(firstRoom);
  /** The same memory. */
  #words = new Int32Array(this.#bytes.buffer, 0, firstRoom >> 2);
  #end = 0;
  #kept = 0;
  /** The first position, of those not yet passed, of an `&`, a `]]>` or an odd byte; looked for again when it is passed. */
  #special = -1;

  constructor(counter: Replacements) {
    this.#counter = counter;
  }

  /** Bytes that wait for their rest. */
  get kept(): number {
    return this.#kept;
  }

  /** What was kept of the last chunk, and this one. A character that is cut waits for its rest. */
  append(chunk: Uint8Array): void {
    let end = this.#kept + chunk.length;
    if (end > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow((end + maxKept) & ~3);
      this.#bytes.copy(larger, 0, 0, this.#kept);
      this.#bytes = larger;
      this.#words = new Int32Array(larger.buffer, 0, larger.length >> 2);
    }
    this.#bytes.set(chunk, this.#kept);
    const cut = unfinishedUtf8(this.#bytes, end);
    let whole = end - cut;
    if (!isUtf8(this.#bytes.subarray(0, whole))) {
      const marked = markInvalidUtf8(this.#bytes, whole);
      this.#bytes.copyWithin(marked, whole, end);
      whole = marked;
      end = marked + cut;
    }
    this.#end = end;
    this.source = this.#bytes.toString("latin1", 0, whole);
    this.#special = -1;
  }

  /** Keeps what stands from `used` on for the next chunk. */
  keep(used: number): void {
    this.#kept = this.#end - used;
    if (this.#kept > maxKept) throw malformed("has a tag that is too long");
    if (used > 0) this.#bytes.copyWithin(0, used, this.#end);
  }

  /** Whether a part has a reference, a `]]>`, a CR, an illegal character or anything that is not ASCII. Asked for in rising order. */
  isSpecial(from: number, end: number): boolean {
    if (this.#special < from) {
      const source = this.source;
      let at = findOddByte(this.#bytes, this.#words, from, source.length);
      const ampersand = source.indexOf("&", from);
      if (ampersand >= 0 && ampersand < at) at = ampersand;
      const brackets = source.indexOf("]]>", from);
      this.#special = brackets >= 0 && brackets < at ? brackets : at;
    }
    return this.#special < end;
  }

  /** A part that is special, as the text between two tags. */
  text(from: number, end: number): string {
    const raw = this.#bytes.toString("utf8", from, end);
    if (raw.includes("]]>")) throw malformed('has "]]>" in a text');
    return decodedText(raw, this.#counter);
  }

  /** A part as the text of a CDATA section. */
  cdata(from: number, end: number): string {
    return plainText(this.#bytes.toString("utf8", from, end), this.#counter);
  }

  /** A part that is special, as an attribute's value. */
  attribute(from: number, end: number): string {
    return decodedAttribute(this.#bytes.toString("utf8", from, end), this.#counter);
  }
}
