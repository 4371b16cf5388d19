import type { DecodeText } from "./charset.ts";
import { decodeWords } from "./encoded-words.ts";

/** The parameters of a field such as Content-Type (RFC 2045, 5.1), by lower-case name; the first of equal names. */
export type Parameters = ReadonlyMap<string, string>;

/** Maximum number of parameters read: no mailer writes so many, continuations included. */
const maxParameters = 1000;

/** Reads the parameters in linear time; `value` has one character per byte. An unclosed quoted text extends to the next semicolon. */
export function parametersOf(value: string): Parameters {
  const found = new Map<string, string>();
  const commentEnd = commentsIn(value);
  const quotedAt = quotesIn(value);
  const skipComments = (from: number): number => {
    let at = from;
    for (;;) {
      while (/\s/.test(value[at] ?? "")) at += 1;
      const end = commentEnd(at);
      if (end === undefined) return at;
      at = end;
    }
  };
  let at = 0;
  while (at < value.length && value[at] !== ";") at = commentEnd(at) ?? quotedAt(at)?.end ?? at + 1;
  let equals = -1;
  while (at < value.length && found.size < maxParameters) {
    at = skipComments(at + 1);
    const semicolon = indexOr(value, ";", at);
    if (equals < at) equals = indexOr(value, "=", at);
    if (equals >= semicolon) {
      at = semicolon;
      continue;
    }
    const name = value.slice(at, equals).replace(/\(.*/s, "").trim().toLowerCase();
    let from = equals + 1;
    while (/\s/.test(value[from] ?? "")) from += 1;
    const quoted = quotedAt(from);
    const end = indexOr(value, ";", quoted?.end ?? from);
    const text = quoted?.text ?? value.slice(from, end).replace(/^"/, "").trimEnd();
    if (name !== "" && !found.has(name)) found.set(name, text);
    at = end;
  }
  return found;
}

/** Returns a function that finds the end of the comment at a position. Comments nest (RFC 5322, 3.2.2). After an unclosed comment it finds none. */
function commentsIn(value: string): (from: number) => number | undefined {
  let isOver = false;
  return (from) => {
    if (isOver || value[from] !== "(") return undefined;
    let depth = 0;
    for (let at = from; at < value.length; at++) {
      if (value[at] === "\\") at += 1;
      else if (value[at] === "(") depth += 1;
      else if (value[at] === ")" && --depth === 0) return at + 1;
    }
    isOver = true;
    return undefined;
  };
}

/**
 * Returns a function that finds the quoted text at a position. After an unclosed one it finds none: every later quote would be read in the same
 * way.
 */
function quotesIn(value: string): (from: number) => { readonly text: string; readonly end: number } | undefined {
  let isOver = false;
  return (from) => {
    if (isOver || value[from] !== '"') return undefined;
    let text = "";
    for (let at = from + 1; at < value.length; at++) {
      const character = value[at] ?? "";
      if (character === '"') return { text, end: at + 1 };
      if (character === "\\" && at + 1 < value.length) text += value[++at] ?? "";
      else text += character;
    }
    isOver = true;
    return undefined;
  };
}

function indexOr(value: string, wanted: string, from: number): number {
  const at = value.indexOf(wanted, from);
  return at < 0 ? value.length : at;
}

interface Piece {
  readonly raw: string;
  readonly isEncoded: boolean;
}

/** Returns the pieces of a parameter (RFC 2231, 3 and 4): `name*`, or `name*0`, `name*1*`, … */
function piecesOf(parameters: Parameters, name: string): readonly Piece[] {
  const single = parameters.get(`${name}*`);
  if (single !== undefined) return [{ raw: single, isEncoded: true }];
  const pieces: Piece[] = [];
  for (;;) {
    const encoded = parameters.get(`${name}*${pieces.length}*`);
    const raw = encoded ?? parameters.get(`${name}*${pieces.length}`);
    if (raw === undefined) return pieces;
    pieces.push({ raw, isEncoded: encoded !== undefined });
  }
}

/** Returns the text of a parameter: extended and continued (RFC 2231), or with the encoded words that mailers write against the rule. */
export function parameterText(parameters: Parameters, name: string, decode: DecodeText): string | undefined {
  const pieces = piecesOf(parameters, name);
  const first = pieces[0];
  if (first === undefined) {
    const raw = parameters.get(name);
    return raw === undefined ? undefined : decodeWords(raw, decode);
  }
  const head = first.isEncoded ? /^([^']*)'[^']*'/.exec(first.raw) : null;
  // Encoded words (RFC 2047) that were cut into pieces.
  if (!pieces.some(({ isEncoded }) => isEncoded)) return decodeWords(pieces.map(({ raw }) => raw).join(""), decode);
  const bytes = pieces.map(({ raw, isEncoded }, index) => {
    const text = index === 0 && head !== null ? raw.slice(head[0].length) : raw;
    return Buffer.from(isEncoded ? unescaped(text) : text, "latin1");
  });
  return decode(Buffer.concat(bytes), head?.[1] || undefined);
}

/** Returns a parameter with one character per byte, to compare it with bytes of the message. */
export function parameterBytes(parameters: Parameters, name: string): string | undefined {
  const pieces = piecesOf(parameters, name);
  if (pieces.length === 0) return parameters.get(name);
  return pieces
    .map(({ raw, isEncoded }, index) => (isEncoded ? unescaped(index === 0 ? raw.replace(/^[^']*'[^']*'/, "") : raw) : raw))
    .join("");
}

function unescaped(text: string): string {
  return text.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
