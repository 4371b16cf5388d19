import { badRequest, type GraphError } from "../errors.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** A property that the type has not. Exchange's half of Graph names another code than the directory. */
export function unknownProperty(name: string, { type, of }: Vocabulary): GraphError {
  const code = of === "directory" ? "Request_BadRequest" : "RequestBroker--ParseUri";
  return badRequest(`Could not find a property named '${name}' on type 'microsoft.graph.${type}'.`, code);
}

/** Refuses a well-formed filter that this service does not support. */
export function unsupportedFilter({ of }: Vocabulary): GraphError {
  return of === "directory"
    ? badRequest("Unsupported or invalid query filter clause specified.", "Request_UnsupportedQuery")
    : badRequest("The query filter contains one or more invalid nodes.", "ErrorInvalidUrlQueryFilter");
}

export function invalidFilter(text: string): GraphError {
  return badRequest(`Invalid filter clause: ${text}`);
}

/** @see https://learn.microsoft.com/en-us/graph/api/user-list-messages#using-filter-and-orderby-in-the-same-query */
export function inefficientFilter(): GraphError {
  return badRequest("The restriction or sort order is too complex for this operation.", "InefficientFilter");
}

/** The directory carries out some queries only with its index: header `ConsistencyLevel: eventual`. */
export function needsIndex(): GraphError {
  return badRequest(
    "Request is only supported with the header 'ConsistencyLevel: eventual' and the query parameter '$count=true'.",
    "Request_UnsupportedQuery",
  );
}
