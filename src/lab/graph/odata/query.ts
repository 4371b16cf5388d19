import type { Json, JsonObject } from "../json.ts";
import type { Resource, Row } from "../row.ts";

/** One page of an answer. */
export interface Page {
  readonly value: readonly JsonObject[];
  /** `@odata.count`, where it was asked for. */
  readonly count?: number | undefined;
  /** `@odata.nextLink`, where there is more. */
  readonly nextLink?: string | undefined;
}

/** Puts the query of a URL to a collection, given in the order that it has without `$orderby`. Throws GraphError. */
export function applyQuery(rows: readonly Row[], url: URL, resource: Resource): Page {
  // Pages have ten messages unless more are asked for.
  const top = Number(url.searchParams.get("$top") ?? (resource === "user" ? 100 : 10));
  const skip = Number(url.searchParams.get("$skip") ?? 0);
  const value = rows.slice(skip, skip + top).map((row) => shapeOf(row, url, resource));
  if (skip + top >= rows.length) return { value };
  const next = new URL(url);
  next.searchParams.set("$skip", String(skip + top));
  return { value, nextLink: next.href };
}

/** One thing as `$select` and `$expand` of a URL want it. Throws GraphError. */
export function shapeOf(row: Row, url: URL, _resource: Resource): JsonObject {
  const select = url.searchParams.get("$select");
  const names = select === null ? undefined : new Set(["id", ...select.split(",").map((name) => name.trim())]);
  const shown = Object.entries(row.properties).filter(([name]) =>
    name.startsWith("@") ? true : names === undefined ? row.onlySelected?.has(name) !== true : names.has(name),
  );
  const result: Record<string, Json> = Object.fromEntries(shown);
  return result;
}
