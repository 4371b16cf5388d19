// src/ews/autodiscover/: Finds the EWS endpoint and the settings of a mailbox by Autodiscover.

import { asFailure, Failure } from "../../failure.ts";
import { AutodiscoverSearch } from "./find-endpoint.ts";
import { json } from "./json.ts";
import type { AutodiscoverOptions } from "./options.ts";
import { pox } from "./pox.ts";
import type { CandidateUrls, Protocol } from "./protocol.ts";
import { soap } from "./soap.ts";
import { checkedUrl, isTrusted, type TrustedUrls, trustOf, untrustedHost } from "./trusted-urls.ts";

/** The EWS endpoint that was found. */
export interface Discovered {
  readonly url: URL;
  /** The versions that it accepts; empty when it did not report them. */
  readonly schemas: readonly string[];
  readonly protocol: Protocol["name"];
}

/** In the order of use: first the protocol without credentials, then the newer of the others. */
const protocols: readonly Protocol[] = [json, soap, pox];

/**
 * Finds EWS for an address. Credentials go only to hosts of the address's domain and to allowed hosts, wherever a reply or DNS leads. Once refused,
 * they are not sent again. Failures: `invalid-input` (not an address), `invalid-settings` (a host that is not allowed), `unauthenticated`,
 * `cancelled`, or the most informative failure of a step.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/autodiscover-for-exchange
 */
export async function autodiscover(options: AutodiscoverOptions): Promise<Discovered> {
  const trust = trustOf(options.address, options.allowHosts);
  const search = new AutodiscoverSearch(options, trust, {
    protocols,
    accept({ urls, schemas }: CandidateUrls, from, protocol): { found: Discovered; outcome: string } {
      const url = firstTrusted(urls, from, trust);
      return { found: { url, schemas, protocol }, outcome: `EWS is at ${url.href}` };
    },
  });
  const found = await search.forAddress(options.address, trust.domain, 0);
  if (found !== undefined) return found;
  throw search.failure();
}

/** Returns the first URL that may receive our credentials. */
function firstTrusted(urls: readonly string[], from: URL, trust: TrustedUrls): URL {
  let refused: Failure | undefined;
  for (const text of urls) {
    try {
      const url = checkedUrl(text, from);
      if (isTrusted(url.hostname, trust)) return url;
      refused = untrustedHost(url, trust);
    } catch (thrown) {
      refused ??= asFailure(thrown);
    }
  }
  throw refused ?? new Failure("refused", "It names no URL.");
}
