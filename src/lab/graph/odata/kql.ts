import { containsWords, dateTest, QueryParser, sizeTest, type Token, wordsOf } from "../../ews/search/query-string.ts";
import { badRequest } from "../errors.ts";
import type { Searched } from "../row.ts";

const pattern =
  /\s*(?:(?<bracket>[()])|(?<minus>-?)(?:(?<property>\p{L}+)(?<sign>:|>=|<=|<>|>|<|=))?(?:"(?<quoted>[^"]*)"?|(?<plain>[^\s()"]+))?)/uy;

/** Splits a query. A comparison is one token with its value: `received>=2026-11-01` is about `received`, with the value `>=2026-11-01`. */
function tokensOf(text: string): readonly Token[] {
  const found: Token[] = [];
  /** Properties of the parentheses that are open: `subject:(a OR b)` gives its own to each word inside. */
  const scopes: (string | undefined)[] = [];
  let pending: string | undefined;
  const end = text.trimEnd().length;
  pattern.lastIndex = 0;
  while (pattern.lastIndex < end) {
    const before = pattern.lastIndex;
    const { bracket, minus, property, sign = "", quoted, plain } = pattern.exec(text)?.groups ?? {};
    if (pattern.lastIndex <= before) throw syntaxError(text, before);
    if (bracket === "(" || bracket === ")") {
      if (bracket === "(") scopes.push(pending ?? scopes.at(-1));
      else scopes.pop();
      pending = undefined;
      found.push({ kind: bracket });
      continue;
    }
    if (minus === "-" || sign === "<>") found.push({ kind: "NOT" });
    if (property === undefined && (plain === "AND" || plain === "OR" || plain === "NOT")) {
      found.push({ kind: plain });
      continue;
    }
    if (property !== undefined && quoted === undefined && plain === undefined && text[pattern.lastIndex] === "(") {
      pending = property.toLowerCase();
      continue;
    }
    const value = quoted ?? plain ?? "";
    const name = property?.toLowerCase() ?? scopes.at(-1);
    const compared = sign === ":" || sign === "=" || sign === "<>" ? value : sign + value;
    found.push({
      kind: "word",
      text: compared,
      quoted: quoted !== undefined,
      ...(name === undefined ? {} : { property: name }),
    });
  }
  return found;
}

function syntaxError(text: string, at: number): Error {
  return badRequest(`Syntax error: character '${text[at] ?? ""}' is not valid at position ${at} in '${text}'.`);
}

/**
 * The value of `$search` without its quotes; a backslash keeps a quote inside. Only plain words can do without. Throws GraphError.
 * @see https://learn.microsoft.com/en-us/graph/search-query-parameter#using-search-on-message-collections
 */
function unquoted(text: string): string {
  const trimmed = text.trim();
  if (!trimmed.startsWith('"')) {
    const at = [...trimmed].findIndex((letter) => !/[\p{L}\p{N}_ ]/u.test(letter));
    if (at >= 0) throw syntaxError(trimmed, at);
    if (trimmed === "") throw badRequest("The query parameter '$search' is empty.");
    return trimmed;
  }
  const [, inside] = /^"((?:[^"\\]|\\.)*)"$/s.exec(trimmed) ?? [];
  if (inside === undefined) {
    const at = trimmed.slice(1).search(/(?<!\\)"/) + 1;
    throw syntaxError(trimmed, at === 0 ? trimmed.length - 1 : at + 1 < trimmed.length ? at + 1 : at);
  }
  return inside.replace(/\\(.)/gs, "$1");
}

/**
 * Converts a search in the keyword query language, as far as it applies to messages, to a predicate. Throws GraphError.
 * @see https://learn.microsoft.com/en-us/graph/search-query-parameter#using-search-on-message-collections
 */
export function readSearch(value: string, now: Date): (message: Searched) => boolean {
  const text = unquoted(value);
  const tooDeep = (): Error => badRequest("The search query is too complex.", "ErrorInvalidUrlQuery");
  return new QueryParser<Searched>(tokensOf(text), (property, words, quoted) => term(property, words, quoted, now), tooDeep).whole();
}

/** The texts that a property searches. */
const texts: Readonly<Record<string, (message: Searched) => readonly string[]>> = {
  subject: ({ subject }) => [subject],
  body: ({ body }) => [body],
  from: ({ from }) => from,
  to: ({ to }) => to,
  cc: ({ cc }) => cc,
  bcc: ({ bcc }) => bcc,
  recipients: ({ to, cc, bcc }) => [...to, ...cc, ...bcc],
  participants: ({ from, to, cc, bcc }) => [...from, ...to, ...cc, ...bcc],
  attachment: ({ attachments }) => attachments,
};

function term(property: string | undefined, text: string, quoted: boolean, now: Date): (message: Searched) => boolean {
  const words = wordsOf(text);
  const inside = (all: (message: Searched) => readonly string[]) => (message: Searched) =>
    containsWords(all(message), words, quoted && !text.endsWith("*"));
  const read = property === undefined ? defaults : texts[property];
  if (read !== undefined) return inside(read);
  switch (property) {
    case "hasattachment":
    case "hasattachments":
      return ({ hasAttachments }) => hasAttachments === /^(true|yes|1)$/i.test(text);
    case "importance":
      return ({ importance }) => importance === (text.toLowerCase() === "medium" ? "normal" : text.toLowerCase());
    case "received":
      return dateTest(({ received }) => received, text, now);
    case "sent":
      return dateTest(({ sent }) => sent, text, now);
    case "size":
      return sizeTest(text);
    case "kind":
      return () => /^(email|emails|messages?)$/i.test(text);
    default: {
      // Not a property of the language: text like any other.
      const all = wordsOf(`${property} ${text}`);
      return (message) => containsWords(defaults(message), all, quoted);
    }
  }
}

function defaults({ from, subject, body }: Searched): readonly string[] {
  return [...from, subject, body];
}
