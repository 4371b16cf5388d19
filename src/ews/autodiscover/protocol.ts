import { Failure } from "../../failure.ts";
import type { HttpRequest, HttpResponse } from "../../wire/http/request-and-response.ts";
import { httpFailure } from "../session/http-failures.ts";

/** Where EWS is, the better place first, and the versions that it takes, where it says so. */
export interface CandidateUrls {
  readonly urls: readonly string[];
  readonly schemas: readonly string[];
}

/** What one Autodiscover service says about an address. None of it is checked yet: it may be anybody's. */
export type Answer<Values extends object = CandidateUrls> =
  | ({ readonly kind: "found" } & Values)
  /** Ask there. */
  | { readonly kind: "elsewhere"; readonly url: string }
  /** Ask for this address instead. */
  | { readonly kind: "address"; readonly address: string }
  | { readonly kind: "nothing"; readonly failure: Failure };

/** One way to ask an Autodiscover service. */
export interface Protocol<Values extends object = CandidateUrls> {
  readonly name: "Autodiscover v2" | "Autodiscover SOAP" | "Autodiscover POX";
  /** The service wants to know who asks. */
  readonly signsIn: boolean;
  /** Where it is asked at a server. */
  urlAt(origin: URL, address: string): URL;
  request(address: string, url: URL): Pick<HttpRequest, "method" | "headers" | "body">;
  /** Reads an answer that is not a redirect of HTTP. Throws Failure `broken-reply` for what is none of this protocol. */
  read(response: HttpResponse): Promise<Answer<Values>>;
}

/** More than any real answer has: those of POX, with every protocol and mailbox in them, have some ten thousand bytes. */
export const largestAnswer = 262_144;

/** What hostile XML may have at most: real answers are about 8 deep and their longest text is a URL. */
export const xmlLimits = { maxBytes: largestAnswer, maxDepth: 32, maxTextBytes: 16_384, dropsRest: true } as const;

/** An answer of HTTP that is not the protocol's. Its body is dropped: it is a page for a person. */
export function httpAnswer(response: HttpResponse, signedIn = true): Answer<never> {
  response.discard();
  const { status } = response;
  const isTelling = (signedIn && (status === 401 || status === 440)) || status === 429 || status === 503;
  const failure = isTelling
    ? httpFailure(response)
    : new Failure("refused", `It knows no EWS: it answered HTTP ${status}.`, { wireCode: `HTTP ${status}` });
  return { kind: "nothing", failure };
}

/** Text of a server in a message of ours: short, on one line. */
export function oneLine(text: string | undefined): string {
  const line = (text ?? "").replace(/\s+/g, " ").trim();
  return line.length > 200 ? `${line.slice(0, 199)}…` : line;
}
