import { decodeCharset } from "./charset.ts";
import { decodeWords } from "./encoded-words.ts";

/** A value with parameters, such as Content-Type: value and names in lower case, RFC 2231 continuations joined and decoded. */
export interface Parameterised {
  readonly value: string;
  readonly parameters: ReadonlyMap<string, string>;
}

export function parseParameters(text: string, otherwise: string): Parameterised {
  const pieces = splitOutsideQuotes(text);
  const value = (pieces[0] ?? "").replace(/\(.*$/s, "").trim().toLowerCase();
  const raw = new Map<string, string>();
  for (const piece of pieces.slice(1)) {
    const equals = piece.indexOf("=");
    if (equals < 0) continue;
    const name = piece.slice(0, equals).trim().toLowerCase();
    if (!raw.has(name)) raw.set(name, unquote(piece.slice(equals + 1).trim()));
  }
  return { value: value === "" ? otherwise : value, parameters: joinContinuations(raw) };
}

function splitOutsideQuotes(text: string): string[] {
  const pieces: string[] = [];
  let piece = "";
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (char === '"') quoted = !quoted;
    if (char === "\\" && quoted) {
      piece += char + text.charAt(at + 1);
      at += 1;
    } else if (char === ";" && !quoted) {
      pieces.push(piece);
      piece = "";
    } else piece += char;
  }
  // End an unclosed quote as early as possible: it would hide the parameters after it.
  return quoted ? [...pieces, ...piece.split(";")] : [...pieces, piece];
}

function unquote(text: string): string {
  if (!text.startsWith('"')) return text.replace(/(?<!\s)\s+\(.*$/s, "");
  let out = "";
  for (let at = 1; at < text.length && text.charAt(at) !== '"'; at += 1) {
    if (text.charAt(at) === "\\") at += 1;
    out += text.charAt(at);
  }
  return out;
}

/** RFC 2231: `name*0*`, `name*1`, `name*`. Many mailers use encoded words (RFC 2047) instead, although the standard forbids them here. */
function joinContinuations(raw: ReadonlyMap<string, string>): Map<string, string> {
  const out = new Map<string, string>();
  for (const [name, value] of raw) {
    const star = name.indexOf("*");
    if (star < 0) {
      if (!out.has(name)) out.set(name, decodeWords(value));
      continue;
    }
    const bare = name.slice(0, star);
    if (name !== `${bare}*` && name !== `${bare}*0` && name !== `${bare}*0*`) continue;
    out.set(bare, name === `${bare}*` ? decodeExtended([{ value, encoded: true }]) : decodeExtended(sections(raw, bare)));
  }
  return out;
}

interface Section {
  readonly value: string;
  readonly encoded: boolean;
}

function sections(raw: ReadonlyMap<string, string>, name: string): Section[] {
  const found: Section[] = [];
  for (;;) {
    const encoded = raw.get(`${name}*${found.length}*`);
    const value = encoded ?? raw.get(`${name}*${found.length}`);
    if (value === undefined) return found;
    found.push({ value, encoded: encoded !== undefined });
  }
}

function decodeExtended(parts: readonly Section[]): string {
  const first = parts[0];
  const head = first?.encoded ? /^([^']*)'[^']*'/.exec(first.value) : undefined;
  const bytes = parts.map(({ value, encoded }, index) => {
    const text = index === 0 && head ? value.slice(head[0].length) : value;
    return encoded ? percentBytes(text) : Buffer.from(text, "utf8");
  });
  return decodeCharset(Buffer.concat(bytes), head?.[1] ?? "utf-8");
}

function percentBytes(text: string): Buffer {
  const pieces = text.split(/(%[0-9a-fA-F]{2})/);
  return Buffer.concat(
    pieces.map((piece) => (/^%[0-9a-fA-F]{2}$/.test(piece) ? Buffer.from(piece.slice(1), "hex") : Buffer.from(piece, "utf8"))),
  );
}
