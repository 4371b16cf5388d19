import type { XmlElement } from "../../xml.ts";
import type { AnyItem } from "../items/item-facts.ts";
import { ItemError } from "../operation.ts";
import { type PropertyValue, rankAt, valueAt } from "./properties.ts";
import { pathIn, pathXml } from "./property-path.ts";
import { compareValues } from "./restriction.ts";

type Order = (a: AnyItem, b: AnyItem) => number;

function single(value: PropertyValue): PropertyValue {
  return typeof value === "object" && !(value instanceof Date) ? value[0] : value;
}

/** Items without the value come first in ascending order. */
function compare(a: PropertyValue, b: PropertyValue): number {
  const left = single(a);
  const right = single(b);
  if (left === undefined || right === undefined) return Number(left !== undefined) - Number(right !== undefined);
  return compareValues(left, right) ?? 0;
}

/**
 * Converts m:SortOrder to a comparison; the first field comes first. Throws ItemError `ErrorUnsupportedPathForSortGroup`.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/sortorder
 */
export function readSortOrder(element: XmlElement | undefined): Order {
  const orders = (element?.children ?? []).map((field): Order => {
    const path = pathIn(field);
    if (path === undefined) throw new ItemError("ErrorUnsupportedPathForSortGroup", "The sort order names no property.");
    // A table cannot be sorted by a field with several values or one that it does not have.
    if (path.kind === "field" && /^item:(Body|TextBody|Attachments|ItemId)$|Recipients$/.test(path.uri)) {
      throw new ItemError("ErrorUnsupportedPathForSortGroup", "The property can not be used for sorting.", pathXml(path));
    }
    const value = rankAt(path) ?? valueAt(path);
    const sign = field.attributes.get("Order") === "Descending" ? -1 : 1;
    return (a, b) => sign * compare(value(a), value(b));
  });
  return (a, b) => {
    for (const order of orders) {
      const found = order(a, b);
      if (found !== 0) return found;
    }
    return 0;
  };
}
