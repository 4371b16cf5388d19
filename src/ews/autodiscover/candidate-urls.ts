import { errorCode, Failure } from "../../failure.ts";
import type { HttpResponse } from "../../wire/http/request-and-response.ts";
import { checkedUrl } from "./trusted-urls.ts";

/** An SRV record (RFC 2782). */
export interface ServiceRecord {
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** Returns the usual origins of an organisation's Autodiscover, in Microsoft's order. */
export function usualOrigins(domain: string): URL[] {
  return [new URL(`https://${domain}/`), new URL(`https://autodiscover.${domain}/`)];
}

/** Returns the plain-http URL that is probed for a redirect, without credentials. */
export function redirectProbe(domain: string): URL {
  return new URL(`http://autodiscover.${domain}/autodiscover/autodiscover.xml`);
}

/** Returns the target of an HTTP redirect; undefined for a reply that is not one. Throws Failure for a target that is not allowed. */
export function redirection(response: Pick<HttpResponse, "status" | "headers">, from: URL): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(response.status)) return undefined;
  const location = response.headers.get("location");
  if (location === undefined) throw new Failure("refused", `${from.host} redirects without a target.`);
  return checkedUrl(location, from);
}

/** Returns the server of the best SRV record, with https and its port. */
export function serviceOrigin(records: readonly ServiceRecord[]): URL | undefined {
  const [best] = [...records].sort((one, other) => one.priority - other.priority || other.weight - one.weight);
  // A single dot means that there is no service (RFC 2782).
  const name = best?.name.replace(/\.$/, "") ?? "";
  if (best === undefined || name === "" || !/^[a-z0-9_.-]+$/i.test(name)) return undefined;
  return new URL(`https://${name}:${best.port}/`);
}

// A name server replies in well under a second. A slow one is not worth a longer wait, since most organisations have no such record.
const dnsTimeoutMs = 3000;

/** Returns the SRV records of `_autodiscover._tcp`; none when DNS has none or does not reply. */
export async function lookUpService(domain: string): Promise<readonly ServiceRecord[]> {
  const { Resolver } = await import("node:dns/promises");
  try {
    return await new Resolver({ timeout: dnsTimeoutMs, tries: 1 }).resolveSrv(`_autodiscover._tcp.${domain}`);
  } catch (thrown) {
    if (errorCode(thrown) !== undefined) return [];
    throw thrown;
  }
}
