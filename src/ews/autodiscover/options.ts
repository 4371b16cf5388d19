import type { HttpRequest, HttpResponse } from "../../wire/http/request-and-response.ts";
import type { ServiceRecord } from "./candidate-urls.ts";
import type { Protocol } from "./protocol.ts";

/** How to run Autodiscover. */
export interface AutodiscoverOptions {
  /** SMTP address of a mailbox of the organisation. */
  readonly address: string;
  /** Hosts outside the address's domain that may receive our credentials; `*.example.net` means all names below. */
  readonly allowHosts: readonly string[];
  /** Sends a request. `signedIn`: with the credentials, which is set only for hosts that may receive them. */
  readonly send: (request: HttpRequest, signedIn: boolean) => Promise<HttpResponse>;
  readonly userAgent: string;
  readonly signal?: AbortSignal | undefined;
  /** Receives each step, for a person who looks for an error. */
  readonly step?: ((step: AutodiscoverStep) => void) | undefined;
  /** Default: a DNS lookup. */
  readonly lookUpService?: ((domain: string) => Promise<readonly ServiceRecord[]>) | undefined;
}

export interface AutodiscoverStep {
  readonly protocol: Protocol["name"] | "redirect" | "SRV";
  readonly url: string;
  /** The outcome of the step, as text. */
  readonly outcome: string;
}
