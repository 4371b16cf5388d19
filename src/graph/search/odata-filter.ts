import type { Position } from "../../exchange/search/cursor.ts";
import { bareMessageId, type ClientFilter, checkFilters, givenFilters } from "../../exchange/search/match-filters.ts";
import type { Applied, AppliedFilters, FilterName, Filters } from "../../exchange/search/search-query.ts";
import { fromSmtpProperty, senderSmtpProperty } from "../messages/message-reader.ts";
import { restId } from "../session/request-description.ts";

/** One division of the filters between server and client. */
export interface Division {
  /** `$filter`; it begins with the property that the list is sorted by. */
  readonly filter: string | undefined;
  readonly applied: AppliedFilters;
  /** Filters for the client to decide; `sender` is checked again after the server. */
  readonly check: readonly ClientFilter[];
}

/** The division of a search between server and client. */
export interface Plan {
  /** The best first. When the server refuses one as too complex or unknown, the next is tried; the last has no filter. */
  readonly divisions: readonly [Division, ...Division[]];
  /** A KQL query: `$search` excludes `$filter`. */
  readonly search: string | undefined;
}

/** How much later than its displayed time a message may have been received: Graph returns whole seconds but compares fractions. */
const hiddenFractionMs = 1000;
/** A time before all mail. */
const earliest = "1900-01-01T00:00:00Z";
/** The service refuses a filter with more Internet Message-IDs as too complex. */
export const maxMessageIds = 10;

/** A condition, and whether the service certainly accepts it: `certain` rests on Microsoft's documentation, otherwise on what others have seen. */
interface Condition {
  readonly text: string;
  readonly certain: boolean;
}

/**
 * Divides the filters between server and client. `$search` excludes `$filter`, so with `query` the client applies all other filters. Bodies,
 * recipients and attachment names are never left to `$search`: its index has words and their beginnings, and the result of a search must not depend
 * on where a word begins. Without `guesses` only certain conditions are sent. Throws Failure `invalid-input` for invalid filters.
 * @see https://learn.microsoft.com/en-us/graph/filter-query-parameter
 * @see https://learn.microsoft.com/en-us/graph/search-query-parameter
 */
export function planFilters(filters: Filters, after?: Position, { guesses = true } = {}): Plan {
  checkFilters(filters);
  if (filters.query !== undefined) return { divisions: [divide(filters, after, () => false)], search: filters.query };
  const best = divide(filters, after, ({ certain }) => certain || guesses);
  const certain = divide(filters, after, ({ certain }) => certain);
  const least = divide(filters, after, () => false);
  const none = divide(filters, after, () => false, false);
  const all = [best, certain, least, none];
  const rest = all.filter(({ filter }, index) => index > 0 && filter !== all[index - 1]?.filter);
  return { divisions: [best, ...rest], search: undefined };
}

function divide(filters: Filters, after: Position | undefined, takes: (condition: Condition) => boolean, times = true): Division {
  const applied: Partial<Record<FilterName, Applied>> = {};
  const check: ClientFilter[] = [];
  const conditions: string[] = [];
  for (const name of givenFilters(filters)) {
    if (name === "query") {
      // A listed message does not show which of its texts a query has matched.
      applied.query = "server, unchecked";
      continue;
    }
    const isTime = name === "receivedAfter" || name === "receivedBefore";
    const condition = filters.query !== undefined || isTime ? undefined : conditionOf(name, filters);
    const onServer = (isTime && times && filters.query === undefined) || (condition !== undefined && takes(condition));
    applied[name] = onServer ? "server" : "client";
    if (condition && onServer) conditions.push(condition.text);
    if (!onServer || name === "sender") check.push(name);
  }
  return { filter: times ? filterOf(filters, after, conditions) : undefined, applied, check };
}

/**
 * Writes the filter. It must begin with the property that the list is sorted by.
 * @see https://learn.microsoft.com/en-us/graph/api/user-list-messages#using-filter-and-orderby-in-the-same-query
 */
function filterOf(filters: Filters, after: Position | undefined, conditions: readonly string[]): string | undefined {
  if (filters.query !== undefined) return undefined;
  const before = [
    ...(filters.receivedBefore === undefined ? [] : [Date.parse(filters.receivedBefore)]),
    ...(after === undefined || after.receivedAt === "" ? [] : [Date.parse(after.receivedAt) + hiddenFractionMs]),
  ];
  const times = [
    ...(filters.receivedAfter === undefined ? [] : [`receivedDateTime ge ${instant(Date.parse(filters.receivedAfter))}`]),
    ...(before.length === 0 ? [] : [`receivedDateTime lt ${instant(Math.min(...before))}`]),
  ];
  const lead = times.length === 0 && conditions.length > 0 ? [`receivedDateTime ge ${earliest}`] : times;
  const all = [...lead, ...conditions];
  return all.length === 0 ? undefined : all.join(" and ");
}

/** Writes a filter for any of these Internet Message-IDs, with and without angle brackets, which some senders leave out. */
export function messageIdFilter(ids: readonly string[]): string {
  return `receivedDateTime ge ${earliest} and ${messageIdCondition(ids)}`;
}

function messageIdCondition(ids: readonly string[]): string {
  const spellings = new Set(ids.flatMap((id) => [`<${bareMessageId(id)}>`, bareMessageId(id), id]));
  return any([...spellings].map((id) => `internetMessageId eq ${literal(id)}`));
}

/** Returns the server's condition for this filter; undefined where it has none. */
function conditionOf(name: ClientFilter, filters: Filters): Condition | undefined {
  switch (name) {
    case "subject":
      return subjectCondition(filters);
    case "sender":
      return filters.sender === undefined ? undefined : guess(senderCondition(filters.sender));
    case "internetMessageId": {
      const ids = filters.internetMessageId ?? [];
      return ids.length > maxMessageIds ? undefined : sure(messageIdCondition(ids));
    }
    case "conversationId":
      return filters.conversationId === undefined ? undefined : sure(`conversationId eq ${literal(restId(filters.conversationId))}`);
    case "hasAttachments":
      return sure(`hasAttachments eq ${filters.hasAttachments === true}`);
    case "isUnread":
      return sure(`isRead eq ${filters.isUnread !== true}`);
    case "importance":
      return filters.importance && sure(`importance eq ${literal(filters.importance.toLowerCase())}`);
    case "category":
      return filters.category === undefined ? undefined : sure(`categories/any(c:c eq ${literal(filters.category)})`);
    // Graph compares sizes and classes only as extended properties, and has no regular expressions and no hashes; for the rest see `planFilters`.
    case "receivedAfter":
    case "receivedBefore":
    case "recipient":
    case "body":
    case "bodyRegex":
    case "attachmentName":
    case "attachmentSha256":
    case "minSize":
    case "maxSize":
    case "itemClass":
      return undefined;
  }
}

function subjectCondition({ subject, subjectMatch = "contains" }: Filters): Condition | undefined {
  // Microsoft does not say whether a missing subject equals an empty one.
  if (subject === undefined || subject === "") return undefined;
  if (subjectMatch === "equals") return sure(`subject eq ${literal(subject)}`);
  if (subjectMatch === "prefix") return sure(`startswith(subject,${literal(subject)})`);
  // Reported both as working and as refused.
  return guess(`contains(subject,${literal(subject)})`);
}

/** The SMTP addresses that a message keeps beside From and Sender, which have an X.500 address for a colleague who left or moved. */
const smtpProperties = [fromSmtpProperty, senderSmtpProperty];

function senderCondition(part: string): string {
  const paths = ["from/emailAddress/address", "from/emailAddress/name", "sender/emailAddress/address", "sender/emailAddress/name"];
  return any([
    ...paths.map((path) => `contains(${path},${literal(part)})`),
    ...smtpProperties.map((id) => `singleValueExtendedProperties/any(p:p/id eq '${id}' and contains(p/value,${literal(part)}))`),
  ]);
}

function sure(text: string): Condition {
  return { text, certain: true };
}

function guess(text: string): Condition {
  return { text, certain: false };
}

function any(conditions: readonly string[]): string {
  return conditions.length === 1 ? conditions.join("") : `(${conditions.join(" or ")})`;
}

/** @see https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part2-url-conventions.html#sec_PrimitiveLiterals */
function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}
