import type { HttpRequest, HttpResponse } from "../../wire/http/request-and-response.ts";
import type { ServiceRecord } from "./candidate-urls.ts";
import type { Protocol } from "./protocol.ts";

/** How to look for EWS. */
export interface AutodiscoverOptions {
  /** SMTP address of a mailbox of the organisation. */
  readonly address: string;
  /** Hosts outside the address's domain that may be told who we are; `*.example.net` stands for all names below. */
  readonly allowHosts: readonly string[];
  /** Sends a request; `signedIn`: with the credentials. They are only asked for hosts that may have them. */
  readonly send: (request: HttpRequest, signedIn: boolean) => Promise<HttpResponse>;
  readonly userAgent: string;
  readonly signal?: AbortSignal | undefined;
  /** Told of each step, for a person who looks for what is wrong. */
  readonly step?: ((step: AutodiscoverStep) => void) | undefined;
  /** Default: asks DNS. */
  readonly lookUpService?: ((domain: string) => Promise<readonly ServiceRecord[]>) | undefined;
}

export interface AutodiscoverStep {
  readonly protocol: Protocol["name"] | "redirect" | "SRV";
  readonly url: string;
  /** What came of it, in words. */
  readonly outcome: string;
}
