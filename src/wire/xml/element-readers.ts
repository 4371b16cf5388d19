// src/wire/xml/: Reads and writes XML as streams, from tokens straight to typed values.

import { Failure } from "../../failure.ts";
import { type QName, register } from "./xml-name.ts";

/** One leaf below an element that is read without a schema. */
export interface NameValue {
  readonly element: string;
  /** Its `Name` attribute. */
  readonly name: string | undefined;
  readonly text: string;
}

/** How one element becomes a value. Opaque outside this folder: created by the functions below. */
export type Reader<T> = Leaf<T> | Branch<T> | Leaves<T> | Deferred<T>;

/** An element read for its text only. */
export interface Leaf<T> {
  readonly kind: "leaf";
  parse(text: string, element: string): T;
}

/** An element read for its known children and attributes. Each fills a slot; the value is built from the slots at its end. */
export interface Branch<T> {
  readonly kind: "branch";
  /** By registered number of the child's name. */
  readonly children: readonly (Child | undefined)[];
  readonly attributes: readonly { readonly name: string; readonly slot: number }[];
  /** The slots that get the element's local name, the count of replaced characters inside and its own text; -1 for none. */
  readonly nameSlot: number;
  readonly replacedSlot: number;
  readonly textSlot: number;
  readonly slots: number;
  build(slots: readonly unknown[], element: string): T;
}

/** An element of which every leaf is read, whatever its name. */
export interface Leaves<T> {
  readonly kind: "leaves";
  finish(found: readonly NameValue[]): T;
}

export interface Deferred<T> {
  readonly kind: "deferred";
  resolve(): Reader<T>;
}

export interface Child {
  readonly reader: Reader<unknown>;
  readonly slot: number;
  readonly many: boolean;
}

/** Marks a slot with the value `undefined`, to distinguish it from an empty slot. */
export const nothing = Symbol("nothing");

/** One property of a record. */
export interface Field<T> {
  readonly from: "element" | "attribute" | "replaced" | "name" | "text";
  readonly elements: readonly QName[];
  readonly attribute: string;
  readonly reader: Reader<unknown>;
  readonly many: boolean;
  readonly needed: boolean;
  /** Never present: carries the type. */
  readonly carries?: () => T;
}

export type FieldType<F> = F extends Field<infer T> ? T : never;
/** The type of the value that `record` builds from its fields. */
export type Recorded<F> = { [K in keyof F]: FieldType<F[K]> };

/** The exact text: not trimmed, references decoded, line ends by XML 1.0 section 2.11. */
export const text: Reader<string> = { kind: "leaf", parse: (found) => found };

/** A word of the protocol, such as a response code, without the white space that servers write around it. */
export const trimmedText: Reader<string> = { kind: "leaf", parse: (found) => found.trim() };

/** xs:int or xs:long, as far as a double is exact; any other text is Failure `broken-reply`. */
export const integer: Reader<number> = {
  kind: "leaf",
  parse(found, element) {
    const value = Number(found);
    if (!Number.isSafeInteger(value) || !/^\s*[+-]?[0-9]+\s*$/.test(found)) throw broken(element, "an integer");
    return value;
  },
};

/** xs:boolean: true, false, 1 or 0; any other text is Failure `broken-reply`. */
export const bool: Reader<boolean> = {
  kind: "leaf",
  parse(found, element) {
    if (found === "true") return true;
    if (found === "false") return false;
    const value = found.trim();
    if (value === "true" || value === "1") return true;
    if (value === "false" || value === "0") return false;
    throw broken(element, "true or false");
  },
};

const dateTimeForm = /^\s*(-?\d{4,})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?\s*$/;
const plainForm = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/;

/** xs:dateTime as UTC in ISO 8601 with milliseconds (`2026-01-01T00:00:00.000Z`); a time without a zone is read as UTC. */
export const dateTime: Reader<string> = {
  kind: "leaf",
  parse(found, element) {
    // Exchange's form, on a day that every month has: needs no computation.
    if (plainForm.test(found)) return `${found.slice(0, 19)}.000Z`;
    const [, year, month, day, hour, minute, second, fraction = "", zone = "Z"] = dateTimeForm.exec(found) ?? [];
    if (year === undefined) throw broken(element, "a date and time");
    const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction.slice(0, 3).padEnd(3, "0")}${zone}`;
    const at = new Date(iso);
    // Date turns 30 February into a day of March: the result must be the day that was written.
    const day0 = new Date(`${year}-${month}-${day}T00:00:00.000Z`);
    if (Number.isNaN(at.getTime()) || day0.getUTCDate() !== Number(day)) throw broken(element, "a date and time");
    return at.toISOString();
  },
};

function broken(element: string, wanted: string): Failure {
  return new Failure("broken-reply", `The element ${element} of the reply does not hold ${wanted}.`);
}

/** Returns the value of an attribute without prefix, "" if it is missing; skips the element's children. */
export function attribute(name: string): Reader<string> {
  return branch(
    [],
    1,
    (slots) => {
      const value = slots[0];
      return typeof value === "string" ? value : "";
    },
    [{ name, slot: 0 }],
  );
}

/** Every leaf below the element, in order: for `MessageXml`, which has no schema. */
export const nameValues: Reader<readonly NameValue[]> = { kind: "leaves", finish: (found) => found };

/** Creates a reader at its first use, for elements that contain themselves. */
export function deferred<T>(make: () => Reader<T>): Reader<T> {
  let made: Reader<T> | undefined;
  return {
    kind: "deferred",
    resolve() {
      made ??= make();
      return made;
    },
  };
}

/** The first child of the given name. */
export function within<T>(child: QName, reader: Reader<T>): Reader<T | undefined> {
  return branch([{ names: [child], reader, slot: 0, many: false }], 1, (slots) => slotValue<T>(slots[0]));
}

/** All children with any of the names, in document order. */
export function listOf<T>(children: QName | readonly QName[], reader: Reader<T>): Reader<T[]> {
  return branch([{ names: listed(children), reader, slot: 0, many: true }], 1, (slots) => slotValue<T[]>(slots[0]) ?? []);
}

/** A child that is one of several, identified by its local name. */
export type OneOf<R> = {
  [K in keyof R & string]: { readonly element: K; readonly value: R[K] extends Reader<infer T> ? T : never };
}[keyof R & string];

/** The first child whose local name is one of the alternatives, undefined when there is none. All are in one namespace. */
export function oneOf<R extends Readonly<Record<string, Reader<unknown>>>>(ns: string, alternatives: R): Reader<OneOf<R> | undefined> {
  return branch(alternativesOf(ns, alternatives, false), 1, (slots) => slotValue<OneOf<R>>(slots[0]));
}

/** Every child whose local name is one of the alternatives, in document order. All are in one namespace. */
export function eachOf<R extends Readonly<Record<string, Reader<unknown>>>>(ns: string, alternatives: R): Reader<OneOf<R>[]> {
  return branch(alternativesOf(ns, alternatives, true), 1, (slots) => slotValue<OneOf<R>[]>(slots[0]) ?? []);
}

function alternativesOf(ns: string, alternatives: Readonly<Record<string, Reader<unknown>>>, many: boolean): ChildSpec[] {
  return Object.entries(alternatives).map(([element, reader]) => ({
    names: [{ ns, local: element }],
    reader: mapped(reader, (value) => ({ element, value })),
    slot: 0,
    many,
  }));
}

/** Applies `map` to the value. */
export function mapped<A, B>(reader: Reader<A>, map: (value: A) => B): Reader<B> {
  switch (reader.kind) {
    case "leaf":
      return { kind: "leaf", parse: (found, element) => map(reader.parse(found, element)) };
    case "leaves":
      return { kind: "leaves", finish: (found) => map(reader.finish(found)) };
    case "branch":
      return { ...reader, build: (slots, element) => map(reader.build(slots, element)) };
    case "deferred":
      return deferred(() => mapped(reader.resolve(), map));
  }
}

/** A child that may be missing; the first of several with the same name. */
export function optional<T>(element: QName, reader: Reader<T>): Field<T | undefined> {
  return { from: "element", elements: [element], attribute: "", reader, many: false, needed: false };
}

/** A required child: if it is missing, Failure `broken-reply` names it. */
export function required<T>(element: QName, reader: Reader<T>): Field<T> {
  return { from: "element", elements: [element], attribute: "", reader, many: false, needed: true };
}

/** All children with any of the names, in document order. */
export function many<T>(element: QName | readonly QName[], reader: Reader<T>): Field<T[]> {
  return { from: "element", elements: listed(element), attribute: "", reader, many: true, needed: false };
}

/** An attribute, without prefix, of the record's own element. */
export function fromAttribute(name: string): Field<string | undefined> {
  return { from: "attribute", elements: [], attribute: name, reader: text, many: false, needed: false };
}

/** The number of illegal characters inside the record's element that were replaced by U+FFFD. */
export const replacedCharacters: Field<number> = {
  from: "replaced",
  elements: [],
  attribute: "",
  reader: text,
  many: false,
  needed: false,
};

/** The local name of the record's own element. */
export const elementName: Field<string> = { from: "name", elements: [], attribute: "", reader: text, many: false, needed: false };

/** The text directly inside the record's own element, "" if there is none: for an element with attributes and text. */
export const ownText: Field<string> = { from: "text", elements: [], attribute: "", reader: text, many: false, needed: false };

/** Builds an object with one property per field. A property whose element is missing is `undefined`; of `many`, an empty list. */
export function record<F extends Readonly<Record<string, Field<unknown>>>>(fields: F): Reader<Recorded<F>> {
  const entries = Object.entries(fields);
  const keys = entries.map(([key]) => key);
  const all = entries.map(([, field]) => field);
  // Every object is a copy of one with all keys, so all share one hidden class.
  const blank: Record<string, unknown> = Object.fromEntries(keys.map((key) => [key, undefined]));
  const build = (slots: readonly unknown[], element: string): Recorded<F> => {
    const made = { ...blank };
    for (let slot = 0; slot < keys.length; slot++) {
      const value = slots[slot];
      const key = keys[slot];
      if (key === undefined) continue;
      if (value === undefined) {
        const field = all[slot];
        if (field?.needed)
          throw new Failure("broken-reply", `The element ${element} of the reply has no ${field.elements[0]?.local ?? key}.`);
        if (field?.many) made[key] = [];
      } else if (value !== nothing) made[key] = value;
    }
    // The reader of each field filled its slot, so the types are those of the fields.
    return made as Recorded<F>;
  };
  return branch(
    all.flatMap((field, slot) =>
      field.from === "element" ? [{ names: field.elements, reader: field.reader, slot, many: field.many }] : [],
    ),
    keys.length,
    build,
    all.flatMap((field, slot) => (field.from === "attribute" ? [{ name: field.attribute, slot }] : [])),
    all.findIndex((field) => field.from === "name"),
    all.findIndex((field) => field.from === "replaced"),
    all.findIndex((field) => field.from === "text"),
  );
}

interface ChildSpec {
  readonly names: readonly QName[];
  readonly reader: Reader<unknown>;
  readonly slot: number;
  readonly many: boolean;
}

function branch<T>(
  specs: readonly ChildSpec[],
  slots: number,
  build: (slots: readonly unknown[], element: string) => T,
  attributes: Branch<T>["attributes"] = [],
  nameSlot = -1,
  replacedSlot = -1,
  textSlot = -1,
): Reader<T> {
  const children: (Child | undefined)[] = [];
  for (const { names, reader, slot, many: list } of specs)
    for (const name of names) children[register(name)] = { reader, slot, many: list };
  return { kind: "branch", children, attributes, nameSlot, replacedSlot, textSlot, slots, build };
}

function listed(names: QName | readonly QName[]): readonly QName[] {
  return "ns" in names ? [names] : names;
}

/** Returns a slot's value. The type is true because only one reader fills this slot. */
function slotValue<T>(slot: unknown): T | undefined {
  return slot === nothing ? undefined : (slot as T | undefined);
}
