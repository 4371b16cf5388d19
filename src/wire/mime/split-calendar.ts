import { Failure } from "../../failure.ts";
import { fieldsOfFile, typeIn } from "./file-name-fields.ts";
import type { MimeEvent, Splitter } from "./split-mime.ts";

/** Limit for a property's name with its parameters, or for the beginning of a "data:" URL; anything longer contains no file. */
const maxHead = 8 * 1024;
const maxParts = 1000;

const LF = 0x0a;
const CR = 0x0d;
const isFold = (byte: number | undefined) => byte === 0x20 || byte === 0x09;

/**
 * Extracts the files of a calendar (RFC 5545) as it arrives, in constant memory: those that an ATTACH property contains as base64 or as a "data:"
 * URL. Skips links. Failure `too-large` for more than 1000 files.
 */
export class CalendarSplitter implements Splitter {
  #state: "head" | "prefix" | "value" | "skip" = "head";
  #head = "";
  #isQuoted = false;
  #parameters: ReadonlyMap<string, string> = new Map();
  /** A line end was read: white space after it continues the line (3.1). */
  #isAtEnd = false;
  #parts = 0;

  *write(piece: Uint8Array): Generator<MimeEvent> {
    let from = -1;
    const value = (to: number): MimeEvent[] => {
      if (from < 0 || to <= from) return [];
      const bytes = Buffer.from(piece.buffer, piece.byteOffset + from, to - from);
      from = -1;
      return [{ kind: "bytes", bytes }];
    };
    for (let at = 0; at < piece.length; at++) {
      const byte = piece[at] ?? 0;
      if (this.#isAtEnd && byte !== LF) {
        this.#isAtEnd = false;
        if (isFold(byte)) continue;
        this.#state = "head";
        this.#head = "";
        this.#isQuoted = false;
      }
      if (byte === LF || byte === CR) {
        yield* value(at);
        this.#isAtEnd ||= byte === LF;
      } else if (this.#state === "value") {
        if (from < 0) from = at;
      } else yield* this.#readHead(byte);
    }
    yield* value(piece.length);
  }

  *end(): Generator<MimeEvent> {}

  *#readHead(byte: number): Generator<MimeEvent> {
    if (this.#state === "skip") return;
    this.#head += String.fromCharCode(byte);
    if (this.#head.length > maxHead) this.#state = "skip";
    else if (this.#state === "prefix") {
      // The content begins after the first comma. Search nothing before it, since that would cost time for each byte.
      if (byte !== 0x2c) return;
      const data = /^\s*data:([^,;]*)/i.exec(this.#head);
      if (data !== null && /;base64,$/i.test(this.#head.slice(-8))) yield* this.#begin(data[1]);
      else this.#state = "skip";
    } else if (byte === 0x22) this.#isQuoted = !this.#isQuoted;
    else if (byte === 0x3a && !this.#isQuoted) {
      const [name = "", ...parameters] = partsOf(this.#head.slice(0, -1));
      if (name.trim().toUpperCase() !== "ATTACH") this.#state = "skip";
      else {
        this.#parameters = new Map(parameters.map(pairOf));
        this.#head = "";
        if (this.#parameters.get("ENCODING")?.toUpperCase() === "BASE64") yield* this.#begin(undefined);
        else this.#state = "prefix";
      }
    }
  }

  *#begin(type: string | undefined): Generator<MimeEvent> {
    this.#state = "value";
    this.#parts += 1;
    if (this.#parts > maxParts) throw new Failure("too-large", `A calendar with more than ${maxParts} files is not read.`);
    const parameterOf = (name: string) => this.#parameters.get(name) || undefined;
    const name = parameterOf("X-FILENAME") ?? parameterOf("FILENAME") ?? parameterOf("X-APPLE-FILENAME") ?? parameterOf("X-LABEL");
    const known = typeIn(parameterOf("FMTTYPE")) ?? typeIn(type) ?? "application/octet-stream";
    const fields = fieldsOfFile({
      type: known,
      name: name === undefined ? undefined : { bytes: Buffer.from(name, "latin1"), charset: "utf-8" },
    });
    yield { kind: "part", part: { number: this.#parts, type: known, encoding: "base64", fields, within: undefined } };
  }
}

/** Splits at the semicolons outside quotes. */
function partsOf(head: string): string[] {
  return head.match(/(?:[^;"]|"[^"]*"?)+/g) ?? [];
}

function pairOf(parameter: string): [string, string] {
  const equals = parameter.indexOf("=");
  return [parameter.slice(0, Math.max(0, equals)).trim().toUpperCase(), parameter.slice(equals + 1).replace(/^"|"$/g, "")];
}
