import { Failure } from "../../failure.ts";
import type { HttpMethod } from "../../wire/http/request-and-response.ts";
import type { RepeatSafety } from "../../wire/throttling/retry-safety.ts";
import type { Document } from "../../wire/xml/write-xml.ts";
import type { UnpromisedBehaviour } from "../unpromised.ts";
import type { ExpectedReply } from "./expected-reply.ts";
import type { JsonObject } from "./read-json.ts";

/** One request as it is written. */
export interface RequestParts {
  readonly method: HttpMethod;
  /** Begins with `/`, below `/users/{mailbox}`; every id in it was written by `segment`. */
  readonly path: string;
  /** The path begins below the version instead: what belongs to no mailbox. */
  readonly ofOrganisation?: boolean | undefined;
  /** Plain text: it is encoded here. What is undefined is left out. */
  readonly query?: Readonly<Record<string, string | undefined>> | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Preferences (RFC 7240), such as `outlook.body-content-type="text"`. */
  readonly prefer?: readonly string[] | undefined;
  /** Which ids the reply has; default immutable, which a move does not change. With `$search` they cannot be had. */
  readonly ids?: "immutable" | "rest" | undefined;
  /** JSON, or bytes of another kind: those cannot stand in a batch. */
  readonly body?: JsonObject | RawBody | undefined;
}

/** A body that is not JSON. */
export class RawBody {
  readonly contentType: string;
  readonly document: Document;

  constructor(contentType: string, document: Document) {
    this.contentType = contentType;
    this.document = document;
  }
}

/** One request of Graph: what we write, what we read, what may be repeated. */
export interface Request<In, Out> {
  /** The name of Microsoft's page about it, such as `message-move`. */
  readonly name: string;
  readonly safety: RepeatSafety;
  /** What Graph replies to it. */
  readonly reply: ExpectedReply;
  /** The value when a repetition finds nothing although the answer to the first time was lost: that one was carried out. */
  readonly gone?: Out;
  /** `behaviour`: as the connection takes the service; default as everybody. */
  write(input: In, behaviour?: UnpromisedBehaviour): RequestParts;
  /** What is made of the JSON of a success; an empty object where the reply has no body. Throws Failure `broken-reply`. */
  read(reply: JsonObject): Out;
}

/**
 * An id as a segment of a path. One of EWS is the same id in another alphabet, as far as is known; Graph's own have neither of the two characters.
 * Failure `invalid-input` for what would name another place.
 */
export function segment(id: string): string {
  return encodedSegment(restId(id));
}

/** A name as a segment of a path: no text and the dots of a path lead elsewhere, whichever way they are written (WHATWG URL, 4.4). */
export function encodedSegment(name: string): string {
  if (name === "" || name === "." || name === "..")
    throw new Failure("invalid-input", `${JSON.stringify(name)} is neither an id nor a name.`);
  return encodedText(name);
}

/** A text as a path or a query has it. Throws Failure `invalid-input` for half a character (a lone surrogate), which UTF-8 has no bytes for. */
export function encodedText(text: string): string {
  if (/\p{Surrogate}/u.test(text)) {
    throw new Failure("invalid-input", "A text holds half a character (a lone surrogate), which cannot be sent to Microsoft Graph.");
  }
  return encodeURIComponent(text);
}

/** A mailbox as the interface for import and export names it. The colon and the at sign of its id stand in a path as they are (RFC 3986, 3.3). */
export function mailboxPath(mailboxId: string): string {
  return `/admin/exchange/mailboxes/${encodedSegment(mailboxId).replaceAll("%3A", ":").replaceAll("%40", "@")}`;
}

/** Microsoft promises the translation of ids only by translateExchangeIds; that the default form differs by these two characters is what is seen. */
export function restId(id: string): string {
  return id.replaceAll("/", "-").replaceAll("+", "_");
}

/** What must be in a reply. Throws Failure `broken-reply` where it is not. */
export function required<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Failure("broken-reply", `The reply says success but has no ${name}.`);
  return value;
}
