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

/** What of a search the server does, what is left to us, and what of the server's work we look at again. */
export interface Plan {
  readonly restriction: Xml | undefined;
  /** An AQS query. FindItem takes either this or a restriction. */
  readonly queryString: string | undefined;
  readonly applied: AppliedFilters;
  /** To be decided by us; for `sender` also after the server. */
  readonly check: readonly ClientFilter[];
}

/** How much later than its reading an item may really have been received: a server may tell whole seconds and compare finer ones. */
const hiddenFractionMs = 1000;

/** What the server may refuse to look for: a filter, or the time at which the page before ended. */
export type Refusable = ClientFilter | "cursor";

/** The conditions of a plan, each alone, to learn which of them the server refuses. */
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
 * Divides the filters between server and client. A QueryString and a Restriction exclude one another, so with `query` all other filters
 * are the client's; so is what the server has `refused`. Throws Failure `invalid-input` for filters that mean nothing.
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
      // No line of a list shows what a query looked at.
      applied.query = "server, unchecked";
      continue;
    }
    const condition = filters.query === undefined && !refused.has(name) ? conditionOf(name, filters) : undefined;
    // No line of a list shows the body.
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

/** The Restriction that all conditions make together. */
export function restrictionOf(conditions: readonly Xml[]): Xml | undefined {
  const [first, ...others] = conditions;
  if (!first) return undefined;
  return element("m:Restriction", undefined, others.length === 0 ? first : element("t:And", undefined, ...conditions));
}

/**
 * Matches any of these Internet Message-IDs: as it is given (real ones have been seen with a blank before the bracket), and with and without
 * angle brackets, since some senders and servers leave them out.
 */
export function messageIdCondition(ids: readonly string[]): Xml | undefined {
  const spellings = new Set(ids.flatMap((id) => [`<${bareMessageId(id)}>`, bareMessageId(id), id]));
  return any([...spellings].map((id) => compare("IsEqualTo", field("message:InternetMessageId"), id)));
}

/** Matches items whose extended text property has this very value. */
export function propertyCondition(property: TextProperty, value: string): Xml {
  return compare("IsEqualTo", extendedField(property), value);
}

/** The path of a named property of an item. */
export function field(uri: string): Xml {
  return element("t:FieldURI", { FieldURI: uri });
}

/** A condition on the server for this filter; undefined where it cannot do it (or not in the way that we promise). */
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
    // Exchange cannot search recipients reliably (display names only), knows no regular expressions, no hashes and no names of
    // attachments, and compares conversation ids only in FindConversation.
    case "recipient":
    case "bodyRegex":
    case "attachmentName":
    case "attachmentSha256":
    case "conversationId":
      return undefined;
  }
}

function subjectCondition({ subject, subjectMatch = "contains" }: Filters): Xml | undefined {
  // Servers do not agree on whether a missing subject equals an empty one.
  if (subject === undefined || subject === "") return undefined;
  const modes = { contains: "Substring", equals: "FullString", prefix: "Prefixed" } as const;
  return contains(field("item:Subject"), subject, modes[subjectMatch]);
}

/**
 * Microsoft does not say whether From and Sender are compared by name, by address or by both; other servers compare addresses only. For a sender of
 * the same organisation the address is an X.500 one. The two SMTP properties were added in Exchange 2010; items older than that lack them. So any
 * of these may match, and the client looks again.
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
