import { Failure } from "../../failure.ts";
import { notOfGraph } from "../failures.ts";
import { type JsonObject, memberOf } from "./read-json.ts";

/**
 * The reply that Graph returns to a request that it has carried out, according to Microsoft's page. Any other reply was written by something else, or
 * concerns something else: it shows neither that something was done nor that nothing was.
 */
export interface ExpectedReply {
  readonly status: readonly number[];
  /** `nothing`: no body. `json`: an object. The others are streamed: a message in RFC 5322 form, the content of a file, a long JSON text. */
  readonly body: "nothing" | "json" | "message" | "file" | "long-json";
  /** Members that the object must have. */
  readonly has?: readonly string[] | undefined;
  /** Headers that the reply must have, in lower case. */
  readonly headers?: readonly string[] | undefined;
}

/** Describes an object that was requested. */
export function found(...has: readonly string[]): ExpectedReply {
  return { status: [200], body: "json", has };
}

/** Describes an object that was created. Microsoft's pages document 201, and some of their examples show 200. */
export function made(...has: readonly string[]): ExpectedReply {
  return { status: [200, 201], body: "json", has };
}

export const noContent: ExpectedReply = { status: [204], body: "nothing" };
export const accepted: ExpectedReply = { status: [202], body: "nothing" };

export function content(body: "message" | "file" | "long-json"): ExpectedReply {
  return { status: [200], body };
}

/** A reply whose body was read to its end. */
export interface WholeReply {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  /** Undefined where there is no body, or one that is not a JSON object. */
  readonly json: JsonObject | undefined;
  readonly isEmpty: boolean;
}

/** Returns the object of an expected reply, empty where none is expected. Throws Failure `broken-reply` for any other reply. */
export function asExpected(declared: ExpectedReply, reply: WholeReply): JsonObject {
  const { status, headers, json = {}, isEmpty } = reply;
  const isBody = declared.body === "nothing" ? isEmpty : reply.json !== undefined && isJsonType(headers.get("content-type"));
  // A success has no error member.
  const isSuccess = declared.status.includes(status) && isBody && memberOf(json, "error") === undefined;
  if (!isSuccess || declared.headers?.some((name) => !headers.has(name))) throw notOfGraph(status, headers);
  const missing = declared.has?.find((name) => memberOf(json, name) === undefined);
  if (missing === undefined) return json;
  const details = { wireCode: `HTTP ${status}`, requestId: headers.get("request-id") };
  throw new Failure("broken-reply", `The reply says success but has no ${missing}.`, details);
}

/**
 * Throws Failure `broken-reply` unless a streamed reply is as expected. Bytes show neither their author nor their end, so the reply must have the id
 * of every Graph reply, and declare where it ends.
 * @see https://learn.microsoft.com/en-us/graph/best-practices-concept (request-id)
 */
export function checkStreamed(
  declared: ExpectedReply,
  reply: { readonly status: number; readonly headers: ReadonlyMap<string, string>; readonly isFramed: boolean },
): void {
  const { status, headers, isFramed } = reply;
  const type = headers.get("content-type");
  const isOfGraph = declared.body === "long-json" ? isJsonType(type) : headers.has("request-id");
  const isType = declared.body !== "message" || isMessageType(type);
  if (!declared.status.includes(status) || !isOfGraph || !isType) throw notOfGraph(status, headers);
  if (isFramed) return;
  throw new Failure("broken-reply", "The reply does not say where it ends: it may have been cut.", {
    wireCode: `HTTP ${status}`,
    requestId: headers.get("request-id"),
    hint: "Retry. If it persists, check the proxy in between: it must keep Content-Length or the chunked encoding.",
  });
}

function isJsonType(type: string | undefined): boolean {
  return type === undefined || /^application\/(?:[\w.-]+\+)?json\b/i.test(type);
}

/** Graph sends MIME as `text/plain`; MIME that is not text may be sent as bytes, and a contact or an appointment has a type of its own. */
function isMessageType(type: string | undefined): boolean {
  return type === undefined || /^(?:text\/(?:plain|calendar|x?-?vcard)|message\/|application\/octet-stream)/i.test(type);
}
