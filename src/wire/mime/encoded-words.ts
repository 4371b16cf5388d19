import type { DecodeText } from "./charset.ts";
import { openPartDecoder } from "./decode-part.ts";

/** The bytes of an encoded word, and the charset that it names. */
interface EncodedWord {
  readonly charset: string;
  readonly bytes: Buffer;
}

/** Longer ones are text: RFC 2047 (2) allows 75 characters for a whole word, and mailers know no charset of a longer name. */
const opening = /=\?([^?\s=]{1,80})\?([bBqQ])\?/y;

/**
 * Where the encoded word that begins here ends, or undefined: what begins here is none. `closing` finds "?=" in linear time over a whole text.
 */
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

/** Finds the next "?=", looking through the text once. */
function closingIn(text: string): (from: number) => number {
  let next = -2;
  return (from) => {
    if (next !== -1 && next < from) next = text.indexOf("?=", from);
    return next;
  };
}

/** Splits a text at its encoded words: `end` of one that begins at a place, for tokenisers that must not look into them. */
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
 * A text of a header (RFC 2047) with its encoded words decoded; `raw` has a character for each byte. The bytes of neighbours in one charset are
 * joined first, since mailers cut between the bytes of a character. What is not valid stays as it stands.
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
    // White space between encoded words is not shown (6.2).
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
