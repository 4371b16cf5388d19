import type { Grammar } from "./grammar.ts";

const whole =
  (low: number | bigint, high: number | bigint) =>
  (text: string): boolean => {
    if (!/^[+-]?\d{1,40}$/.test(text)) return false;
    const value = BigInt(text.replace("+", ""));
    return value >= BigInt(low) && value <= BigInt(high);
  };

const zone = "(?:Z|[+-](?:0\\d|1[0-4]):[0-5]\\d)?";
const day = "-?\\d{4,9}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01])";
const hour = "(?:(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d+)?|24:00:00(?:\\.0+)?)";
const matches = (pattern: string) => {
  const compiled = new RegExp(`^(?:${pattern})$`);
  return (text: string): boolean => compiled.test(text);
};

/** Days that no calendar has, such as 2026-02-30, which a pattern lets through. */
const realDay = (text: string): boolean => {
  const [, year, month, date] = /^-?(\d{4,9})-(\d\d)-(\d\d)/.exec(text) ?? [];
  return new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate() >= Number(date);
};

/** Searches for forbidden text: a pattern over the whole text would need a stack as large as an attachment. */
const isBase64 = (text: string): boolean => {
  const packed = text.replace(/[\t\n\r ]+/g, "");
  const end = packed.endsWith("==") ? packed.length - 2 : packed.endsWith("=") ? packed.length - 1 : packed.length;
  return packed.length % 4 === 0 && !/[^A-Za-z0-9+/]/.test(packed.slice(0, end));
};

/** The simple types of XML Schema that requests use: https://www.w3.org/TR/xmlschema-2/#built-in-datatypes */
const builtIn: Readonly<Record<string, (text: string) => boolean>> = {
  string: () => true,
  anyURI: () => true,
  boolean: (text) => ["true", "false", "1", "0"].includes(text),
  int: whole(-2147483648, 2147483647),
  long: whole(-(2n ** 63n), 2n ** 63n - 1n),
  short: whole(-32768, 32767),
  unsignedInt: whole(0, 4294967295),
  unsignedShort: whole(0, 65535),
  nonNegativeInteger: whole(0, 10n ** 40n),
  double: matches("[+-]?(?:\\d+(?:\\.\\d*)?|\\.\\d+)(?:[eE][+-]?\\d+)?|-?INF|NaN"),
  dateTime: (text) => matches(`${day}T${hour}${zone}`)(text) && realDay(text),
  date: (text) => matches(`${day}${zone}`)(text) && realDay(text),
  time: matches(`${hour}${zone}`),
  duration: (text) => /^-?P(?=.)(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?=.)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?$/.test(text),
  language: matches("[a-zA-Z]{1,8}(?:-[a-zA-Z0-9]{1,8})*"),
  base64Binary: isBase64,
};

/** Returns why a text is not a value of a simple type, or undefined. */
export function simpleProblem(grammar: Grammar, type: string, text: string): string | undefined {
  const check = Object.hasOwn(builtIn, type) ? builtIn[type] : undefined;
  if (check !== undefined)
    return check(type === "string" ? text : text.trim()) ? undefined : `The string '${excerpt(text)}' is not a valid ${type} value.`;
  const facts = grammar.types.get(type);
  if (facts?.kind === "complex" && facts.text !== undefined) return simpleProblem(grammar, facts.text, text);
  if (facts?.kind !== "simple") return `The type ${type} has no text.`;
  if (facts.values) return facts.values.has(text) ? undefined : "The Enumeration constraint failed.";
  if (facts.list !== undefined) {
    const list = facts.list;
    return text
      .split(/\s+/)
      .map((item) => (item === "" ? undefined : simpleProblem(grammar, list, item)))
      .find((problem) => problem !== undefined);
  }
  if (facts.union)
    return facts.union.some((one) => simpleProblem(grammar, one, text) === undefined) ? undefined : "No type of the union accepts it.";
  const problem = facts.base === undefined ? undefined : simpleProblem(grammar, facts.base, text);
  if (problem !== undefined) return problem;
  if (facts.min !== undefined && Number(text) < facts.min) return "The MinInclusive constraint failed.";
  if (facts.max !== undefined && Number(text) > facts.max) return "The MaxInclusive constraint failed.";
  if (facts.minLength !== undefined && text.length < facts.minLength) return "The MinLength constraint failed.";
  return facts.pattern && !facts.pattern.test(text) ? "The Pattern constraint failed." : undefined;
}

/** Enough of a value to recognise it. */
export function excerpt(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
