import { badRequest } from "../errors.ts";
import type { Row } from "../row.ts";
import { comparedValue } from "./filter.ts";
import { inefficientFilter, unknownProperty } from "./refusals.ts";
import { canonical, type Vocabulary } from "./vocabulary.ts";

/** One key of `$orderby`. */
export interface OrderKey {
  readonly path: string;
  readonly descending: boolean;
}

/** Throws GraphError. */
export function readOrder(text: string, vocabulary: Vocabulary): readonly OrderKey[] {
  return text.split(",").map((part) => {
    const [, name = "", direction = ""] = /^\s*(\S+?)(?:\s+(asc|desc))?\s*$/i.exec(part) ?? [];
    if (name === "") throw badRequest(`Syntax error at position 0 in '${text}'.`);
    const path = canonical(Object.keys(vocabulary.compared), name);
    if (path !== undefined) return { path, descending: direction.toLowerCase() === "desc" };
    const [first = ""] = name.split("/");
    if (canonical(vocabulary.properties, first) === undefined) throw unknownProperty(first, vocabulary);
    throw badRequest(`The property '${name}' does not support being sorted by.`, "ErrorInvalidUrlQueryOrderBy");
  });
}

/**
 * Checks that the properties of the sort order come first in the filter, in the same order. Throws GraphError. @see
 * https://learn.microsoft.com/en-us/graph/api/user-list-messages#using-filter-and-orderby-in-the-same-query
 */
export function checkLead(order: readonly OrderKey[], filtered: readonly string[]): void {
  if (order.some(({ path }, at) => filtered[at] !== path)) throw inefficientFilter();
}

export function sorted(rows: readonly Row[], order: readonly OrderKey[]): readonly Row[] {
  // Each value is read once, not at each comparison.
  const keyed = rows.map((row) => ({ row, keys: order.map(({ path }) => keyOf(comparedValue(row, path))) }));
  keyed.sort((one, other) => {
    for (const [at, { descending }] of order.entries()) {
      const by = compare(one.keys[at], other.keys[at]);
      if (by !== 0) return descending ? -by : by;
    }
    return 0;
  });
  return keyed.map(({ row }) => row);
}

/** Missing values sort first. Times are written so that their text sorts. */
function compare(left: string | number | undefined, right: string | number | undefined): number {
  if (left === right) return 0;
  if (left === undefined) return -1;
  if (right === undefined) return 1;
  return left < right ? -1 : 1;
}

function keyOf(value: unknown): string | number | undefined {
  if (typeof value === "string") return value.toLowerCase();
  return typeof value === "boolean" ? Number(value) : undefined;
}
