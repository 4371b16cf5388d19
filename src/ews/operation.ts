import { Failure } from "../failure.ts";
import { done, failed, type Outcome } from "../outcome.ts";
import type { RepeatSafety } from "../wire/throttling/retry-safety.ts";
import { listOf, mapped, type Reader, within } from "../wire/xml/read-xml.ts";
import type { Xml } from "../wire/xml/write-xml.ts";
import { failureOf } from "./failures.ts";
import { m } from "./namespaces.ts";
import type { Status } from "./session/response-status.ts";

/** One SOAP operation of EWS: what we write, what we read, what may be repeated. */
export interface Operation<In, Out> {
  /** Microsoft's name, such as `GetItem`; the reply's element is this name and `Response`. */
  readonly name: string;
  readonly safety: RepeatSafety;
  /**
   * The value when a repetition finds nothing (`not-found`) although the answer to the first time was lost: that one was carried out. For what
   * makes its id dead.
   */
  readonly gone?: Out;
  /** The folders, items and attachments that a request is about, by id or well-known name: of public folders it must go where they are. */
  readonly names?: (input: In) => readonly string[];
  /** The hint where a server does not know the operation: what to do instead. */
  readonly instead?: string;
  /** The element inside the SOAP body. */
  write(input: In): Xml;
  /** What is made of the `m:…Response` element: an Outcome for each response message, in their order. */
  readonly read: Reader<readonly Outcome<Out>[]>;
}

/**
 * Makes an Outcome of a response message. `value` gives undefined when what should be there is not: then a success is a
 * `broken-reply`, and a warning is the failure that its code says.
 */
export function outcomeOf<V extends Status, T>(value: (message: V) => T | undefined): (message: V) => Outcome<T> {
  return (message) => {
    const { responseCode = "" } = message;
    const responseClass = message.responseClass?.trim();
    // A warning of this code stands for a request that was not processed (Microsoft: ResponseClass).
    if (responseClass === "Error" || responseCode === "ErrorBatchProcessingStopped") return failed(failureOf(message));
    if (responseClass === undefined && responseCode === "")
      return failed(new Failure("broken-reply", "The reply says neither that it was done nor that it was not."));
    const made = value(message);
    if (made !== undefined) return done(made);
    if (responseClass === "Warning") return failed(failureOf(message));
    return failed(new Failure("broken-reply", "The reply says success but lacks what was asked.", { wireCode: responseCode }));
  };
}

/** The usual reply: `m:…Response` holds `m:ResponseMessages`, and those one `m:…ResponseMessage` for each thing asked. */
export function responses<T>(name: string, message: Reader<Outcome<T>>): Reader<readonly Outcome<T>[]> {
  return mapped(within(m("ResponseMessages"), listOf(m(`${name}ResponseMessage`), message)), (outcomes) => outcomes ?? []);
}
