import { Failure } from "../../failure.ts";
import { parseJson } from "../../text/parse-json.ts";
import { type JsonObject, objectOf } from "../session/read-json.ts";

/** Maximum size of the reply besides the data: ids and an error. */
const maxBesides = 64 * 1024;
/** Depth of an item's data: in an object in the list of the reply. */
const depthOfItems = 3;

/**
 * Reads the reply of exportItems (one item) while it arrives. The data is passed on, the rest is kept, so memory does not depend on the size of the
 * item. The data is only checked to be Base64 (RFC 4648), which needs no escaping in JSON.
 */
export class ExportReply {
  /** The reply without the data. Bytes, one per character. */
  #besides = "";
  /** Braces and brackets that are open. */
  #open = "";
  #state: "outside" | "string" | "data" = "outside";
  /** The string that was read last: before a colon it is a name. */
  #last = "";
  #name = "";
  /** An escape that is not complete yet. */
  #rest = "";
  #size = 0;
  #hasData = false;

  /** Returns the data in this piece. Throws Failure `broken-reply`. */
  read(piece: Uint8Array): string {
    const text = this.#rest + Buffer.from(piece.buffer, piece.byteOffset, piece.length).toString("latin1");
    this.#rest = "";
    let data = "";
    let at = 0;
    while (at < text.length) {
      if (this.#state === "data") {
        const { taken, next } = this.#dataIn(text, at);
        data += taken;
        at = next;
      } else at = this.#state === "string" ? this.#stringIn(text, at) : this.#outside(text, at);
    }
    this.#size += data.length;
    return data;
  }

  /**
   * Ends the reply. Returns it without its data, and the number of data characters; undefined where there is no data. Throws Failure `broken-reply`.
   */
  end(): { readonly reply: JsonObject; readonly size: number | undefined } {
    const reply = this.#rest === "" ? objectOf(parseJson(Buffer.from(this.#besides, "latin1").toString("utf8"))) : undefined;
    if (reply === undefined) throw broken("it is not the JSON that it should be");
    return { reply, size: this.#hasData ? this.#size : undefined };
  }

  #outside(text: string, at: number): number {
    const character = text[at] ?? "";
    this.#keep(character);
    if (character === '"') {
      const isData = this.#name === "data" && this.#open.length === depthOfItems;
      if (isData && this.#hasData) throw broken("it has more data than was asked for");
      this.#hasData ||= isData;
      this.#state = isData ? "data" : "string";
      this.#last = "";
    } else if (character === "{" || character === "[") this.#open += character;
    else if (character === "}" || character === "]") this.#open = this.#open.slice(0, -1);
    if (character === ":") this.#name = this.#last;
    else if (!/\s/.test(character)) this.#name = "";
    return at + 1;
  }

  #stringIn(text: string, at: number): number {
    const character = text[at] ?? "";
    const length = character === "\\" ? 2 : 1;
    if (at + length > text.length) {
      this.#rest = character;
      return text.length;
    }
    const taken = text.slice(at, at + length);
    this.#keep(taken);
    if (taken === '"') this.#state = "outside";
    else this.#last += taken;
    return at + length;
  }

  /** Reads up to the end of the data, or of the text. */
  #dataIn(text: string, from: number): { readonly taken: string; readonly next: number } {
    let taken = "";
    let at = from;
    while (at < text.length) {
      const end = nextOf(text, at);
      taken += base64(text.slice(at, end));
      at = end;
      if (text[at] === '"') {
        this.#keep('"');
        this.#state = "outside";
        return { taken, next: at + 1 };
      }
      if (text[at] === "\\") {
        const length = text[at + 1] === "u" ? 6 : 2;
        if (at + length > text.length) {
          this.#rest = text.slice(at);
          return { taken, next: text.length };
        }
        taken += base64(unescaped(text.slice(at, at + length)));
        at += length;
      }
    }
    return { taken, next: at };
  }

  #keep(text: string): void {
    this.#besides += text;
    if (this.#besides.length > maxBesides) throw broken("it is much longer than it should be");
  }
}

/** Returns the position of the next quotation mark or backslash, or the end of the text. */
function nextOf(text: string, from: number): number {
  const quote = text.indexOf('"', from);
  const end = quote < 0 ? text.length : quote;
  const backslash = text.slice(from, end).indexOf("\\");
  return backslash < 0 ? end : from + backslash;
}

/** Checks Base64 and removes white space, which means nothing in it. */
function base64(text: string): string {
  if (/^[A-Za-z0-9+/=_-]*$/.test(text)) return text;
  const compact = text.replace(/\s+/g, "");
  if (/[^A-Za-z0-9+/=_-]/.test(compact)) throw broken("its data is not Base64");
  return compact;
}

function unescaped(sequence: string): string {
  const character = parseJson(`"${sequence}"`);
  return typeof character === "string" ? character : "\0";
}

function broken(why: string): Failure {
  return new Failure("broken-reply", `The reply to the export of an item cannot be used: ${why}.`);
}
