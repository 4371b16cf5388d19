import type { LabAddress } from "../../store/address.ts";
import type { AnyItem } from "../items/item-facts.ts";
import { ItemError } from "../operation.ts";
import type { Predicate } from "./restriction.ts";

/**
 * Reads the part of Advanced Query Syntax for messages: words (matched at the start of a word), phrases in quotes, `property:value`,
 * comparisons and ranges of dates and sizes, AND, OR, NOT and parentheses. Operators are written in capitals, as the syntax wants them.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/querystring-querystringtype
 */
export function readQuery(text: string, now: Date): Predicate {
  if (text.trim() === "") return () => true;
  // EWS itself cuts nothing here; a longer query only costs time.
  if (text.length > 10_000) throw new ItemError("ErrorQueryFilterTooLong", "The query is too long.");
  const read = (property: string | undefined, words: string, quoted: boolean): Predicate => term(property, words, quoted, now);
  const tooDeep = (): Error => new ItemError("ErrorRestrictionTooComplex", "The query is too complex.");
  return new QueryParser(tokens(text), read, tooDeep).whole();
}

/** A piece of a query. */
export type Token =
  | { readonly kind: "(" | ")" | "AND" | "OR" | "NOT" }
  | { readonly kind: "word"; readonly text: string; readonly quoted: boolean; readonly property?: string };

const tokenPattern = /\s*(?:([()])|(-?)(\p{L}+):\s*(?=\()|(-?)(?:(\p{L}+):\s*)?(?:"([^"]*)"?|([^\s()"]+)))/uy;

/** Splits the text. `property:(a OR b)` applies the property to every word inside the parentheses. */
function tokens(text: string): readonly Token[] {
  const found: Token[] = [];
  const scopes: (string | undefined)[] = [];
  let pending: string | undefined;
  tokenPattern.lastIndex = 0;
  for (let match = tokenPattern.exec(text); match !== null; match = tokenPattern.exec(text)) {
    const [, bracket, scopeMinus, scope, minus, property, quoted, plain] = match;
    if (scope !== undefined) {
      if (scopeMinus === "-") found.push({ kind: "NOT" });
      pending = scope.toLowerCase();
      continue;
    }
    if (bracket === "(") {
      scopes.push(pending ?? scopes.at(-1));
      pending = undefined;
      found.push({ kind: "(" });
      continue;
    }
    if (bracket === ")") {
      scopes.pop();
      found.push({ kind: ")" });
      continue;
    }
    if (minus === "-") found.push({ kind: "NOT" });
    if (property === undefined && minus !== "-" && (plain === "AND" || plain === "OR" || plain === "NOT")) {
      found.push({ kind: plain });
      continue;
    }
    const name = property?.toLowerCase() ?? scopes.at(-1);
    found.push({
      kind: "word",
      text: quoted ?? plain ?? "",
      quoted: quoted !== undefined,
      ...(name === undefined ? {} : { property: name }),
    });
  }
  return found;
}

/** Deeper parentheses than any query of a person. */
const depthLimit = 100;

type Test<T> = (item: T) => boolean;

/** Combines the pieces; OR binds less than adjacent words. `read` turns one piece into a test. */
export class QueryParser<T> {
  readonly #tokens: readonly Token[];
  readonly #read: (property: string | undefined, text: string, quoted: boolean) => Test<T>;
  readonly #tooDeep: () => Error;
  #at = 0;
  #depth = 0;

  constructor(all: readonly Token[], read: (property: string | undefined, text: string, quoted: boolean) => Test<T>, tooDeep: () => Error) {
    this.#tokens = all;
    this.#read = read;
    this.#tooDeep = tooDeep;
  }

  whole(): Test<T> {
    const parts: Test<T>[] = [];
    while (this.#at < this.#tokens.length) {
      parts.push(this.#or());
      // A closing bracket without an opening one means nothing.
      if (this.#tokens[this.#at]?.kind === ")") this.#at += 1;
    }
    return (item) => parts.every((part) => part(item));
  }

  #or(): Test<T> {
    const any = [this.#and()];
    while (this.#tokens[this.#at]?.kind === "OR") {
      this.#at += 1;
      any.push(this.#and());
    }
    return any.length === 1 && any[0] !== undefined ? any[0] : (item) => any.some((part) => part(item));
  }

  #and(): Test<T> {
    const all: Test<T>[] = [];
    for (;;) {
      const next = this.#tokens[this.#at];
      if (next === undefined || next.kind === "OR" || next.kind === ")") break;
      if (next.kind === "AND") this.#at += 1;
      else all.push(this.#not());
    }
    return (item) => all.every((part) => part(item));
  }

  #not(): Test<T> {
    const token = this.#tokens[this.#at];
    this.#at += 1;
    if (token === undefined || token.kind === "AND" || token.kind === "OR" || token.kind === ")") return () => true;
    if (token.kind === "word") return this.#read(token.property, token.text, token.quoted);
    this.#depth += 1;
    if (this.#depth > depthLimit) throw this.#tooDeep();
    const inner = token.kind === "NOT" ? this.#not() : this.#or();
    if (token.kind === "(" && this.#tokens[this.#at]?.kind === ")") this.#at += 1;
    this.#depth -= 1;
    return token.kind === "NOT" ? (item) => !inner(item) : inner;
  }
}

/** The words of a text, in lower case. */
export function wordsOf(text: string): readonly string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? [];
}

/** Returns whether the words follow one another in one of the texts; the last may be incomplete, unless `exact`. */
export function containsWords(texts: readonly string[], wanted: readonly string[], exact: boolean): boolean {
  if (wanted.length === 0) return false;
  const last = wanted.length - 1;
  return texts.some((text) => {
    const words = wordsOf(text);
    return words.some((_, start) =>
      wanted.every((want, offset) => {
        const word = words[start + offset];
        return word !== undefined && (offset === last && !exact ? word.startsWith(want) : word === want);
      }),
    );
  });
}

const addresses = (all: readonly (LabAddress | undefined)[]): readonly string[] =>
  all.flatMap((one) => [one?.name ?? "", one?.address ?? ""]);

const attachmentNames = (item: AnyItem): readonly string[] => item.attachments.map(({ name }) => name ?? "");

/** The texts that a property of the syntax searches. */
const textProperties: Readonly<Record<string, (item: AnyItem) => readonly string[]>> = {
  subject: (item) => [item.subject],
  body: (item) => [item.text],
  content: (item) => [item.text],
  from: (item) => addresses([item.from, item.sender]),
  to: (item) => addresses(item.to),
  cc: (item) => addresses(item.cc),
  bcc: (item) => addresses(item.bcc),
  participants: (item) => addresses([item.from, ...item.to, ...item.cc, ...item.bcc]),
  recipients: (item) => addresses([...item.to, ...item.cc, ...item.bcc]),
  attachment: attachmentNames,
  attachments: attachmentNames,
  attachmentnames: attachmentNames,
  category: (item) => item.categories,
  importance: (item) => [item.importance],
};

const everything = (item: AnyItem): readonly string[] => [
  item.subject,
  item.text,
  ...addresses([item.from, item.sender, ...item.to, ...item.cc, ...item.bcc]),
  ...attachmentNames(item),
  ...item.categories,
];

const isYes = (text: string): boolean => /^(true|yes|1)$/i.test(text);

function term(property: string | undefined, text: string, quoted: boolean, now: Date): Predicate {
  const starred = text.endsWith("*");
  const wanted = wordsOf(text);
  const inTexts =
    (texts: (item: AnyItem) => readonly string[]): Predicate =>
    (item) =>
      containsWords(texts(item), wanted, quoted && !starred);
  if (property === undefined) return inTexts(everything);
  const texts = textProperties[property];
  if (texts !== undefined) return inTexts(texts);
  switch (property) {
    case "hasattachment":
    case "hasattachments":
      return (item) => item.hasAttachments === isYes(text);
    case "has":
      return (item) => /^attachments?$/i.test(text) && item.hasAttachments;
    case "isread":
    case "read":
      return (item) => item.isRead === isYes(text);
    case "isflagged":
      return (item) => (item.flag.status === "Flagged") === isYes(text);
    case "received":
      return dateTest((item) => item.receivedAt, text, now);
    case "sent":
      return dateTest((item) => item.sentAt, text, now);
    case "size":
      return sizeTest(text);
    case "kind":
      return (item) => kindOf(item.itemClass) === text.toLowerCase().replace(/s$/, "");
    default: {
      // Not a property of the syntax: `foo:bar` is text like any other.
      const words = wordsOf(`${property} ${text}`);
      return (item) => containsWords(everything(item), words, quoted);
    }
  }
}

function kindOf(itemClass: string): string {
  if (/^IPM\.Contact/i.test(itemClass)) return "contact";
  if (/^IPM\.(Appointment|Schedule)/i.test(itemClass)) return "meeting";
  return /^IPM\.Task/i.test(itemClass) ? "task" : "email";
}

const day = 86_400_000;

/** Returns a day, a month, a year, or a word for some days, as [start, end) in milliseconds; undefined if the text is not a date. */
function dateRange(text: string, now: Date): readonly [number, number] | undefined {
  const today = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate());
  const weekStart = today - now.getUTCDay() * day;
  switch (text.toLowerCase()) {
    case "today":
      return [today, today + day];
    case "yesterday":
      return [today - day, today];
    case "this week":
      return [weekStart, weekStart + 7 * day];
    case "last week":
      return [weekStart - 7 * day, weekStart];
    case "this month":
      return [Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1), Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1)];
    case "last month":
      return [Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1, 1), Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1)];
  }
  const american = /^(\d{1,2})\/(\d{1,2})\/(\d{4})$/.exec(text);
  const iso = /^(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?$/.exec(text);
  const [year, month, dayOfMonth] = american ? [american[3], american[1], american[2]] : iso ? [iso[1], iso[2], iso[3]] : [];
  if (year === undefined) {
    const moment = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(/(Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`) : Number.NaN;
    return Number.isNaN(moment) ? undefined : [moment, moment + 1000];
  }
  const [y, m] = [Number(year), Number(month ?? 1) - 1];
  if (month === undefined) return [Date.UTC(y, 0), Date.UTC(y + 1, 0)];
  if (dayOfMonth === undefined) return [Date.UTC(y, m), Date.UTC(y, m + 1)];
  const start = Date.UTC(y, m, Number(dayOfMonth));
  return [start, start + day];
}

/** Returns a test of a number for `value`, `a..b`, `>a`, `>=a`, `<a` or `<=a`; `read` returns the range that a value stands for. */
function rangeTest(text: string, read: (value: string) => readonly [number, number] | undefined): ((found: number) => boolean) | undefined {
  const range = /^(.*?)\.\.(.*)$/s.exec(text);
  if (range !== null) {
    const from = range[1] === "" || range[1] === "*" ? [Number.NEGATIVE_INFINITY] : read(range[1] ?? "");
    const to = range[2] === "" || range[2] === "*" ? [0, Number.POSITIVE_INFINITY] : read(range[2] ?? "");
    const [start, end] = [from?.[0], to?.[1]];
    return start === undefined || end === undefined ? undefined : (found) => found >= start && found < end;
  }
  const compared = /^(>=|<=|>|<|=)?(.*)$/s.exec(text);
  const stretch = read(compared?.[2] ?? "");
  if (stretch === undefined) return undefined;
  const [start, end] = stretch;
  switch (compared?.[1]) {
    case ">=":
      return (found) => found >= start;
    case ">":
      return (found) => found >= end;
    case "<=":
      return (found) => found < end;
    case "<":
      return (found) => found < start;
    default:
      return (found) => found >= start && found < end;
  }
}

/** An invalid date finds nothing. */
export function dateTest<T>(read: (item: T) => Date | undefined, text: string, now: Date): Test<T> {
  const fits = rangeTest(text.trim(), (value) => dateRange(value.trim(), now));
  return (item) => {
    const found = read(item);
    return found !== undefined && (fits?.(found.getTime()) ?? false);
  };
}

const units: Readonly<Record<string, number>> = { "": 1, b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 };

/** Returns a test for `size:1..500`, with or without a unit. */
export function sizeTest(text: string): Test<{ readonly size: number }> {
  const fits = rangeTest(text, (value) => {
    const parts = /^(\d+)\s*([kmg]?b?)$/i.exec(value.trim());
    const size = Number(parts?.[1]) * (units[(parts?.[2] ?? "").toLowerCase()] ?? Number.NaN);
    return Number.isNaN(size) ? undefined : [size, size + 1];
  });
  return (item) => fits?.(item.size) ?? false;
}
