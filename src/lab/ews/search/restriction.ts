import type { XmlElement } from "../../xml.ts";
import type { AnyItem } from "../items/item-facts.ts";
import { ItemError } from "../operation.ts";
import { constantFor, type PropertyValue, rankAt, valueAt } from "./properties.ts";
import { type PropertyPath, pathIn } from "./property-path.ts";

export type Predicate<T = AnyItem> = (item: T) => boolean;

/** Reads the properties of one kind of object: items or folders. */
export interface PropertyReaders<T> {
  /** Throws ItemError for a property that cannot be searched by. */
  valueAt(path: PropertyPath): (item: T) => PropertyValue;
  /** The rank of a property that is compared by number although the wire names its values. */
  rankAt(path: PropertyPath): ((item: T) => PropertyValue) | undefined;
}

const ofItems: PropertyReaders<AnyItem> = { valueAt, rankAt };

/** Exchange refuses deeper ones as too complex; its own number is not documented. */
const depthLimit = 100;

const names = new Set([
  "And",
  "Or",
  "Not",
  "Contains",
  "Exists",
  "Excludes",
  "IsEqualTo",
  "IsNotEqualTo",
  "IsGreaterThan",
  "IsGreaterThanOrEqualTo",
  "IsLessThan",
  "IsLessThanOrEqualTo",
]);

function texts(value: PropertyValue): readonly string[] {
  if (value === undefined) return [];
  if (typeof value === "string") return [value];
  if (typeof value === "object" && !(value instanceof Date)) return value;
  return [value instanceof Date ? value.toISOString() : String(value)];
}

/** Reads the children of an expression that are expressions themselves. */
function operands<T>(element: XmlElement, depth: number, of: PropertyReaders<T>): readonly Predicate<T>[] {
  return element.children.filter(({ name }) => names.has(name)).map((child) => readExpression(child, depth + 1, of));
}

/** Normalises a text with at most thirty marks per letter: sorting more takes time quadratic in their number. */
function normalise(text: string, form: "NFD" | "NFKC"): string {
  return text.replace(/(\p{M}{30})\p{M}+/gu, "$1").normalize(form);
}

/** Removes diacritics: é becomes e. */
function withoutDiacritics(text: string): string {
  return normalise(text, "NFD").replace(/\p{M}/gu, "");
}

/** Returns how texts are folded before a comparison. "Loose" ignores the width and form of letters. */
function caseFolding(comparison: string): (text: string) => string {
  const loose = comparison.startsWith("Loose");
  const ignoreCase = comparison.includes("IgnoreCase");
  const ignoreMarks = comparison.includes("NonSpac");
  return (text) => {
    let folded = loose ? normalise(text, "NFKC") : text;
    if (ignoreMarks) folded = withoutDiacritics(folded);
    return ignoreCase ? folded.toLowerCase() : folded;
  };
}

const wordBorder = /[^\p{L}\p{N}_]/u;

/** Returns whether `wanted` follows the start of a word in `text`; with `whole`, it must also end with a word. */
function containsWholeWord(text: string, wanted: string, whole: boolean): boolean {
  if (wanted === "") return true;
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + 1)) {
    const before = text[at - 1];
    const after = text[at + wanted.length];
    if ((before === undefined || wordBorder.test(before)) && (!whole || after === undefined || wordBorder.test(after))) return true;
  }
  return false;
}

const containment: Readonly<Record<string, (text: string, wanted: string) => boolean>> = {
  FullString: (text, wanted) => text === wanted,
  Prefixed: (text, wanted) => text.startsWith(wanted),
  Substring: (text, wanted) => text.includes(wanted),
  PrefixOnWords: (text, wanted) => containsWholeWord(text, wanted, false),
  ExactPhrase: (text, wanted) => containsWholeWord(text, wanted, true),
};

function readContains<T>(element: XmlElement, of: PropertyReaders<T>): Predicate<T> {
  const value = of.valueAt(requiredPath(element));
  // The defaults of the schema's documentation: the whole string, exactly.
  const fold = caseFolding(element.attributes.get("ContainmentComparison") ?? "Exact");
  const fits = containment[element.attributes.get("ContainmentMode") ?? "FullString"] ?? (() => false);
  const wanted = fold(element.child("Constant")?.attributes.get("Value") ?? "");
  return (item) => texts(value(item)).some((text) => fits(fold(text), wanted));
}

/** Less than 0, 0 or more than 0; undefined when the two cannot be compared. Texts are compared ignoring case, as the store's collation does. */
export function compareValues(a: PropertyValue, b: PropertyValue): number | undefined {
  if (a instanceof Date && b instanceof Date) return a.getTime() - b.getTime();
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "boolean" && typeof b === "boolean") return Number(a) - Number(b);
  if (typeof a === "string" && typeof b === "string") {
    const left = a.toLowerCase();
    const right = b.toLowerCase();
    return left < right ? -1 : left > right ? 1 : 0;
  }
  return undefined;
}

const comparisons: Readonly<Record<string, (order: number) => boolean>> = {
  IsEqualTo: (order) => order === 0,
  IsNotEqualTo: (order) => order !== 0,
  IsGreaterThan: (order) => order > 0,
  IsGreaterThanOrEqualTo: (order) => order >= 0,
  IsLessThan: (order) => order < 0,
  IsLessThanOrEqualTo: (order) => order <= 0,
};

/** A time in a restriction without offset is UTC; extended properties hold text, which is compared as number or time where both are. */
function asTyped(value: PropertyValue, type: string | undefined): PropertyValue {
  if (typeof value !== "string" || type === undefined) return value;
  if (/^(Integer|Long|Short|Double|Float|Currency)/.test(type)) return Number(value);
  if (type.startsWith("SystemTime")) return new Date(value);
  return type.startsWith("Boolean") ? value === "true" || value === "1" : value;
}

function readComparison<T>(element: XmlElement, of: PropertyReaders<T>): Predicate<T> {
  const path = requiredPath(element);
  const type = path.kind === "extended" ? path.type : undefined;
  const value = of.rankAt(path) ?? of.valueAt(path);
  const fits = comparisons[element.name] ?? (() => false);
  const other = element.child("FieldURIOrConstant");
  const constant = other?.child("Constant")?.attributes.get("Value");
  const otherPath = other === undefined ? undefined : pathIn(other);
  if (constant === undefined && otherPath === undefined)
    throw new ItemError("ErrorInvalidRestriction", "The restriction compares with nothing.");
  const otherValue = otherPath === undefined ? undefined : (of.rankAt(otherPath) ?? of.valueAt(otherPath));
  const wanted = constant === undefined ? undefined : constantFor(path, constant);
  const isDifferent = element.name === "IsNotEqualTo";
  return (item) => {
    const left = asTyped(value(item), type);
    const all: readonly PropertyValue[] = typeof left === "object" && !(left instanceof Date) ? left : [left];
    const orders = all.map((one) => compareValues(one, otherValue?.(item) ?? wanted));
    // Of several values one equal value is enough; "not equal" requires that none is equal. A missing property is not equal to anything.
    if (isDifferent) return orders.every((order) => order !== 0);
    return orders.some((order) => order !== undefined && fits(order));
  };
}

function requiredPath(element: XmlElement): PropertyPath {
  const path = pathIn(element);
  if (path === undefined) throw new ItemError("ErrorInvalidRestriction", "The restriction names no property.");
  return path;
}

function readExists<T>(element: XmlElement, of: PropertyReaders<T>): Predicate<T> {
  const value = of.valueAt(requiredPath(element));
  return (item) => {
    const found = value(item);
    return found !== undefined && (typeof found !== "object" || found instanceof Date || found.length > 0);
  };
}

/** True when no bit of the mask is set in the value. */
function readExcludes<T>(element: XmlElement, of: PropertyReaders<T>): Predicate<T> {
  const value = of.valueAt(requiredPath(element));
  const mask = Number(element.child("Bitmask")?.attributes.get("Value") ?? Number.NaN);
  if (!Number.isInteger(mask)) throw new ItemError("ErrorInvalidExcludesRestriction", "The bit mask is not a number.");
  return (item) => {
    const found = value(item);
    return found !== undefined && (Number(found) & mask) === 0;
  };
}

function readExpression<T>(element: XmlElement, depth: number, of: PropertyReaders<T>): Predicate<T> {
  if (depth > depthLimit) throw new ItemError("ErrorRestrictionTooComplex", "The restriction is too complex.");
  switch (element.name) {
    case "And": {
      const all = operands(element, depth, of);
      return (item) => all.every((predicate) => predicate(item));
    }
    case "Or": {
      const any = operands(element, depth, of);
      return (item) => any.some((predicate) => predicate(item));
    }
    case "Not": {
      const [inner] = operands(element, depth, of);
      return (item) => inner !== undefined && !inner(item);
    }
    case "Contains":
      return readContains(element, of);
    case "Exists":
      return readExists(element, of);
    case "Excludes":
      return readExcludes(element, of);
    default:
      return readComparison(element, of);
  }
}

/**
 * Converts m:Restriction to a predicate. Throws ItemError if Exchange would refuse it.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/restriction
 */
export function readRestriction(element: XmlElement): Predicate {
  return readRestrictionOver(element, ofItems);
}

/** The same over other objects than items. */
export function readRestrictionOver<T>(element: XmlElement, of: PropertyReaders<T>): Predicate<T> {
  const [expression] = operands(element, 0, of);
  if (expression === undefined) throw new ItemError("ErrorInvalidRestriction", "The restriction is empty.");
  return expression;
}
