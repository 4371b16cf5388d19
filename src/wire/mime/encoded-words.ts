import type { DecodeText } from "./charset.ts";
import { openPartDecoder } from "./decode-part.ts";

/** The bytes of an encoded word and the charset that it names. */
interface EncodedWord {
  readonly charset: string;
  readonly bytes: Buffer;
}

/** Longer ones are text: RFC 2047 (2) allows 75 characters for a whole word, and no known charset has a longer name. */
const opening = /=\?([^?\s=]{1,80})\?([bBqQ])\?/y;

/** Returns the encoded word that begins at `at`, with its end, or undefined. `closing` finds "?=" in linear time over a whole text. */
function wordAt(
  text: string,
  at: number,
  closing: (from: number) => number,
): { readonly word: EncodedWord; readonly end: number } | undefined {
  opening.lastIndex = at;
  const head = opening.exec(text);
  if (head === null) return undefined;
  const from = opening.lastIndex;
  const end = closing(from);
  if (end < 0) return undefined;
  const [, charset = "", encoding = ""] = head;
  return { word: { charset, bytes: bytesOf(text.slice(from, end), encoding.toLowerCase() === "b") }, end: end + 2 };
}

/** RFC 2047, 4: Q is quoted-printable with "_" for a space. */
function bytesOf(text: string, isBase64: boolean): Buffer {
  const decoder = openPartDecoder(isBase64 ? "base64" : "quoted-printable");
  const bytes = Buffer.from(isBase64 ? text : text.replaceAll("_", " "), "latin1");
  return Buffer.concat([decoder.write(bytes), decoder.end()]);
}

/** Returns a function that finds the next "?=" and scans the text only once. */
function closingIn(text: string): (from: number) => number {
  let next = -2;
  return (from) => {
    if (next !== -1 && next < from) next = text.indexOf("?=", from);
    return next;
  };
}

/** Returns a function that maps the start of an encoded word to its end, for tokenisers that must not look inside. */
export function indexEncodedWords(text: string): (at: number) => number | undefined {
  const closing = closingIn(text);
  return (at) => {
    opening.lastIndex = at;
    if (!opening.test(text)) return undefined;
    const end = closing(opening.lastIndex);
    return end < 0 ? undefined : end + 2;
  };
}

/**
 * Decodes the encoded words (RFC 2047) in a header's text; `raw` has one character per byte. Joins the bytes of neighbours in one charset first,
 * since mailers cut between the bytes of a character. Invalid words stay unchanged.
 */
export function decodeWords(raw: string, decode: DecodeText): string {
  if (!raw.includes("=?")) return plain(raw, decode);
  const closing = closingIn(raw);
  let out = "";
  let held: EncodedWord[] = [];
  let textFrom = 0;
  const flush = (): void => {
    const first = held[0];
    if (first !== undefined) out += decode(Buffer.concat(held.map(({ bytes }) => bytes)), first.charset);
    held = [];
  };
  const textTo = (end: number): void => {
    const text = raw.slice(textFrom, end);
    // White space between two encoded words is not shown (6.2).
    if (held.length > 0 && /^\s*$/.test(text) && end < raw.length) return;
    flush();
    out += plain(text, decode);
  };
  for (let at = raw.indexOf("=?"); at >= 0; ) {
    const found = wordAt(raw, at, closing);
    if (found === undefined) {
      at = raw.indexOf("=?", at + 1);
      continue;
    }
    textTo(at);
    if (held[0] !== undefined && held[0].charset.toLowerCase() !== found.word.charset.toLowerCase()) flush();
    held.push(found.word);
    textFrom = found.end;
    at = raw.indexOf("=?", textFrom);
  }
  if (textFrom < raw.length) textTo(raw.length);
  flush();
  return out;
}

/** Headers are ASCII or UTF-8 (RFC 6532). */
function plain(raw: string, decode: DecodeText): string {
  return /^[\0-\x7f]*$/.test(raw) ? raw : decode(Buffer.from(raw, "latin1"), undefined);
}
