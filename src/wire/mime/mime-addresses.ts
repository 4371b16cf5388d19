import type { DecodeText } from "./charset.ts";
import { decodeWords, indexEncodedWords } from "./encoded-words.ts";

/** An address as a header names it. */
export interface NamedAddress {
  readonly name?: string | undefined;
  readonly address?: string | undefined;
}

/** More than Exchange allows in a message; more was made to do harm. */
const maxAddresses = 5000;

interface Token {
  /** `word`: an encoded word, which is part of a name whatever it contains. */
  readonly kind: "text" | "word" | "quoted" | "angle" | "comment" | "end";
  readonly raw: string;
}

/**
 * Reads the addresses of a header (RFC 5322, 3.4), including members of groups; `raw` has one character per byte. A comma separates only parts that
 * contain an address: in `Name ,_<a@example.com>` it belongs to the name, which its mailer forgot to quote.
 */
export function addressesOf(raw: string, decode: DecodeText): NamedAddress[] {
  const found: NamedAddress[] = [];
  let tokens: Token[] = [];
  let hasAddress = false;
  const finish = (): void => {
    while (isGap(tokens.at(-1))) tokens.pop();
    if (found.length < maxAddresses) for (const one of read(tokens, decode)) found.push(one);
    tokens = [];
    hasAddress = false;
  };
  for (const token of tokensOf(raw)) {
    if (token.kind !== "end") {
      tokens.push(token);
      hasAddress ||= isAddress(token);
    } else if (token.raw === ":") {
      tokens = [];
      hasAddress = false;
    } else if (token.raw === ";" || hasAddress) finish();
    else if (tokens.length > 0) tokens.push({ kind: "text", raw: "," });
  }
  finish();
  return found.filter(({ name, address }) => name !== undefined || address !== undefined);
}

function isGap(token: Token | undefined): boolean {
  return token?.kind === "text" && (token.raw === "," || token.raw.trim() === "");
}

function isAddress({ kind, raw }: Token): boolean {
  return kind === "angle" || (kind === "text" && raw.includes("@"));
}

function* tokensOf(raw: string): Generator<Token> {
  const wordEnd = indexEncodedWords(raw);
  const enclosed = enclosedIn(raw);
  // RFC 5322, 3.4: a group ends in a semicolon. Without one, the colon is part of a name.
  const lastSemicolon = raw.lastIndexOf(";");
  let textFrom = 0;
  let at = 0;
  while (at < raw.length) {
    const character = raw[at] ?? "";
    const isEnd = character === "," || character === ";" || (character === ":" && at < lastSemicolon);
    const word = character === "=" ? wordEnd(at) : undefined;
    const found = isEnd
      ? { kind: "end" as const, raw: character, end: at + 1 }
      : word === undefined
        ? enclosed(at)
        : { kind: "word" as const, raw: raw.slice(at, word), end: word };
    if (found === undefined) {
      at += 1;
      continue;
    }
    if (at > textFrom) yield { kind: "text", raw: raw.slice(textFrom, at) };
    yield found;
    at = found.end;
    textFrom = at;
  }
  if (at > textFrom) yield { kind: "text", raw: raw.slice(textFrom) };
}

const pairs: ReadonlyMap<string, { readonly kind: "quoted" | "angle" | "comment"; readonly close: string }> = new Map([
  ['"', { kind: "quoted", close: '"' }],
  ["<", { kind: "angle", close: ">" }],
  ["(", { kind: "comment", close: ")" }],
]);

/**
 * Finds text between quotes, angle brackets or parentheses. An unclosed quote or comment is text, or it would hide the address after it; from there
 * on none is searched. An unclosed angle bracket extends to the end.
 */
function enclosedIn(raw: string): (from: number) => (Token & { readonly end: number }) | undefined {
  const over = new Set<string>();
  return (from) => {
    const pair = pairs.get(raw[from] ?? "");
    if (pair === undefined || over.has(pair.kind)) return undefined;
    let depth = 1;
    let inside = "";
    for (let at = from + 1; at < raw.length; at++) {
      const character = raw[at] ?? "";
      if (character === pair.close && --depth === 0) return { kind: pair.kind, raw: inside, end: at + 1 };
      if (character === "(" && pair.kind === "comment") depth += 1;
      const isEscape = character === "\\" && pair.kind !== "angle" && at + 1 < raw.length;
      inside += isEscape ? (raw[++at] ?? "") : character;
    }
    over.add(pair.kind);
    return pair.kind === "angle" ? { kind: "angle", raw: inside, end: raw.length } : undefined;
  };
}

function read(tokens: readonly Token[], decode: DecodeText): NamedAddress[] {
  const out: NamedAddress[] = [];
  let before: Token[] = [];
  for (const token of tokens) {
    if (token.kind !== "angle") before.push(token);
    else {
      out.push({ name: nameOf(before, decode), address: addressIn(token.raw, decode) });
      before = [];
    }
  }
  // Text after the last angle bracket belongs to no address.
  return out.length > 0 ? out : addressesWithoutBrackets(before, decode);
}

/** Reads addresses without angle brackets: the word with the "@" is the address, the rest is the name. */
function addressesWithoutBrackets(tokens: readonly Token[], decode: DecodeText): NamedAddress[] {
  const at = tokens.findIndex(isAddress);
  const token = tokens[at];
  if (token === undefined) return [{ name: nameOf(tokens, decode), address: enclosedAddress(tokens, decode) }];
  const comma = tokens.findLastIndex(({ kind, raw }, index) => index < at && kind === "text" && raw === ",");
  const { address, rest } = findAddressWord(token.raw);
  const before = tokens[at - 1];
  // `"john doe"@example.com`
  const local = address.startsWith("@") && before?.kind === "quoted" ? `"${before.raw}"` : "";
  const others = [...tokens.slice(comma + 1, local === "" ? at : at - 1), { kind: "text" as const, raw: rest }, ...tokens.slice(at + 1)];
  // Names without an address before this one, as in `Bob, ann@example.com`.
  const names = comma < 0 ? [] : [{ name: nameOf(tokens.slice(0, comma), decode) }];
  return [...names, { name: nameOf(others, decode), address: textOf(`${local}${address}`, decode) }];
}

/** Finds an address in angle brackets within a comment or quotes, if there is no other, as in `Name,(<ann@example.com>)`. */
function enclosedAddress(tokens: readonly Token[], decode: DecodeText): string | undefined {
  const enclosed = tokens
    .filter(({ kind }) => kind === "comment" || kind === "quoted")
    .flatMap(({ raw }) => [...raw.matchAll(/<([^<>\s]*)>/g)]);
  const found = enclosed.map(([, inside = ""]) => inside).find((inside) => inside.includes("@"));
  return found === undefined ? undefined : addressIn(found, decode);
}

/** Finds the word with the "@". White space may surround the "@" (RFC 5322, 4.4). */
function findAddressWord(text: string): { readonly address: string; readonly rest: string } {
  const words = text.trim().split(/\s+/);
  const index = words.findIndex((word) => word.includes("@"));
  const from = index > 0 && words[index]?.startsWith("@") ? index - 1 : index;
  const to = words[index]?.endsWith("@") ? index + 2 : index + 1;
  return { address: words.slice(from, to).join(""), rest: ` ${[...words.slice(0, from), ...words.slice(to)].join(" ")} ` };
}

/** Returns the address in an angle bracket, without the route of RFC 822 (`@a,@b:user@host`). */
function addressIn(raw: string, decode: DecodeText): string | undefined {
  return textOf(raw.trimStart().replace(/^@[^:]*:/, ""), decode);
}

function textOf(raw: string, decode: DecodeText): string | undefined {
  const text = raw.trim();
  return (/^[\0-\x7f]*$/.test(text) ? text : decode(Buffer.from(text, "latin1"), undefined)) || undefined;
}

/** Returns the words before an address; if there are none, the comment beside it, where old mailers write a name. */
function nameOf(tokens: readonly Token[], decode: DecodeText): string | undefined {
  const phrase = tokens.filter(({ kind }) => kind !== "comment");
  const used = phrase.some(({ raw }) => raw.trim() !== "") ? phrase : tokens;
  const raw = used.map((token) => token.raw).join("");
  return (
    decodeWords(raw, decode)
      .replace(/[ \t\r\n]+/g, " ")
      .trim() || undefined
  );
}
