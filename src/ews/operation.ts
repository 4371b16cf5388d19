import { Failure } from "../failure.ts";
import { done, failed, type Outcome } from "../outcome.ts";
import type { RepeatSafety } from "../wire/throttling/retry-safety.ts";
import { listOf, mapped, type Reader, within } from "../wire/xml/read-xml.ts";
import type { Xml } from "../wire/xml/write-xml.ts";
import { failureOf } from "./failures.ts";
import { m } from "./namespaces.ts";
import type { Status } from "./session/response-status.ts";

/** One SOAP operation of EWS: how we write the request and read the reply, and when it may be repeated. */
export interface Operation<In, Out> {
  /** Microsoft's name, such as `GetItem`. The element of the reply is this name followed by `Response`. */
  readonly name: string;
  readonly safety: RepeatSafety;
  /**
   * The value when a repetition finds nothing (`not-found`) after the first reply was lost: the first request was carried out. For operations that
   * invalidate the id.
   */
  readonly gone?: Out;
  /**
   * The folders, items and attachments of a request, by id or well-known name. A request about public folders must go to the mailbox that holds them.
   */
  readonly names?: (input: In) => readonly string[];
  /** The hint where a server does not know the operation: the alternative. */
  readonly instead?: string;
  /** Writes the element inside the SOAP body. */
  write(input: In): Xml;
  /** Reads the `m:…Response` element: an Outcome for each response message, in their order. */
  readonly read: Reader<readonly Outcome<Out>[]>;
}

/**
 * Converts a response message to an Outcome. `value` returns undefined when a required part is missing: then a success becomes a `broken-reply`, and
 * a warning becomes the failure of its code.
 */
export function outcomeOf<V extends Status, T>(value: (message: V) => T | undefined): (message: V) => Outcome<T> {
  return (message) => {
    const { responseCode = "" } = message;
    const responseClass = message.responseClass?.trim();
    // A warning with this code stands for a request that was not processed (Microsoft: ResponseClass).
    if (responseClass === "Error" || responseCode === "ErrorBatchProcessingStopped") return failed(failureOf(message));
    if (responseClass === undefined && responseCode === "")
      return failed(new Failure("broken-reply", "The reply reports neither success nor failure."));
    const made = value(message);
    if (made !== undefined) return done(made);
    if (responseClass === "Warning") return failed(failureOf(message));
    return failed(new Failure("broken-reply", "The reply reports success but lacks the requested data.", { wireCode: responseCode }));
  };
}

/** Reads the usual reply: `m:…Response` has `m:ResponseMessages`, which has one `m:…ResponseMessage` for each requested thing. */
export function responses<T>(name: string, message: Reader<Outcome<T>>): Reader<readonly Outcome<T>[]> {
  return mapped(within(m("ResponseMessages"), listOf(m(`${name}ResponseMessage`), message)), (outcomes) => outcomes ?? []);
}
