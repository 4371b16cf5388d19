import { Failure } from "../../failure.ts";
import type { HttpMethod } from "../../wire/http/request-and-response.ts";
import type { RepeatSafety } from "../../wire/throttling/retry-safety.ts";
import type { Document } from "../../wire/xml/write-xml.ts";
import type { UnpromisedBehaviour } from "../unpromised.ts";
import type { ExpectedReply } from "./expected-reply.ts";
import type { JsonObject } from "./read-json.ts";

/** The parts of one request. */
export interface RequestParts {
  readonly method: HttpMethod;
  /** Begins with `/`, below `/users/{mailbox}`; every id in it was written by `segment`. */
  readonly path: string;
  /** True for a path directly below the version, for requests that concern no mailbox. */
  readonly ofOrganisation?: boolean | undefined;
  /** Plain text, which is encoded here. Undefined values are left out. */
  readonly query?: Readonly<Record<string, string | undefined>> | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Preferences (RFC 7240), such as `outlook.body-content-type="text"`. */
  readonly prefer?: readonly string[] | undefined;
  /** The form of ids in the reply. Default: immutable, which a move does not change. Not available with `$search`. */
  readonly ids?: "immutable" | "rest" | undefined;
  /** JSON, or other bytes, which cannot be part of a batch. */
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

/** One request to Graph: how we write it and read the reply, and when it may be repeated. */
export interface Request<In, Out> {
  /** The name of Microsoft's page about it, such as `message-move`. */
  readonly name: string;
  readonly safety: RepeatSafety;
  /** The reply that Graph returns to it. */
  readonly reply: ExpectedReply;
  /** The value when a repetition finds nothing after the first reply was lost: the first request was carried out. */
  readonly gone?: Out;
  /** Writes the request. `behaviour`: what the connection assumes about the service; default for the worldwide cloud. */
  write(input: In, behaviour?: UnpromisedBehaviour): RequestParts;
  /** Parses a successful reply. `reply` is an empty object when there was no body. Throws Failure `broken-reply`. */
  read(reply: JsonObject): Out;
}

/**
 * Writes an id as a segment of a path. An EWS id is the same id in another alphabet, as far as is known; Graph's ids have neither of the two
 * characters. Throws Failure `invalid-input` for text that would change the path.
 */
export function segment(id: string): string {
  return encodedSegment(restId(id));
}

/** Writes a name as a segment of a path. An empty text and the dots of a path would lead elsewhere, however they are written (WHATWG URL, 4.4). */
export function encodedSegment(name: string): string {
  if (name === "" || name === "." || name === "..")
    throw new Failure("invalid-input", `${JSON.stringify(name)} is neither an id nor a name.`);
  return encodedText(name);
}

/** Encodes a text for a path or a query. Throws Failure `invalid-input` for half a character (a lone surrogate), which UTF-8 cannot represent. */
export function encodedText(text: string): string {
  if (/\p{Surrogate}/u.test(text)) {
    throw new Failure("invalid-input", "A text contains half a character (a lone surrogate), which cannot be sent to Microsoft Graph.");
  }
  return encodeURIComponent(text);
}

/** Writes the path of a mailbox for import and export. The colon and the at sign of its id stay as they are in a path (RFC 3986, 3.3). */
export function mailboxPath(mailboxId: string): string {
  return `/admin/exchange/mailboxes/${encodedSegment(mailboxId).replaceAll("%3A", ":").replaceAll("%40", "@")}`;
}

/** Converts an EWS id to a default id. Microsoft promises only translateExchangeIds; that the forms differ by these two characters was observed. */
export function restId(id: string): string {
  return id.replaceAll("/", "-").replaceAll("+", "_");
}

/** Returns a value that the reply must have. Throws Failure `broken-reply` where it is missing. */
export function required<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Failure("broken-reply", `The reply says success but has no ${name}.`);
  return value;
}
