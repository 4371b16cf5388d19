import * as z from "zod";
import { Failure } from "../failure.ts";
import { openShapeCheck } from "../text/json-shape.ts";
import { didYouMean } from "../text/nearest-name.ts";
import { parseJson } from "../text/parse-json.ts";
import { visibleText } from "../text/unicode-form.ts";
import { brokenShapeText, deepestInput, findExcess, limitOf, mostBytesOf, mostValues, tooManyBytesText, unwrapSchema } from "./limits.ts";

/** Other spellings that a list accepts: one text, and other forms of its items than the schema's. */
interface Spelling {
  /** Splits one text into items. A text that is a JSON list was already read as JSON. */
  readonly split: (text: string) => readonly unknown[];
  /** Splits a pasted text instead of `split`, if separators alone do not tell its items apart. */
  readonly paste?: (text: string) => readonly unknown[];
  readonly item?: (value: unknown) => unknown;
  /** Returns the items of an object given in place of the list. */
  readonly object?: (value: object) => readonly unknown[];
}

/** Lists that playbooks send as one text, with the function that splits each. */
export const spellings = z.registry<Spelling>();

/**
 * Fields that narrow what an action works on, or guard it: filters, folders, counts. If an empty value counted as unset, the action would work on
 * more than requested. So it is refused, or the field reads it itself if its schema accepts an empty text. The same applies to None, as Python writes
 * it. Null means unset, as everywhere.
 */
export const narrowing = z.registry<undefined>();

/**
 * Reads the input by its schema, after accepting the spellings of playbooks: `""` and "None" (except in `narrowing` fields), null and unset mean
 * unset; "true" and "false" (ignoring case) are booleans; numeric texts are numbers; a value of an enumeration may have any case; a list may be one
 * text. Throws one Failure `invalid-input` that names every wrong field and what it accepts. Each field is limited by its schema and the whole by
 * `mostBytesOf`, for every face.
 */
export function readInput<In extends z.ZodObject>(schema: In, raw: unknown): z.output<In> {
  const most = mostBytesOf(schema);
  const excess = findExcess(raw, most);
  if (excess !== undefined)
    throw new Failure("invalid-input", excess, { hint: excess === tooManyBytesText(most) ? splitCallHint : undefined });
  const respelt = respellFields(schema, raw);
  const parsed = schema.safeParse(respelt);
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  const problems = issues.slice(0, mostProblems).map((issue) => problemText(schema, issue, respelt));
  const more = issues.length > mostProblems ? [`and ${issues.length - mostProblems} more`] : [];
  throw new Failure("invalid-input", [...problems, ...more].join("; "), { cause: parsed.error });
}

/** With this many errors, the input is wrong in the same way everywhere. */
const mostProblems = 50;
/** Limit for a list that states none. Each wrong item costs microseconds. */
const longestList = 100_000;
/** Hint for an input that is too long. */
export const splitCallHint = "Split the input over several calls.";
/** Far more fields than any schema has. */
const mostFields = 1000;

/** Expected value, where zod names only its type. */
const expectedWords: Readonly<Record<string, string>> = {
  number: "a number",
  boolean: "true or false",
  array: "a list",
  string: "a text",
  object: "an object",
};

function problemText(schema: z.ZodObject, issue: z.core.$ZodIssue, input: unknown): string {
  const [top] = issue.path;
  if (issue.code === "unrecognized_keys") return `${issue.path.map(String).join(".") || "input"}: ${unknownFields(schema, issue)}`;
  const field = typeof top === "string" ? fieldOf(schema, top) : undefined;
  const missing = issue.code === "invalid_type" && issue.input === undefined && issue.message.endsWith("undefined");
  const wanted = issue.code === "invalid_type" && !missing ? expectedWords[issue.expected] : undefined;
  const complaint = missing
    ? "is required"
    : wanted === undefined
      ? (excessOf(issue) ?? noneOfText(issue, input) ?? issue.message)
      : `is not ${wanted}`;
  const expected = field instanceof z.ZodType && field.description !== undefined ? ` (expected: ${field.description})` : "";
  return `${issue.path.map(String).join(".") || "input"}: ${complaint}${expected}`;
}

/** Units in which texts and lists are counted. */
const countUnits: Readonly<Record<string, string>> = { string: "characters", array: "items" };

/** Says which limit a text or a list exceeds. */
function excessOf(issue: z.core.$ZodIssue): string | undefined {
  const unit = issue.code === "too_big" ? countUnits[issue.origin] : undefined;
  return unit === undefined || issue.code !== "too_big" ? undefined : `has more than ${issue.maximum} ${unit}`;
}

/** Names the value that is none of the possible ones, and the nearest of them. */
function noneOfText(issue: z.core.$ZodIssue, input: unknown): string | undefined {
  if (issue.code !== "invalid_value") return undefined;
  const given = issue.path.reduce<unknown>((at, key) => (Object(at) === at ? Reflect.get(Object(at), key) : undefined), input);
  // In quotes: a value is no field, whatever an interface makes of the names of fields.
  const quoted = (value: string) => JSON.stringify(value);
  const values = issue.values.map(String);
  const list = values.map(quoted).join(", ");
  if (typeof given !== "string") return `is not one of ${list}`;
  return `${quoted(given.slice(0, longestName))} is not one of ${list}.${didYouMean(given, values, quoted)}`;
}

/** Field names have a few words; a longer name, or one of many, is not a typing mistake. */
const longestName = 100;
const mostNames = 5;

function unknownFields(schema: z.ZodObject, { keys, path }: z.core.$ZodIssueUnrecognizedKeys): string {
  // Nested objects are not searched for similar names.
  const known = path.length === 0 ? Object.keys(schema.shape) : [];
  const named = keys
    .slice(0, mostNames)
    .map((key) => `there is no field ${JSON.stringify(key.slice(0, longestName))}.${didYouMean(key, known)}`);
  return [...named, ...(keys.length > mostNames ? [`And ${keys.length - mostNames} more.`] : [])].join(" ");
}

function fieldOf(schema: z.ZodObject, name: string): z.core.$ZodType | undefined {
  return Object.hasOwn(schema.shape, name) ? schema.shape[name] : undefined;
}

/** A field that the schema does not know is left as it is, so that a strict schema names it. */
function respellFields(schema: z.ZodObject, raw: unknown): unknown {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) return raw;
  const entries: [string, unknown][] = [];
  const empty: [name: string, what: string][] = [];
  if (Object.keys(raw).length > mostFields) throw new Failure("invalid-input", `An object has more than ${mostFields} fields.`);
  for (const [name, value] of Object.entries(raw)) {
    const field = fieldOf(schema, name);
    if (field === undefined) entries.push([name, value]);
    else if (narrowing.has(unwrapSchema(field)) && isNone(field, value)) empty.push([name, "is None"]);
    else if (narrowing.has(unwrapSchema(field)) && isNarrowingEmpty(field, value, name)) empty.push([name, "is empty"]);
    else if (!isUnset(field, value) || (value === "" && narrowing.has(unwrapSchema(field))))
      entries.push([name, respell(unwrapSchema(field), value, name)]);
  }
  if (empty.length > 0)
    throw new Failure("invalid-input", empty.map(([name, what]) => `${name}: ${what}${emptyFilterText(schema, name)}`).join("; "));
  return Object.fromEntries(entries);
}

/** Whether a value names nothing: an empty text or list, one of invisible characters only, and what splits into nothing. */
function isNarrowingEmpty(field: z.core.$ZodType, value: unknown, name: string): boolean {
  const inner = unwrapSchema(field);
  if (typeof value === "string" && visibleText(value) === "") return !z.safeParse(inner, "").success;
  if (!(inner instanceof z.ZodArray)) return false;
  const items = value === null || value === undefined ? value : respellList(inner, value, name);
  return Array.isArray(items) && items.every((item) => typeof item === "string" && visibleText(item) === "");
}

function emptyFilterText(schema: z.ZodObject, name: string): string {
  const field = fieldOf(schema, name);
  const expected = field instanceof z.ZodType && field.description !== undefined ? ` (expected: ${field.description})` : "";
  return `, which is not the same as left out; leave the field out or set a value${expected}`;
}

function isUnset(field: z.core.$ZodType, value: unknown): boolean {
  return value === "" || value === null || value === undefined || isNone(field, value);
}

/** Playbooks in Python write None for a missing value. No number, boolean or choice has this name; a text may. */
function isNone(field: z.core.$ZodType, value: unknown): boolean {
  if (value !== "None") return false;
  const inner = unwrapSchema(field);
  if (inner instanceof z.ZodEnum) return !inner.options.some((option) => String(option).toLowerCase() === "none");
  return inner instanceof z.ZodNumber || inner instanceof z.ZodBoolean;
}

const numeric = /^\s*[+-]?\d+(\.\d+)?\s*$/;

function respell(field: z.core.$ZodType, value: unknown, name: string): unknown {
  if (field instanceof z.ZodArray) return respellList(field, value, name);
  if (field instanceof z.ZodObject) return respellFields(field, typeof value === "string" ? fromJson(value) : value);
  if (typeof value !== "string") return value;
  if (field instanceof z.ZodBoolean) return { true: true, false: false }[value.trim().toLowerCase()] ?? value;
  if (field instanceof z.ZodNumber) return numeric.test(value) ? Number(value) : value;
  if (field instanceof z.ZodEnum)
    return field.options.find((option) => String(option).toLowerCase() === value.trim().toLowerCase()) ?? value;
  return value;
}

function respellList(field: z.ZodArray, given: unknown, name: string): unknown {
  const spelling = spellings.get(field);
  const value = typeof given === "string" ? fromJson(given) : given;
  let items: readonly unknown[];
  if (Array.isArray(value)) items = value;
  else if (typeof value === "string" && spelling !== undefined) items = (spelling.paste ?? spelling.split)(value);
  else if (typeof value === "object" && value !== null && spelling?.object !== undefined) items = spelling.object(value);
  else return value;
  const most = limitOf(field) ?? longestList;
  // Checked before any item is read.
  if (items.length > most) throw new Failure("invalid-input", `${name}: has more than ${most} items.`, { hint: splitCallHint });
  const element = unwrapSchema(field.element);
  return items
    .filter((item) => item !== "" && item !== null && item !== undefined)
    .map((item) => respell(element, spelling?.item === undefined ? item : spelling.item(item), name));
}

/** A playbook that fills a text template sends lists and objects as JSON text. */
function fromJson(text: string): unknown {
  const trimmed = text.trim();
  if (!trimmed.startsWith("[") && !trimmed.startsWith("{")) return text;
  const broken = openShapeCheck({ depth: deepestInput, values: mostValues }).feed(Buffer.from(trimmed));
  if (broken !== undefined) throw new Failure("invalid-input", brokenShapeText(broken));
  return parseJson(trimmed) ?? text;
}
