import { badRequest } from "../errors.ts";
import { type Json, type JsonObject, memberOf } from "../json.ts";
import type { Resource, Row } from "../row.ts";
import { splitOutside } from "./options.ts";
import { unknownProperty, unsupportedFilter } from "./refusals.ts";
import { canonical, type Vocabulary, vocabularies } from "./vocabulary.ts";

/** The visible part of an object. */
export interface Shape {
  /** Undefined: the default properties. */
  readonly select: ReadonlySet<string> | undefined;
  readonly expand: readonly Expansion[];
}

interface Expansion {
  /** As it was written. */
  readonly navigation: string;
  /** Name of the member with the related objects. */
  readonly name: string;
  readonly shape: Shape;
  readonly resource: Resource;
  /** Ids of extended properties. */
  readonly ids: readonly string[];
}

/** Reads `$select` and `$expand`. Throws GraphError. */
export function readShape(select: string | undefined, expand: string | undefined, resource: Resource): Shape {
  const vocabulary = vocabularies[resource];
  return {
    select: select === undefined ? undefined : selected(select, vocabulary),
    expand: expand === undefined ? [] : splitOutside(expand, ",").map((one) => expansion(one, vocabulary, resource)),
  };
}

const withoutNamespace = (name: string): string => name.replace(/^microsoft\.graph\./i, "");

function selected(text: string, vocabulary: Vocabulary): ReadonlySet<string> | undefined {
  const names = splitOutside(text, ",");
  if (names.includes("*")) return undefined;
  return new Set(names.map((name) => selectedName(name, vocabulary)));
}

function selectedName(name: string, vocabulary: Vocabulary): string {
  const [type, inside, ...more] = withoutNamespace(name).split("/");
  const isCast = /^microsoft\.graph\./i.test(name) && inside !== undefined && more.length === 0;
  const names = isCast ? (vocabulary.derived?.[type?.toLowerCase() ?? ""] ?? []) : [...vocabulary.properties, ...vocabulary.navigation];
  const found = canonical(names, isCast ? inside : name);
  if (found === undefined) throw unknownProperty(isCast ? inside : name, vocabulary);
  return found;
}

const expandedResources: Readonly<Record<string, Resource>> = { attachments: "attachment", item: "message", event: "event" };

/** `attachments($select=id,name)`, `singleValueExtendedProperties($filter=id eq 'String 0x001A')`, `microsoft.graph.itemattachment/item`. */
function expansion(text: string, vocabulary: Vocabulary, resource: Resource): Expansion {
  const [, navigation = "", inside = ""] = /^([^()]+)(?:\((.*)\))?$/s.exec(text) ?? [];
  const last = navigation.split("/").at(-1) ?? "";
  const cast = navigation.includes("/") ? withoutNamespace(navigation).split("/")[0] : undefined;
  const derived = vocabulary.derivedNavigation?.[cast?.toLowerCase() ?? ""] ?? [];
  const name = canonical([...vocabulary.navigation, ...derived], last);
  if (name === undefined) throw unknownProperty(last === "" ? text : last, vocabulary);
  const options = new Map(
    splitOutside(inside, ";").map((option): [string, string] => {
      const [, key = "", value = ""] = /^\$?(\w+)=(.*)$/s.exec(option) ?? [];
      if (key === "") throw badRequest(`Syntax error in '${text}'.`, "RequestBroker--ParseUri");
      return [key.toLowerCase(), value];
    }),
  );
  const inner: Resource = expandedResources[name] ?? resource;
  const isExtended = name === "singleValueExtendedProperties";
  return {
    navigation,
    name,
    resource: inner,
    shape: isExtended ? { select: undefined, expand: [] } : readShape(options.get("select"), options.get("expand"), inner),
    ids: isExtended ? extendedIds(options.get("filter"), vocabulary) : [],
  };
}

/** `id eq 'String 0x001A' or id eq '…'`: the only filter that Exchange takes here. Throws GraphError. */
function extendedIds(filter: string | undefined, vocabulary: Vocabulary): readonly string[] {
  return (filter ?? "").split(/(?<!\s)\s+or\s+/i).map((part) => {
    const [, id] = /^\s*(?:\(\s*)?id\s+eq\s+'((?:[^']|'')*)'\s*(?:\)\s*)?$/i.exec(part) ?? [];
    if (id === undefined) throw unsupportedFilter(vocabulary);
    return id.replaceAll("''", "'");
  });
}

/** Returns an object in the requested shape. */
export function applyShape(row: Row, { select, expand }: Shape, resource: Resource): JsonObject {
  const isShown = (name: string): boolean => {
    // Annotations are included: Exchange adds the id, the directory does not. The media type belongs to the content.
    if (select === undefined) return row.onlySelected?.has(name) !== true;
    if (name === "@odata.mediaContentType") return select.has("contentBytes");
    return name.startsWith("@") || select.has(name) || (name === "id" && vocabularies[resource].of === "exchange");
  };
  const names = Object.keys(row.properties).filter(isShown);
  const result: Record<string, Json> = Object.fromEntries(names.map((name) => [name, memberOf(row.properties, name) ?? null]));
  for (const one of expand) {
    const value = one.ids.length > 0 ? extendedJson(row, one.ids) : expandedJson(row, one);
    if (value !== undefined) result[one.name] = value;
  }
  return result;
}

function extendedJson(row: Row, ids: readonly string[]): Json | undefined {
  const found = ids.flatMap((id): JsonObject[] => {
    const value = row.extended?.(id);
    return value === undefined ? [] : [{ id, value }];
  });
  // Without a value the member is missing, not empty.
  return found.length === 0 ? undefined : found;
}

function expandedJson(row: Row, { navigation, name, shape, resource }: Expansion): Json | undefined {
  const found = row.expanded?.(navigation) ?? row.expanded?.(name);
  if (found === undefined) return undefined;
  return isList(found) ? found.map((one) => applyShape(one, shape, resource)) : applyShape(found, shape, resource);
}

function isList(rows: Row | readonly Row[]): rows is readonly Row[] {
  return Array.isArray(rows);
}
