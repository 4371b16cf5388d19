import { Failure } from "../../failure.ts";
import { fieldsOfFile } from "./file-name-fields.ts";
import type { MimeEvent, PartHead, Splitter } from "./split-mime.ts";
import { type MapiProperty, mapiProperties, textOf } from "./tnef-properties.ts";

/** MS-OXTNEF 2.1.3.1. */
export const tnefSignature = 0x223e9f78;

/** The attributes that are read (MS-OXTNEF 2.1.3.2), by id. */
const attributes: ReadonlyMap<number, "codepage" | "body" | "properties" | "begin" | "title" | "data" | "attached"> = new Map([
  [0x00069007, "codepage"],
  [0x0002800c, "body"],
  [0x00069003, "properties"],
  [0x00069002, "begin"],
  [0x00018010, "title"],
  [0x0006800f, "data"],
  [0x00069005, "attached"],
]);

const headBytes = 9;
const checksumBytes = 2;
/** Properties are held in memory to be read, with an embedded message in them; the bytes of a file are not. */
const maxHeld = 32 * 1024 * 1024;
const maxParts = 1000;

const bodyHtml = 0x1013;
const attachData = 0x3701;
const longFilename = 0x3707;
const displayName = 0x3001;
const mimeTag = 0x370e;
const contentId = 0x3712;
const objectType = 0x000d;
/** An embedded message follows the 16 bytes of its interface id (MS-OXTNEF 2.1.3.3.15). */
const interfaceBytes = 16;

interface TnefAttachment {
  part?: PartHead;
  title?: Buffer;
}

/**
 * Splits TNEF as it arrives: the body, the files, and embedded messages, which are TNEF again. Of broken TNEF it returns the parts before the
 * break, and reports the flaw. Failure `too-large` for properties or a number of files that no real message has.
 */
export class TnefSplitter implements Splitter {
  #chunks: Buffer[] = [];
  #held = 0;
  /** Nothing can be read before this many bytes are there. */
  #needed = 6 + headBytes;
  #isBegun = false;
  #isBroken = false;
  /** The attribute that is passing: the remaining bytes, checksum included, and how many of them are content. */
  #passing: { left: number; content: number } | undefined;
  #codepage = 1252;
  #parts = 0;
  #attached: TnefAttachment | undefined;

  *write(piece: Uint8Array): Generator<MimeEvent> {
    if (this.#isBroken) return;
    this.#chunks.push(Buffer.from(piece));
    this.#held += piece.length;
    if (this.#held < this.#needed) return;
    const all = this.#chunks.length === 1 ? (this.#chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#chunks);
    let at = this.#isBegun ? 0 : 6;
    this.#isBegun = true;
    for (;;) {
      if (this.#passing !== undefined) {
        const { left, content } = this.#passing;
        const taken = Math.min(left, all.length - at);
        const shown = Math.min(content, taken);
        if (shown > 0) yield { kind: "bytes", bytes: all.subarray(at, at + shown) };
        at += taken;
        this.#passing = taken === left ? undefined : { left: left - taken, content: content - shown };
        this.#needed = 1;
        if (this.#passing !== undefined) break;
      }
      this.#needed = headBytes;
      if (all.length - at < headBytes) break;
      const level = all[at];
      const what = attributes.get(all.readUInt32LE(at + 1));
      const length = all.readUInt32LE(at + 5);
      if (level !== 1 && level !== 2) {
        yield* this.#break();
        return;
      }
      if (what === undefined || what === "data") {
        if (what === "data") {
          // Otherwise unannounced content would count as that of the previous part, and be overlooked.
          this.#attached ??= {};
          yield* this.#part();
        }
        at += headBytes;
        this.#passing = { left: length + checksumBytes, content: what === "data" ? length : 0 };
        continue;
      }
      if (length > maxHeld) throw new Failure("too-large", `Properties of more than ${maxHeld / 1024 / 1024} MB in TNEF are not read.`);
      this.#needed = headBytes + length + checksumBytes;
      if (all.length - at < this.#needed) break;
      yield* this.#read(what, all.subarray(at + headBytes, at + headBytes + length));
      at += this.#needed;
    }
    const rest = all.subarray(at);
    this.#chunks = rest.length === 0 ? [] : [Buffer.from(rest)];
    this.#held = rest.length;
  }

  *end(): Generator<MimeEvent> {
    if (this.#isBroken) return;
    // Some writers omit the last checksum.
    const isWhole = this.#isBegun && this.#held === 0 && (this.#passing === undefined || this.#passing.content === 0);
    if (!isWhole) yield* this.#break();
    else yield* this.#part();
  }

  *#break(): Generator<MimeEvent> {
    this.#isBroken = true;
    this.#chunks = [];
    yield { kind: "flaw", text: "The TNEF (winmail.dat) is broken: attachments after the broken place are not listed." };
  }

  *#read(what: "codepage" | "body" | "properties" | "begin" | "title" | "attached", value: Buffer): Generator<MimeEvent> {
    if (what === "codepage") this.#codepage = value.length >= 4 ? value.readUInt32LE(0) : this.#codepage;
    else if (what === "body") yield* this.#text("text/plain", withoutZeros(value));
    else if (what === "properties") {
      const html = mapiProperties(value).get(bodyHtml);
      if (html !== undefined) yield* this.#text("text/html", textBytes(html));
    } else if (what === "begin") {
      // An entry with a name and no content was a file, too.
      if (this.#attached?.title !== undefined) yield* this.#part();
      this.#attached = {};
    } else if (what === "title") this.#attached = { ...this.#attached, title: withoutZeros(value) };
    else yield* this.#properties(mapiProperties(value));
  }

  *#text(type: string, bytes: Buffer): Generator<MimeEvent> {
    if (this.#attached?.title !== undefined) yield* this.#part();
    // Anything after a text is not part of it.
    this.#attached = undefined;
    const fields = [{ name: "content-type", written: "Content-Type", value: `${type}; charset=${charsetOf(this.#codepage)}` }];
    yield { kind: "part", part: { number: this.#number(), type, encoding: undefined, fields, within: "alternative" } };
    yield { kind: "bytes", bytes };
  }

  /** Begins the part of the current attachment, unless it has begun. */
  *#part(): Generator<MimeEvent> {
    if (this.#attached === undefined || this.#attached.part !== undefined) return;
    const { title } = this.#attached;
    const type = "application/octet-stream";
    const name = title === undefined ? undefined : { bytes: title, charset: charsetOf(this.#codepage) };
    const part = { number: this.#number(), type, encoding: undefined, fields: fieldsOfFile({ type, name }), within: undefined };
    this.#attached.part = part;
    yield { kind: "part", part };
  }

  /** Names follow the content. */
  *#properties(properties: ReadonlyMap<number, MapiProperty>): Generator<MimeEvent> {
    this.#attached ??= {};
    yield* this.#part();
    const { part } = this.#attached;
    if (part === undefined) return;
    const data = properties.get(attachData);
    const isMessage = data?.type === objectType;
    const text = (id: number) => textOf(properties.get(id), charsetOf(this.#codepage));
    const type = isMessage ? "application/ms-tnef" : (text(mimeTag)?.bytes.toString("latin1").trim().toLowerCase() ?? part.type);
    const titled = this.#attached.title === undefined ? undefined : { bytes: this.#attached.title, charset: charsetOf(this.#codepage) };
    const name = text(longFilename) ?? (isMessage ? text(displayName) : undefined) ?? titled ?? text(displayName);
    const known = /^[\w!#$&^.+-]{1,100}\/[\w!#$&^.+-]{1,100}$/.test(type) ? type : part.type;
    const id = text(contentId)
      ?.bytes.toString("latin1")
      .replace(/[<>\r\n]/g, "");
    const named = { ...part, type: known, fields: fieldsOfFile({ type: known, name, contentId: id || undefined }) };
    this.#attached.part = named;
    yield { kind: "again", part: named };
    if (isMessage) yield { kind: "bytes", bytes: data.value.subarray(interfaceBytes) };
  }

  #number(): number {
    this.#parts += 1;
    if (this.#parts > maxParts) throw new Failure("too-large", `TNEF with more than ${maxParts} files is not read.`);
    return this.#parts;
  }
}

function withoutZeros(bytes: Buffer): Buffer {
  const zero = bytes.indexOf(0);
  return zero < 0 ? bytes : bytes.subarray(0, zero);
}

function textBytes({ type, value }: MapiProperty): Buffer {
  return type === 0x001f ? Buffer.from(value.toString("utf16le")) : withoutZeros(value);
}

const asian: ReadonlyMap<number, string> = new Map([
  [932, "shift_jis"],
  [936, "gbk"],
  [949, "euc-kr"],
  [950, "big5"],
  [65001, "utf-8"],
  [20127, "us-ascii"],
]);

function charsetOf(codepage: number): string {
  return asian.get(codepage) ?? (codepage >= 1250 && codepage <= 1258 ? `windows-${codepage}` : `cp${codepage}`);
}
