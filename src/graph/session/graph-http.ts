import { randomUUID } from "node:crypto";
import type { Call } from "../../exchange/exchange.ts";
import { Failure } from "../../failure.ts";
import { parseJson } from "../../text/parse-json.ts";
import { byteSlices } from "../../text/slices.ts";
import type { Http } from "../../wire/http/client-interface.ts";
import type { HttpMethod, HttpRequest, HttpResponse } from "../../wire/http/request-and-response.ts";
import type { Document } from "../../wire/xml/write-xml.ts";
import { failureOf } from "../failures.ts";
import { asExpected, checkStreamed, type ExpectedReply, type WholeReply } from "./expected-reply.ts";
import { longReply } from "./long-list.ts";
import { type JsonObject, objectOf } from "./read-json.ts";
import { encodedSegment, encodedText, RawBody, type RequestParts } from "./request-description.ts";

/** Maximum size of a reply in memory: a page of 250 messages with bodies, or 20 of those in a batch. */
const maxReplyBytes = 64 * 1024 * 1024;

/** A request with its own URL, from a link of the server. */
export type AddressedRequest = RequestParts & { readonly link?: URL | undefined };

/** Sends single requests to Graph. */
export interface GraphHttp {
  /** Returns the whole URL of a request about this mailbox. */
  urlOf(requested: AddressedRequest, mailbox: string): URL;
  /** Sends a request and reads the reply. Throws Failure for every reply that is not as expected. */
  call(request: NamedRequest, requested: AddressedRequest, mailbox: string, call: Call): Promise<JsonObject>;
  /** Requests bytes. Throws Failure until they begin, as `call` does, and while reading when they end too early. */
  open(request: NamedRequest, requested: AddressedRequest, mailbox: string, call: Call): Promise<HttpResponse>;
  /**
   * Sends a request without our token to another URL that the server named. Throws Failure, as `call` does; `refused` for a host that does not belong
   * to Exchange Online.
   */
  requestWithoutToken(request: NamedRequest, to: UnauthenticatedRequest, call: Call): Promise<JsonObject>;
}

/** The name of a request, for logs, and its expected reply. */
export interface NamedRequest {
  readonly name: string;
  readonly reply: ExpectedReply;
}

export interface UnauthenticatedRequest {
  readonly url: string;
  readonly method: HttpMethod;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Document | undefined;
}

export interface GraphHttpOptions {
  /** Such as `https://graph.microsoft.com/v1.0`, without a slash at its end. */
  readonly base: URL;
  /** A client that signs in. */
  readonly http: Http;
  /** A client that does not sign in. */
  readonly anonymous: Http;
  readonly userAgent: string;
}

export function openGraphHttp({ base, http, anonymous, userAgent }: GraphHttpOptions): GraphHttp {
  function requestOf(name: string, requested: AddressedRequest, mailbox: string, call: Call): HttpRequest {
    const body = bodyOf(requested.body);
    return {
      url: rest.urlOf(requested, mailbox),
      method: requested.method,
      headers: {
        accept: "application/json",
        "user-agent": userAgent,
        "client-request-id": randomUUID(),
        "return-client-request-id": "true",
        ...(body === undefined ? {} : { "content-type": body.contentType }),
        ...headersOf(requested),
      },
      body: body?.document,
      signal: call.signal,
      timeoutMs: call.timeoutMs,
      progress: call.progress,
      name,
    };
  }

  const rest: GraphHttp = {
    urlOf(requested, mailbox) {
      if (requested.link !== undefined) return requested.link;
      return new URL(`${base.href.replace(/\/$/, "")}${pathOf(requested, mailbox)}`);
    },
    async call(request, requested, mailbox, call) {
      return successOf(request.reply, await http.send(requestOf(request.name, requested, mailbox, call)), topOf(requested));
    },
    async open(request, requested, mailbox, call) {
      const response = await http.send(requestOf(request.name, requested, mailbox, call));
      if (response.status >= 400) throw failureOf(response.status, response.headers, (await read(response)).json);
      try {
        checkStreamed(request.reply, response);
      } catch (thrown) {
        response.discard();
        throw thrown;
      }
      return response;
    },
    async requestWithoutToken(request, to, call) {
      const response = await anonymous.send({
        url: exchangeUrl(to.url, base),
        method: to.method,
        headers: { "user-agent": userAgent, ...to.headers },
        body: to.body,
        signal: call.signal,
        timeoutMs: call.timeoutMs,
        name: request.name,
      });
      return successOf(request.reply, response);
    },
  };
  return rest;
}

/** Returns the path and query of a request, below the version. */
export function pathOf(requested: RequestParts, mailbox: string): string {
  const query = Object.entries(requested.query ?? {}).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodedText(value)}`],
  );
  const root = requested.ofOrganisation === true ? "" : userPath(mailbox);
  return `${root}${requested.path}${query.length === 0 ? "" : `?${query.join("&")}`}`;
}

/** @see https://learn.microsoft.com/en-us/graph/api/user-get (a name that begins with a dollar sign, a guest's with `#EXT#`) */
function userPath(user: string): string {
  const name = encodedSegment(user);
  return user.startsWith("$") ? `/users('${name.replaceAll("'", "''")}')` : `/users/${name}`;
}

/** Returns the headers that a request also has inside a batch. Several preferences form one header (RFC 7240). */
export function headersOf({ ids, prefer = [], headers }: RequestParts): Record<string, string> {
  const all = [...(ids === "rest" ? [] : ['IdType="ImmutableId"']), ...prefer];
  return { ...(all.length === 0 ? {} : { prefer: all.join(", ") }), ...headers };
}

function bodyOf(body: RequestParts["body"]): RawBody | undefined {
  if (body === undefined || body instanceof RawBody) return body;
  const bytes = Buffer.from(JSON.stringify(body));
  return new RawBody("application/json", {
    size: bytes.length,
    async *open() {
      yield* byteSlices(bytes);
    },
  });
}

async function successOf(declared: ExpectedReply, response: HttpResponse, top?: number): Promise<JsonObject> {
  const { status, headers } = response;
  const body = await read(response, top);
  if (status >= 400) throw failureOf(status, headers, body.json);
  return asExpected(declared, { status, headers, ...body });
}

/** Returns the number of items that a request for a list asks for; undefined where it names none. */
function topOf({ query }: RequestParts): number | undefined {
  const top = Number(query?.$top);
  return Number.isInteger(top) ? top : undefined;
}

/** `top`: the number of items that were requested. */
async function read({ body }: HttpResponse, top?: number): Promise<Pick<WholeReply, "json" | "isEmpty">> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const bytes of body) {
    size += bytes.length;
    parts.push(bytes);
    if (size > maxReplyBytes) throw longReply(parts, maxReplyBytes, top);
  }
  const text = Buffer.concat(parts).toString("utf8");
  return { json: objectOf(parseJson(text)), isEmpty: text.trim() === "" };
}

/** Links to a next page have some hundred characters, with a long filter a few thousand. */
const longestLink = 64 * 1024;

/**
 * Parses a link of a reply; undefined where it is not a URL. A longer link is not parsed: a host with characters beyond ASCII takes time in
 * proportion to the square of its length.
 */
export function urlOfLink(link: string): URL | undefined {
  return link.length <= longestLink && URL.canParse(link) ? new URL(link) : undefined;
}

/** Hosts of Exchange Online for uploads and imports, by cloud. The server's URL alone must not decide where we send. */
const exchangeHosts = /(^|\.)(office\.com|office365\.com|office365\.us|office365\.cn|outlook\.cn)$/i;

/** The lab has another port for uploads, as the service has another host. */
function isSameMachine(url: URL, base: URL): boolean {
  const isLoopback = /^(?:127(?:\.\d{1,3}){3}|localhost|\[::1\])$/.test(base.hostname);
  return isLoopback && url.hostname === base.hostname && url.protocol === base.protocol;
}

function exchangeUrl(link: string, base: URL): URL {
  const url = urlOfLink(link);
  if (url !== undefined && (url.origin === base.origin || isSameMachine(url, base))) return url;
  if (url !== undefined && url.protocol === "https:" && exchangeHosts.test(url.hostname)) return url;
  throw new Failure(
    "refused",
    `The server named a URL that does not belong to Exchange Online${url ? `: ${url.host}` : ""}. Nothing was sent there.`,
  );
}
