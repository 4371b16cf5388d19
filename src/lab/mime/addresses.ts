// src/lab/mime/: Reads and writes MIME for the lab only, so that the lab and the client share no error.

import type { LabAddress, LabHeader } from "../store/address.ts";
import { decodeWords } from "./encoded-words.ts";

/** Returns the addresses of every header of this name, group members included. A malformed address keeps its text as the name. */
export function addressesOf(headers: readonly LabHeader[], name: string): LabAddress[] {
  return headers.filter((header) => header.name.toLowerCase() === name).flatMap((header) => parseAddresses(header.value));
}

/** The state of the address that is being read. */
interface AddressDraft {
  phrase: string;
  /** Positions of encoded words and quoted text in the phrase: their content is not an address. */
  readonly opaque: [number, number][];
  comment: string;
  /** The text between quotes. */
  quoted: string;
  readonly angles: string[];
}

const draft = (): AddressDraft => ({ phrase: "", opaque: [], comment: "", quoted: "", angles: [] });

/** RFC 5322 3.4. A comma after text without an address belongs to the name, as in `Name ,_<a@example.com>`: Exchange uses the address in the brackets. */
function parseAddresses(text: string): LabAddress[] {
  const found: LabAddress[] = [];
  const last = { semicolon: text.lastIndexOf(";"), quote: text.lastIndexOf('"'), parenthesis: text.lastIndexOf(")") };
  let one = draft();
  let hasAddress = false;
  const finish = (): void => {
    found.push(...addressesIn(one));
    one = draft();
    hasAddress = false;
  };
  const take = (piece: string, isOpaque: boolean): void => {
    if (isOpaque) one.opaque.push([one.phrase.length, one.phrase.length + piece.length]);
    else hasAddress ||= piece.includes("@");
    one.phrase += piece;
  };
  const encoded = /=\?[^?\s]{1,80}\?[bq]\?(?:[^?]|\?(?!=)){0,4000}?\?=/giy;
  for (let at = 0; at < text.length; ) {
    const char = text.charAt(at);
    encoded.lastIndex = at;
    const word = char === "=" ? encoded.exec(text)?.[0] : undefined;
    if (word !== undefined) {
      take(word, true);
      at += word.length;
    } else if (char === '"' && at < last.quote) {
      const { inside, next } = quoted(text, at);
      take(inside, true);
      one.quoted += inside;
      at = next;
    } else if (char === "(" && at < last.parenthesis) {
      const { inside, next } = commented(text, at);
      one.comment += inside;
      at = next;
    } else if (char === "<") {
      const close = text.indexOf(">", at);
      const end = close < 0 ? text.length : close;
      one.angles.push(text.slice(at + 1, end));
      hasAddress = true;
      at = end + 1;
    } else if (char === ":" && at < last.semicolon) {
      one = draft();
      hasAddress = false;
      at += 1;
    } else if (char === ";" || (char === "," && hasAddress)) {
      finish();
      at += 1;
    } else {
      take(char, false);
      at += 1;
    }
  }
  finish();
  return found;
}

function quoted(text: string, from: number): { inside: string; next: number } {
  let inside = "";
  let at = from + 1;
  for (; at < text.length && text.charAt(at) !== '"'; at += 1) {
    if (text.charAt(at) === "\\") at += 1;
    inside += text.charAt(at);
  }
  return { inside, next: at + 1 };
}

function commented(text: string, from: number): { inside: string; next: number } {
  let depth = 0;
  let inside = "";
  for (let at = from; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (char === ")") depth -= 1;
    if (depth > 0) inside += char;
    if (char === "(") depth += 1;
    if (depth === 0) return { inside, next: at + 1 };
  }
  return { inside, next: text.length };
}

function addressesIn({ phrase, opaque, comment, quoted: inQuotes, angles }: AddressDraft): LabAddress[] {
  const nameOf = (text: string): string | undefined => decodeWords(text).replace(/\s+/g, " ").trim().replace(/,$/, "").trim() || undefined;
  if (angles.length > 0) {
    return angles.map((angle, index) => {
      const address = angle.replace(/^@[^:]*:/, "").trim() || undefined;
      return { name: index === 0 ? (nameOf(phrase) ?? nameOf(comment)) : undefined, address };
    });
  }
  const sign = [...phrase.matchAll(/@/g)].find(({ index }) => !opaque.some(([from, to]) => index >= from && index < to))?.index;
  if (sign === undefined) {
    // `Name,(<a@example.com>)`: use an address in brackets inside quotes or a comment if there is no other.
    const hidden = /<([^<>\s@]*@[^<>\s@]*)>/.exec(`${inQuotes} ${comment}`)?.[1];
    return phrase.trim() === "" && hidden === undefined ? [] : [{ name: nameOf(phrase) ?? nameOf(comment), address: hidden }];
  }
  const from = startOfWord(phrase, sign);
  const end = phrase.slice(sign).search(/[\s,]/);
  const to = end < 0 ? phrase.length : sign + end;
  const names = `${phrase.slice(0, from)} ${phrase.slice(to)}`;
  return [{ name: nameOf(names) ?? nameOf(comment), address: phrase.slice(from, to).trim() }];
}

function startOfWord(phrase: string, sign: number): number {
  let at = sign;
  while (at > 0 && !/[\s,]/.test(phrase.charAt(at - 1))) at -= 1;
  return at;
}
