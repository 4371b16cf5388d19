import type { Position } from "../../exchange/search/cursor.ts";
import { bareMessageId, type ClientFilter, checkFilters, givenFilters } from "../../exchange/search/match-filters.ts";
import type { Applied, AppliedFilters, FilterName, Filters } from "../../exchange/search/search-query.ts";
import { element, type Xml } from "../../wire/xml/write-xml.ts";
import {
  extendedField,
  fromName,
  fromSmtpAddress,
  senderName,
  senderSmtpAddress,
  type TextProperty,
} from "../messages/extended-property.ts";

/** The division of a search between server and client. */
export interface Plan {
  readonly restriction: Xml | undefined;
  /** An AQS query. FindItem takes either this or a restriction. */
  readonly queryString: string | undefined;
  readonly applied: AppliedFilters;
  /** Filters for the client to decide; `sender` is checked again after the server. */
  readonly check: readonly ClientFilter[];
}

/** How much later than its displayed time an item may have been received: a server may return whole seconds but compare fractions. */
const hiddenFractionMs = 1000;

/** Parts of a search that the server may refuse: a filter, or the time at which the previous page ended. */
export type Refusable = ClientFilter | "cursor";

/** Returns the conditions of a plan separately, to find out which of them the server refuses. */
export function conditionsApart(
  filters: Filters,
  after: Position | undefined,
  refused: ReadonlySet<Refusable>,
): readonly [Refusable, Xml][] {
  const names: Refusable[] = [...givenFilters(filters).flatMap((name) => (name === "query" ? [] : [name])), "cursor"];
  return names.flatMap((name) => {
    const others = new Set(names.filter((other) => other !== name || refused.has(name)));
    const { restriction } = planFilters(filters, after, others);
    return restriction === undefined ? [] : [[name, restriction]];
  });
}

/**
 * Divides the filters between server and client. A QueryString excludes a Restriction, so with `query` the client applies all other filters, and also
 * those that the server has `refused`. Throws Failure `invalid-input` for invalid filters.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/restriction
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/querystring-querystringtype
 */
export function planFilters(filters: Filters, after?: Position, refused: ReadonlySet<Refusable> = new Set()): Plan {
  checkFilters(filters);
  const conditions: Xml[] = [];
  const applied: Partial<Record<FilterName, Applied>> = {};
  const check: ClientFilter[] = [];
  for (const name of givenFilters(filters)) {
    if (name === "query") {
      // A listed message does not show which of its texts a query has matched.
      applied.query = "server, unchecked";
      continue;
    }
    const condition = filters.query === undefined && !refused.has(name) ? conditionOf(name, filters) : undefined;
    // A listed message does not show the body.
    applied[name] = condition === undefined ? "client" : name === "body" ? "server, unchecked" : "server";
    if (condition) conditions.push(condition);
    if (!condition || name === "sender") check.push(name);
  }
  if (filters.query !== undefined) return { restriction: undefined, queryString: filters.query, applied, check };
  if (after && after.receivedAt !== "" && !refused.has("cursor")) {
    const bound = new Date(Date.parse(after.receivedAt) + hiddenFractionMs);
    conditions.push(compare("IsLessThan", field("item:DateTimeReceived"), bound.toISOString()));
  }
  return { restriction: restrictionOf(conditions), queryString: undefined, applied, check };
}

/** Joins conditions to a Restriction that all of them must meet. */
export function restrictionOf(conditions: readonly Xml[]): Xml | undefined {
  const [first, ...others] = conditions;
  if (!first) return undefined;
  return element("m:Restriction", undefined, others.length === 0 ? first : element("t:And", undefined, ...conditions));
}

/**
 * Writes a condition for any of these Internet Message-IDs: as given (real ids with a blank before the bracket were seen), and with and without angle
 * brackets, since some senders and servers leave them out.
 */
export function messageIdCondition(ids: readonly string[]): Xml | undefined {
  const spellings = new Set(ids.flatMap((id) => [`<${bareMessageId(id)}>`, bareMessageId(id), id]));
  return any([...spellings].map((id) => compare("IsEqualTo", field("message:InternetMessageId"), id)));
}

/** Writes a condition for an exact value of an extended text property. */
export function propertyCondition(property: TextProperty, value: string): Xml {
  return compare("IsEqualTo", extendedField(property), value);
}

/** Writes the path of a named item property. */
export function field(uri: string): Xml {
  return element("t:FieldURI", { FieldURI: uri });
}

/** Returns the server's condition for this filter; undefined where the server cannot apply it (or not as documented by mailcordon). */
function conditionOf(name: ClientFilter, filters: Filters): Xml | undefined {
  switch (name) {
    case "subject":
      return subjectCondition(filters);
    case "sender":
      return filters.sender === undefined ? undefined : senderCondition(filters.sender);
    case "body":
      return filters.body === undefined ? undefined : contains(field("item:Body"), filters.body, "Substring");
    case "internetMessageId":
      return messageIdCondition(filters.internetMessageId ?? []);
    case "receivedAfter":
      return compareTime("IsGreaterThanOrEqualTo", filters.receivedAfter);
    case "receivedBefore":
      return compareTime("IsLessThan", filters.receivedBefore);
    case "hasAttachments":
      return compare("IsEqualTo", field("item:HasAttachments"), String(filters.hasAttachments));
    case "isUnread":
      return compare("IsEqualTo", field("message:IsRead"), String(!filters.isUnread));
    case "minSize":
      return compare("IsGreaterThanOrEqualTo", field("item:Size"), String(filters.minSize));
    case "maxSize":
      return compare("IsLessThanOrEqualTo", field("item:Size"), String(filters.maxSize));
    case "importance":
      return filters.importance && compare("IsEqualTo", field("item:Importance"), filters.importance);
    case "category":
      return filters.category === undefined ? undefined : contains(field("item:Categories"), filters.category, "FullString");
    case "itemClass":
      return filters.itemClass === undefined ? undefined : itemClassCondition(filters.itemClass);
    // Exchange cannot search recipients reliably (display names only), has no regular expressions, hashes or attachment names, and compares
    // conversation ids only in FindConversation.
    case "recipient":
    case "bodyRegex":
    case "attachmentName":
    case "attachmentSha256":
    case "conversationId":
      return undefined;
  }
}

function subjectCondition({ subject, subjectMatch = "contains" }: Filters): Xml | undefined {
  // Servers differ on whether a missing subject equals an empty one.
  if (subject === undefined || subject === "") return undefined;
  const modes = { contains: "Substring", equals: "FullString", prefix: "Prefixed" } as const;
  return contains(field("item:Subject"), subject, modes[subjectMatch]);
}

/**
 * Writes a condition for the sender. Microsoft does not document whether From and Sender are compared by name, by address or by both; other servers
 * compare addresses only. A sender of the same organisation has an X.500 address. The two SMTP properties were added in Exchange 2010, so older items
 * lack them. Any of these may match, and the client checks again.
 */
function senderCondition(part: string): Xml | undefined {
  const paths = [
    field("message:From"),
    field("message:Sender"),
    ...[fromSmtpAddress, senderSmtpAddress, fromName, senderName].map(extendedField),
  ];
  return any(paths.map((path) => contains(path, part, "Substring")));
}

function itemClassCondition(itemClass: string): Xml | undefined {
  const path = () => field("item:ItemClass");
  return any([contains(path(), itemClass, "FullString"), contains(path(), `${itemClass}.`, "Prefixed")]);
}

function any(conditions: readonly Xml[]): Xml | undefined {
  return conditions.length < 2 ? conditions[0] : element("t:Or", undefined, ...conditions);
}

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/contains */
function contains(path: Xml, value: string, mode: "Substring" | "FullString" | "Prefixed"): Xml {
  const how = { ContainmentMode: mode, ContainmentComparison: "IgnoreCase" };
  return element("t:Contains", how, path, element("t:Constant", { Value: value }));
}

type Comparison = "IsEqualTo" | "IsGreaterThanOrEqualTo" | "IsLessThan" | "IsLessThanOrEqualTo";

function compare(how: Comparison, path: Xml, value: string): Xml {
  return element(`t:${how}`, undefined, path, element("t:FieldURIOrConstant", undefined, element("t:Constant", { Value: value })));
}

function compareTime(how: Comparison, time: string | undefined): Xml | undefined {
  return time === undefined ? undefined : compare(how, field("item:DateTimeReceived"), new Date(time).toISOString());
}
