import { Failure } from "../../failure.ts";
import type { HttpRequest, HttpResponse } from "../../wire/http/request-and-response.ts";
import { httpFailure } from "../session/http-failures.ts";

/** URLs of EWS, the better one first, and the versions that it accepts, where it reports them. */
export interface CandidateUrls {
  readonly urls: readonly string[];
  readonly schemas: readonly string[];
}

/** The reply of one Autodiscover service about an address. It is untrusted and not checked yet. */
export type Answer<Values extends object = CandidateUrls> =
  | ({ readonly kind: "found" } & Values)
  /** Ask at this URL. */
  | { readonly kind: "elsewhere"; readonly url: string }
  /** Ask for this address instead. */
  | { readonly kind: "address"; readonly address: string }
  | { readonly kind: "nothing"; readonly failure: Failure };

/** One protocol of an Autodiscover service. */
export interface Protocol<Values extends object = CandidateUrls> {
  readonly name: "Autodiscover v2" | "Autodiscover SOAP" | "Autodiscover POX";
  /** True when the service needs credentials. */
  readonly signsIn: boolean;
  /** Returns the URL of the service at a server. */
  urlAt(origin: URL, address: string): URL;
  request(address: string, url: URL): Promise<Pick<HttpRequest, "method" | "headers" | "body">>;
  /** Reads a reply that is not an HTTP redirect. Throws Failure `broken-reply` for a reply of another protocol. */
  read(response: HttpResponse): Promise<Answer<Values>>;
}

/** Larger than any real reply: POX replies, with every protocol and mailbox, have about ten thousand bytes. */
export const largestAnswer = 262_144;

/** Limits for hostile XML. Real replies are about 8 levels deep, and their longest text is a URL. */
export const xmlLimits = { maxBytes: largestAnswer, maxDepth: 32, maxTextBytes: 16_384, dropsRest: true } as const;

/** Converts an HTTP reply that is not of this protocol. Its body is dropped, because it is a page for people. */
export function httpAnswer(response: HttpResponse, signedIn = true): Answer<never> {
  response.discard();
  const { status } = response;
  const isTelling = (signedIn && (status === 401 || status === 440)) || status === 429 || status === 503;
  const failure = isTelling
    ? httpFailure(response)
    : new Failure("refused", `It knows no EWS: it answered HTTP ${status}.`, { wireCode: `HTTP ${status}` });
  return { kind: "nothing", failure };
}

/** Shortens server text for our messages, on one line. */
export function oneLine(text: string | undefined): string {
  const line = (text ?? "").replace(/\s+/g, " ").trim();
  return line.length > 200 ? `${line.slice(0, 199)}…` : line;
}
