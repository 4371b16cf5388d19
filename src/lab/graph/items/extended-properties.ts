import { extendedValue } from "../../ews/items/extended-properties.ts";
import type { AnyItem } from "../../ews/items/item-facts.ts";
import type { ExtendedPath } from "../../ews/search/property-path.ts";
import { namedKey, setOf, tagKey } from "../../ews/search/property-path.ts";
import { badRequest } from "../errors.ts";

const nothing: ReadonlyMap<string, string> = new Map();

/**
 * Parses an extended property as Graph names it: `String 0x001A`, `String {00020386-…} Name X-Mark`, `Integer {…} Id 0x8501`. Throws GraphError for any
 * other text. @see https://learn.microsoft.com/en-us/graph/api/resources/singlevaluelegacyextendedproperty
 */
export function readExtendedId(id: string): ExtendedPath {
  const [, type = "", rest = ""] = /^(\w+)\s+(\S.*)$/.exec(id.trim()) ?? [];
  const tag = /^0x([0-9a-f]{1,4})$/i.exec(rest)?.[1];
  if (tag !== undefined) {
    const number = Number.parseInt(tag, 16);
    return { kind: "extended", tag: number, type, key: tagKey(number), asked: nothing };
  }
  const [, guid = "", kind = "", value = ""] = /^\{([0-9a-f-]{36})\}\s+(Name|Id)\s+(\S.*)$/i.exec(rest) ?? [];
  if (guid === "") throw badRequest(`The property id '${id}' is invalid.`, "ErrorInvalidExtendedProperty");
  const set = setOf(guid);
  if (kind.toLowerCase() === "id") {
    const number = Number(value);
    return { kind: "extended", set, id: number, type, key: namedKey(set, number), asked: nothing };
  }
  const name = set === "InternetHeaders" ? value.toLowerCase() : value;
  return { kind: "extended", set, name, type, key: namedKey(set, name), asked: nothing };
}

/** Returns the value of a property with one value; undefined if the item does not have it. Throws GraphError for an invalid id. */
export function extendedValueOf(item: AnyItem, id: string): string | undefined {
  const value = extendedValue(readExtendedId(id), item);
  return value === undefined || typeof value === "string" ? value : value.join("; ");
}
