import { Failure } from "../../failure.ts";
import { boundaryOf, fieldIn, fieldsOf, type RawField, tokenOf } from "./mime-header.ts";

/** What a message is made of, in the order of its bytes. */
export type MimeEvent =
  | { readonly kind: "head"; readonly bytes: Buffer; readonly fields: readonly RawField[] }
  | { readonly kind: "part"; readonly part: PartHead }
  /** The part that came last, with what is said of it behind its content. */
  | { readonly kind: "again"; readonly part: PartHead }
  | { readonly kind: "bytes"; readonly bytes: Buffer }
  /** Something is in it that cannot be told apart. */
  | { readonly kind: "flaw"; readonly text: string };

/** Takes something apart while it comes. */
export interface Splitter {
  /** What is known by now. Throws Failure `too-large`. */
  write(piece: Uint8Array): Iterable<MimeEvent>;
  /** Nothing more comes. */
  end(): Iterable<MimeEvent>;
}

/** A part that has no parts of its own: its `bytes` follow, as they stand on the wire. A message that is attached is one part. */
export interface PartHead {
  /** Counted from 1 over all such parts of the message. */
  readonly number: number;
  readonly type: string;
  readonly encoding: string | undefined;
  readonly fields: readonly RawField[];
  /** The kind of multipart that it stands in, such as `alternative`. */
  readonly within: string | undefined;
}

interface Multipart {
  readonly boundary: string;
  readonly subtype: string;
  /** Whether its boundary has occurred. */
  isSeen: boolean;
}

interface Boundary {
  /** Of the open multiparts. */
  readonly index: number;
  readonly isLast: boolean;
}

/** Longer headers are not read: with all trace fields, those of real mail have some 20 KB. */
const maxHeadBytes = 256 * 1024;
/** Of all parts together. */
const maxHeadsBytes = 4 * 1024 * 1024;
/** Exchange refuses messages of more than 250 parts; what has so many was made to do harm. */
const maxParts = 1000;
/** Boundaries have 70 characters at most (RFC 2046, 5.1.1), and some mailers more; white space may follow. */
const maxBoundaryLine = 1000;
const maxDepth = 100;

const LF = 0x0a;
const CR = 0x0d;
const DASH = 0x2d;

/**
 * Takes a message (RFC 5322, MIME) apart while it comes, in constant memory; the parts of an attached message are not looked for. Whatever
 * comes, something is made of it; Failure `too-large` for a header or a number of parts that no mail has.
 */
export class MimeSplitter implements Splitter {
  #rest: Buffer = Buffer.alloc(0);
  /** What is left lies in it. No byte of it is written twice, since some were given out. */
  #memory: Buffer = Buffer.alloc(0);
  /** Of a header, how much has been looked through: a server may send single bytes. */
  #looked = 0;
  /** Whether what is left begins a line. */
  #startsLine = true;
  #state: "head" | "part" | "between" = "head";
  /** Of the part that is being read; undefined: of the whole message. */
  #within: string | undefined;
  #isWhole = true;
  #parts = 0;
  #headBytes = 0;
  readonly #open: Multipart[] = [];
  /** The lines that are boundaries now, and the bytes that they have after the dashes. */
  readonly #boundaries = new Map<string, Boundary>();
  readonly #firsts = new Uint8Array(256);

  #isComplete = false;

  /** After `end`: its header ended with an empty line, and each multipart was ended, by its last boundary or that of one around it. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** What is known by now. */
  *write(piece: Uint8Array): Generator<MimeEvent> {
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.length);
    this.#rest = this.#rest.length === 0 ? bytes : this.#joined(bytes);
    yield* this.#read(false);
    // Who gave the piece may use its memory again.
    if (this.#rest.buffer !== this.#memory.buffer) this.#keep(this.#rest, this.#rest.length);
  }

  /** What is left and the piece behind it. Of a header the memory doubles, so that each byte is copied a few times at most. */
  #joined(piece: Buffer): Buffer {
    const left = this.#rest;
    const length = left.length + piece.length;
    let from = left.byteOffset - this.#memory.byteOffset;
    if (from + length > this.#memory.length) {
      this.#keep(left, this.#state === "head" ? 2 * length : length);
      from = 0;
    }
    piece.copy(this.#memory, from + left.length);
    return this.#memory.subarray(from, from + length);
  }

  /** In memory of its own, which no other buffer shares. */
  #keep(left: Buffer, size: number): void {
    this.#memory = Buffer.allocUnsafeSlow(size);
    left.copy(this.#memory);
    this.#rest = this.#memory.subarray(0, left.length);
  }

  /** Nothing more comes. */
  *end(): Generator<MimeEvent> {
    yield* this.#read(true);
    this.#isComplete = this.#open.length === 0 && this.#state !== "head";
    // After a boundary with nothing behind it no part begins.
    if (this.#state === "head" && (this.#isWhole || this.#rest.length > 0)) yield* this.#begin(this.#rest);
    yield* this.#close(0);
  }

  *#read(isEnd: boolean): Generator<MimeEvent> {
    for (;;) {
      const state = this.#state;
      if (state === "head") {
        if (!(yield* this.#readHead(isEnd))) return;
      } else if (!(yield* this.#readBody(isEnd))) return;
    }
  }

  /** True when something else begins. */
  *#readHead(isEnd: boolean): Generator<MimeEvent, boolean> {
    const head = this.#rest;
    let from = this.#looked;
    for (;;) {
      const lf = head.indexOf(LF, from);
      const line = head.subarray(from, lf < 0 ? head.length : lf + 1);
      if (lf < 0 && !isEnd) break;
      const isBlank = lf >= 0 && (line.length === 1 || (line.length === 2 && line[0] === CR));
      // A part that ends before its body begins.
      const ends = this.#boundaryAt(line) !== undefined;
      if (isBlank || ends) {
        this.#rest = head.subarray(ends ? from : lf + 1);
        this.#looked = 0;
        this.#startsLine = true;
        yield* this.#begin(head.subarray(0, from));
        return true;
      }
      if (lf < 0) break;
      from = lf + 1;
    }
    this.#looked = from;
    if (head.length > maxHeadBytes) throw new Failure("too-large", `A header of more than ${maxHeadBytes / 1024} KB is not read.`);
    return false;
  }

  *#begin(head: Buffer): Generator<MimeEvent> {
    this.#headBytes += head.length;
    if (this.#headBytes > maxHeadsBytes)
      throw new Failure("too-large", `Headers of more than ${maxHeadsBytes / 1024 / 1024} MB are not read.`);
    const fields = fieldsOf(head);
    if (this.#isWhole) yield { kind: "head", bytes: Buffer.from(head), fields };
    this.#isWhole = false;
    const contentType = fieldIn(fields, "content-type") ?? "";
    const fallback = this.#within === "digest" ? "message/rfc822" : "text/plain";
    const type = tokenOf(contentType) ?? fallback;
    const boundary = type.startsWith("multipart/") ? boundaryOf(contentType) : undefined;
    if (boundary !== undefined) {
      if (this.#open.length >= maxDepth) throw new Failure("too-large", `Parts nested more than ${maxDepth} deep are not read.`);
      this.#open.push({ boundary, subtype: type.slice("multipart/".length), isSeen: false });
      this.#noteBoundaries();
      this.#state = "between";
      return;
    }
    this.#parts += 1;
    if (this.#parts > maxParts) throw new Failure("too-large", `A message of more than ${maxParts} parts is not read.`);
    this.#state = "part";
    const encoding = tokenOf(fieldIn(fields, "content-transfer-encoding"));
    yield { kind: "part", part: { number: this.#parts, type, encoding, fields, within: this.#within } };
  }

  /** True when something else begins. The line end before a boundary belongs to the boundary. */
  *#readBody(isEnd: boolean): Generator<MimeEvent, boolean> {
    const body = this.#rest;
    let at = this.#startsLine && this.#mayBegin(body, 0) ? 0 : this.#lineFrom(body, 0);
    while (at >= 0 && this.#open.length > 0) {
      const lf = body.indexOf(LF, at);
      if (lf < 0 && !isEnd && body.length - at < maxBoundaryLine) {
        yield* this.#pass(body, beforeLine(body, at));
        return false;
      }
      const end = lf < 0 ? body.length : lf + 1;
      const found = this.#boundaryAt(body.subarray(at, end));
      if (found !== undefined) {
        yield* this.#pass(body, beforeLine(body, at));
        this.#rest = body.subarray(end);
        this.#startsLine = true;
        const open = this.#open[found.index];
        if (open !== undefined) open.isSeen = true;
        yield* this.#close(found.isLast ? found.index : found.index + 1);
        this.#within = open?.subtype;
        this.#state = found.isLast ? "between" : "head";
        return true;
      }
      at = this.#lineFrom(body, at + 1);
    }
    // What may be the beginning of a boundary, with the line end before it, is kept back.
    yield* this.#pass(body, isEnd ? body.length : Math.max(0, body.length - 4));
    return false;
  }

  /** Ends the multiparts from this one on. */
  *#close(from: number): Generator<MimeEvent> {
    if (from === this.#open.length) return;
    for (const { boundary, isSeen } of this.#open.splice(from)) if (!isSeen) yield { kind: "flaw", text: neverOccurs(boundary) };
    this.#noteBoundaries();
  }

  /** Gives what stands before this place to whoever reads the part. */
  *#pass(body: Buffer, to: number): Generator<MimeEvent> {
    if (to > 0 && this.#state === "part") yield { kind: "bytes", bytes: body.subarray(0, to) };
    if (to > 0) this.#startsLine = body[to - 1] === LF;
    this.#rest = body.subarray(to);
  }

  /** Where the next line that may be a boundary begins, after this place. */
  #lineFrom(body: Buffer, from: number): number {
    for (let at = from; at < body.length; at++) if (body[at] === LF && this.#mayBegin(body, at + 1)) return at + 1;
    return -1;
  }

  /** Most lines end here: a mail can be nothing but lines that almost are boundaries. What has not come yet may be one. */
  #mayBegin(body: Buffer, at: number): boolean {
    if (body[at] !== DASH || body[at + 1] !== DASH) return false;
    const first = body[at + 2];
    return first === undefined || this.#firsts[first] === 1;
  }

  /** Which of the open multiparts this line is a boundary of, the innermost first. */
  #boundaryAt(line: Buffer): Boundary | undefined {
    if (line.length < 3 || line.length > maxBoundaryLine || !this.#mayBegin(line, 0)) return undefined;
    let end = line.length;
    if (line[end - 1] === LF) end -= 1;
    if (line[end - 1] === CR) end -= 1;
    while (line[end - 1] === 0x20 || line[end - 1] === 0x09) end -= 1;
    return this.#boundaries.get(line.toString("latin1", 0, end));
  }

  /** Those of the multiparts that are open now. */
  #noteBoundaries(): void {
    this.#boundaries.clear();
    this.#firsts.fill(0);
    for (const [index, { boundary }] of this.#open.entries()) {
      this.#boundaries.set(`--${boundary}`, { index, isLast: false });
      this.#boundaries.set(`--${boundary}--`, { index, isLast: true });
      this.#firsts[boundary.charCodeAt(0)] = 1;
    }
  }
}

/** Where the line end before a line begins. */
function beforeLine(body: Buffer, at: number): number {
  if (at === 0) return 0;
  return at >= 2 && body[at - 2] === CR ? at - 2 : at - 1;
}

function neverOccurs(boundary: string): string {
  return `The boundary ${JSON.stringify(boundary.slice(0, 100))} never occurs, so the parts after its header cannot be separated.`;
}
