import type { Faults } from "../faults.ts";
import { accessDenied, GraphError } from "./errors.ts";
import { isObject } from "./json.ts";
import type { GraphReply } from "./operation.ts";
import { unauthenticated } from "./sign-in/sign-in.ts";
import { throttled } from "./throttle.ts";

/** Statuses of codes that a rule may name; others are 500. */
const statuses: Readonly<Record<string, number>> = {
  ErrorItemNotFound: 404,
  ErrorInvalidIdMalformed: 400,
  ErrorAccessDenied: 403,
  ErrorCannotDeleteObject: 403,
  ErrorSendAsDenied: 403,
  ErrorQuotaExceeded: 507,
  ErrorMailboxStoreUnavailable: 503,
  ErrorMailboxMoveInProgress: 503,
};

/** Retry-After counts whole seconds (RFC 9110, 10.2.3). */
const seconds = (backOffMs: number | undefined): number => Math.ceil((backOffMs ?? 1000) / 1000);

/**
 * Returns the error of a request that a rule matches. The faults of EWS have equivalents here: a busy server is status 429. `itemId`: the request's
 * item, in the EWS form of id.
 */
export function faultOf(faults: Faults, itemId: string | undefined): GraphError | undefined {
  if (faults.rule("401") !== undefined) return unauthenticated("Lifetime validation failed, the token is expired.");
  if (faults.rule("403") !== undefined) return accessDenied();
  if (faults.rule("500") !== undefined) return new GraphError(500, "InternalServerError", "An internal server error occurred.");
  const unavailable = faults.rule("503");
  if (unavailable !== undefined) {
    const wait = { "Retry-After": String(seconds(unavailable.backOffMs)) };
    return new GraphError(503, "ServiceUnavailable", "The service is temporarily unavailable.", wait);
  }
  const busy = faults.rule("429") ?? faults.rule("server-busy-fault");
  if (busy !== undefined) return throttled("Application is over its MailboxConcurrency limit.", seconds(busy.backOffMs));
  if (faults.rule("connection-count-fault") !== undefined) return throttled("Application is over its MailboxConcurrency limit.", undefined);
  const fault = faults.ofItem(1, itemId);
  if (fault === undefined) return undefined;
  const backOff = fault.values?.BackOffMilliseconds;
  if (fault.code === "ErrorServerBusy") return throttled(fault.message, seconds(typeof backOff === "number" ? backOff : undefined));
  return new GraphError(statuses[fault.code] ?? 500, fault.code, fault.message);
}

/** Damages the reply to a completed request if a rule matches it. Throws GraphError. */
export function damageReply(reply: GraphReply, faults: Faults): GraphReply {
  // A gateway that gave up waiting knows neither a code nor the result.
  if (faults.rule("504") !== undefined) throw new GraphError(504, "UnknownError", "");
  if (faults.rule("error-after") !== undefined)
    throw new GraphError(500, "ErrorInternalServerError", "An internal server error occurred. The operation failed.");
  const { body } = reply;
  if (faults.rule("missing-answers") === undefined || body === undefined || body instanceof Uint8Array) return reply;
  const { responses = null, ...rest } = body;
  return Array.isArray(responses) ? { ...reply, body: { ...rest, responses: responses.filter(isObject).slice(0, 1) } } : reply;
}
