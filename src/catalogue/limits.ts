import * as z from "zod";

/** The most characters (UTF-16 units) of a text. */
export const mostCharacters = {
  /** Local part, @ and domain: RFC 5321 section 4.5.3.1. */
  mailbox: 320,
  /** An email address with a display name before it. */
  address: 1000,
  /** A path of folders: Exchange allows 250 characters for one name and 300 folders in depth, but nobody has both. */
  folder: 4000,
  /** A text to search for. */
  search: 1000,
  /** The longest id of Exchange, that of a public folder, has about 700 characters. An attachment id contains the id of its message. */
  id: 2000,
  /** A line of a header has 998 (RFC 5322 section 2.1.1), and careless senders fold a Message-ID into two. */
  messageId: 2000,
  /** Name of a file: no system has longer ones. */
  fileName: 255,
  /** Path of a file: PATH_MAX of Linux. */
  path: 4096,
  subject: 1000,
  /** One body of a message. */
  body: 32 * 1024 * 1024,
  /** A whole message, or one file, in base64: 150 MB is the maximum of Exchange Online. */
  base64: 200 * 1024 * 1024,
} as const;

/** Maximum number of items of a list that states no limit of its own. */
export const mostItems = 1000;
/** Maximum number of messages that one call names; a search may have found them all. */
export const mostNames = 10_000;

/** Maximum number of bytes of all texts of an input, in addition to fields with larger limits of their own. */
const usualBytes = 256 * 1024;
/** Fields with a larger limit are counted separately. */
const largeField = 64 * 1024;
/** Maximum size of any input, whatever its fields allow together. A string in V8 has at most half a gigabyte. */
const largestInput = 256 * 1024 * 1024;
/** Members and items of an input, at any depth: ten thousand item ids with their Message-IDs are a fifth of it. */
export const mostValues = 100_000;
/** Lists and objects within each other: the deepest input, an attachment, has three. */
export const deepestInput = 32;

const known = new WeakMap<z.ZodObject, number>();

/** Returns the maximum number of bytes of all texts of an input: 256 KB plus the limits of its large fields. */
export function mostBytesOf(schema: z.ZodObject): number {
  const found = known.get(schema);
  if (found !== undefined) return found;
  const large = Object.values(schema.shape)
    .map(characterLimitOf)
    .filter((room) => room > largeField);
  const most = Math.min(
    largestInput,
    large.reduce((sum, room) => sum + room, usualBytes),
  );
  known.set(schema, most);
  return most;
}

/** Returns the maximum number of characters of a field; 0 if only its type limits it. */
function characterLimitOf(field: z.core.$ZodType): number {
  const inner = unwrapSchema(field);
  const most = limitOf(inner) ?? 0;
  if (inner instanceof z.ZodArray) return most * characterLimitOf(inner.element);
  if (inner instanceof z.ZodObject) return Object.values(inner.shape).reduce((sum, member) => sum + characterLimitOf(member), 0);
  return most;
}

/** Returns the most characters of a text, or items of a list, that a schema states. */
export function limitOf(schema: z.core.$ZodType): number | undefined {
  const limits = (schema._zod.def.checks ?? []).flatMap((check) =>
    // Not by its class, because `z.core` as a value pulls all of zod into the program.
    "maximum" in check._zod.def && typeof check._zod.def.maximum === "number" && check._zod.def.check === "max_length"
      ? [check._zod.def.maximum]
      : [],
  );
  return limits.length === 0 ? undefined : Math.min(...limits);
}

/** Returns a schema without its optional, default and similar wrappers. */
export function unwrapSchema(field: z.core.$ZodType): z.core.$ZodType {
  let inner = field;
  while (
    inner instanceof z.ZodOptional ||
    inner instanceof z.ZodDefault ||
    inner instanceof z.ZodPrefault ||
    inner instanceof z.ZodNullable ||
    inner instanceof z.ZodNonOptional ||
    inner instanceof z.ZodReadonly
  ) {
    inner = inner.unwrap();
  }
  return inner;
}

/** Returns one sentence about the limit that an input exceeds; undefined if there is none. Visits each value once, and no more than `mostValues`. */
export function findExcess(input: unknown, mostBytes: number): string | undefined {
  let bytes = 0;
  let values = 0;
  let level: unknown[] = [input];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > deepestInput) return tooDeepText;
    const below: unknown[] = [];
    for (const value of level) {
      if (typeof value === "string") bytes += Buffer.byteLength(value);
      if (typeof value !== "object" || value === null) continue;
      const isList = Array.isArray(value);
      for (const [name, member] of isList ? value.entries() : Object.entries(value)) {
        if (typeof name === "string") bytes += Buffer.byteLength(name);
        if (++values > mostValues) return tooManyValuesText(mostValues);
        below.push(member);
      }
    }
    if (bytes > mostBytes) return tooManyBytesText(mostBytes);
    level = below;
  }
  return undefined;
}

const tooDeepText = `The input is nested more than ${deepestInput} levels deep.`;
function tooManyValuesText(most: number): string {
  return `The input has more than ${most} values.`;
}

/** Says that an input has more bytes than it may have. */
export function tooManyBytesText(mostBytes: number): string {
  return `The input has more than ${mostBytes} bytes.`;
}

/** Says which bound the shape of a JSON text breaks. */
export function brokenShapeText(broken: "deep" | "numerous", most = mostValues): string {
  return broken === "deep" ? tooDeepText : tooManyValuesText(most);
}
