import type { JsonObject } from "./json.ts";

/** Graph's error reply. The code is exactly Graph's. */
export class GraphError extends Error {
  override readonly name = "GraphError";
  /** HTTP. */
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/** @see https://learn.microsoft.com/en-us/graph/errors#error-resource-type */
export function errorBody(
  error: GraphError,
  about: { readonly now: Date; readonly requestId: string; readonly clientId: string },
): JsonObject {
  return {
    error: {
      code: error.code,
      message: error.message,
      innerError: { date: about.now.toISOString().slice(0, 19), "request-id": about.requestId, "client-request-id": about.clientId },
    },
  };
}

export const badRequest = (message: string, code = "BadRequest"): GraphError => new GraphError(400, code, message);
export const itemNotFound = (): GraphError => new GraphError(404, "ErrorItemNotFound", "The specified object was not found in the store.");
/** @see https://learn.microsoft.com/en-us/graph/outlook-immutable-id */
export const otherMailbox = (): GraphError =>
  new GraphError(404, "ErrorInvalidMailboxItemId", "Item Id doesn't belong to the current mailbox.");
export const malformedId = (): GraphError => new GraphError(400, "ErrorInvalidIdMalformed", "Id is malformed.");
export const accessDenied = (): GraphError =>
  new GraphError(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.");
