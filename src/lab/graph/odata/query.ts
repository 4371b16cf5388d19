import { createHash } from "node:crypto";
import { badRequest } from "../errors.ts";
import type { JsonObject } from "../json.ts";
import type { Resource, Row } from "../row.ts";
import { readDirectorySearch } from "./directory-search.ts";
import { readyFilter } from "./filter.ts";
import { parseFilter } from "./filter-syntax.ts";
import { readSearch } from "./kql.ts";
import { flagOption, numberOption, optionsOf } from "./options.ts";
import { checkLead, readOrder, sorted } from "./order.ts";
import { needsIndex } from "./refusals.ts";
import { applyShape, readShape } from "./shape.ts";
import { type Vocabulary, vocabularies } from "./vocabulary.ts";

/** One page of an answer. */
export interface Page {
  readonly value: readonly JsonObject[];
  /** `@odata.count`, if it was requested. */
  readonly count?: number | undefined;
  /** `@odata.nextLink`, if there are more. */
  readonly nextLink?: string | undefined;
}

/** The facts that a query depends on, in addition to its URL. */
export interface QueryContext {
  /** Header `ConsistencyLevel: eventual`: the directory may use its index. */
  readonly eventual?: boolean | undefined;
  /** Whether filters have `contains`; default true. */
  readonly contains?: boolean | undefined;
  /** The present time, for `received:today`. */
  readonly now?: Date | undefined;
}

/** Maximum number of messages that `$search` finds: https://learn.microsoft.com/en-us/graph/search-query-parameter */
const searchLimit = 1000;

/** Applies the query of a URL to a collection, which is in its order without `$orderby`. Throws GraphError. */
export function applyQuery(rows: readonly Row[], url: URL, resource: Resource, context: QueryContext = {}): Page {
  const known = vocabularies[resource];
  const functions = context.contains === false ? known.functions.filter((name) => name !== "contains") : known.functions;
  const vocabulary = { ...known, functions };
  const options = optionsOf(url);
  const shape = readShape(options.get("$select"), options.get("$expand"), resource);
  const [pageSize, largest] = vocabulary.page;
  const top = numberOption("$top", options.get("$top"), 1) ?? pageSize;
  if (top > largest) throw tooMany(top, largest, vocabulary);
  const isCounted = flagOption("$count", options.get("$count"));
  const found = chosen(rows, options, vocabulary, context);
  const token = options.get("$skiptoken");
  const from = token === undefined ? (numberOption("$skip", options.get("$skip"), 0) ?? 0) : readToken(token, url);
  const value = found.slice(from, from + top).map((row) => applyShape(row, shape, resource));
  return {
    value,
    count: isCounted ? found.length : undefined,
    nextLink: from + top < found.length ? nextLink(url, from + top) : undefined,
  };
}

/** One thing as `$select` and `$expand` of a URL want it. Throws GraphError. */
export function shapeOf(row: Row, url: URL, resource: Resource): JsonObject {
  const options = optionsOf(url);
  return applyShape(row, readShape(options.get("$select"), options.get("$expand"), resource), resource);
}

function chosen(
  rows: readonly Row[],
  options: ReturnType<typeof optionsOf>,
  vocabulary: Vocabulary,
  { eventual = false, now = new Date() }: QueryContext,
): readonly Row[] {
  const [filterText, orderText, search] = [options.get("$filter"), options.get("$orderby"), options.get("$search")];
  const isDirectory = vocabulary.of === "directory";
  const isCounted = flagOption("$count", options.get("$count"));
  if (isDirectory && !eventual && (search !== undefined || isCounted)) throw needsIndex();
  if (search !== undefined && !isDirectory) return searchRows(rows, search, options, vocabulary, now);
  const onIndex = eventual && isCounted;
  const filter = filterText === undefined ? undefined : readyFilter(parseFilter(filterText), vocabulary, onIndex);
  const order = orderText === undefined ? [] : readOrder(orderText, vocabulary);
  if (filter !== undefined && order.length > 0) {
    if (isDirectory && !onIndex) throw needsIndex();
    if (vocabulary.type === "message") checkLead(order, filter.paths);
  }
  const inSearch = search === undefined ? undefined : readDirectorySearch(search, vocabulary);
  const kept = rows.filter((row) => filter?.accepts(row) !== false && inSearch?.(row) !== false);
  return order.length === 0 ? kept : sorted(kept, order);
}

/** Newest sent first, and never more than a thousand. */
function searchRows(
  rows: readonly Row[],
  search: string,
  options: ReturnType<typeof optionsOf>,
  vocabulary: Vocabulary,
  now: Date,
): readonly Row[] {
  if (vocabulary.type !== "message") throw badRequest("The query parameter '$search' is not supported.", "ErrorInvalidUrlQuery");
  // The codes of the first two are seen; those of the others are made after them.
  for (const [option, name, code] of [
    ["$filter", "$filter", "SearchWithFilter"],
    ["$orderby", "$orderBy", "SearchWithOrderBy"],
    ["$count", "$count", "SearchWithCount"],
    ["$skip", "$skip", "SearchWithSkip"],
  ] as const) {
    if (options.has(option)) throw badRequest(`The query parameter '${name}' is not supported with '$search'.`, code);
  }
  const accepts = readSearch(search, now);
  const found = rows.flatMap((row) => {
    const message = row.searched?.();
    return message !== undefined && accepts(message) ? [{ row, at: (message.sent ?? message.received).getTime() }] : [];
  });
  return found
    .sort((one, other) => other.at - one.at)
    .slice(0, searchLimit)
    .map(({ row }) => row);
}

function tooMany(top: number, largest: number, { of }: Vocabulary): Error {
  return of === "directory"
    ? badRequest(`Invalid page size specified: '${top}'. Must be between 1 and ${largest} inclusive.`, "Request_UnsupportedQuery")
    : badRequest(`The limit of '${largest}' for Top query has been exceeded. The value from the incoming request is '${top}'.`);
}

/** Returns the query for which the token is valid: the same one, whatever the page size. */
function queryFingerprint(url: URL): string {
  const requested = [...url.searchParams].filter(([name]) => !/^\$?(top|skip|skiptoken)$/i.test(name));
  return createHash("sha256")
    .update(JSON.stringify([url.pathname, requested]))
    .digest("base64url")
    .slice(0, 16);
}

/** Returns the next link. `$skiptoken` is opaque: a changed token, or one sent with another query, is refused. */
function nextLink(url: URL, from: number): string {
  const next = new URL(url);
  for (const name of [...next.searchParams.keys()]) if (/^\$?(skip|skiptoken)$/i.test(name)) next.searchParams.delete(name);
  next.searchParams.set("$skiptoken", Buffer.from(`${queryFingerprint(url)} ${from}`).toString("base64url"));
  return next.href;
}

function readToken(token: string, url: URL): number {
  const [question, from] = Buffer.from(token, "base64url").toString("latin1").split(" ");
  if (question === queryFingerprint(url) && /^\d{1,9}$/.test(from ?? "")) return Number(from);
  throw badRequest("The skip token is not valid.", "ErrorInvalidUrlQuery");
}
