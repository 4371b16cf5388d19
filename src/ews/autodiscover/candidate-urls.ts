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

/** Where an organisation's Autodiscover usually is, in the order that Microsoft gives. */
export function usualOrigins(domain: string): URL[] {
  return [new URL(`https://${domain}/`), new URL(`https://autodiscover.${domain}/`)];
}

/** Where plain http is asked for a redirect, without saying who asks. */
export function redirectProbe(domain: string): URL {
  return new URL(`http://autodiscover.${domain}/autodiscover/autodiscover.xml`);
}

/** Where an answer of HTTP sends us; undefined when it sends us nowhere. Throws Failure for a place where we do not go. */
export function redirection(response: Pick<HttpResponse, "status" | "headers">, from: URL): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(response.status)) return undefined;
  const location = response.headers.get("location");
  if (location === undefined) throw new Failure("refused", `${from.host} sends us elsewhere but does not say where.`);
  return checkedUrl(location, from);
}

/** The server that DNS names, https at its port; the best of several. */
export function serviceOrigin(records: readonly ServiceRecord[]): URL | undefined {
  const [best] = [...records].sort((one, other) => one.priority - other.priority || other.weight - one.weight);
  // A lone dot says that there is none (RFC 2782).
  const name = best?.name.replace(/\.$/, "") ?? "";
  if (best === undefined || name === "" || !/^[a-z0-9_.-]+$/i.test(name)) return undefined;
  return new URL(`https://${name}:${best.port}/`);
}

// A name server answers in well under a second; one that does not is not waited for, since most organisations have no such record.
const dnsTimeoutMs = 3000;

/** The SRV records of `_autodiscover._tcp`; none when DNS has none or does not answer. */
export async function lookUpService(domain: string): Promise<readonly ServiceRecord[]> {
  const { Resolver } = await import("node:dns/promises");
  try {
    return await new Resolver({ timeout: dnsTimeoutMs, tries: 1 }).resolveSrv(`_autodiscover._tcp.${domain}`);
  } catch (thrown) {
    if (errorCode(thrown) !== undefined) return [];
    throw thrown;
  }
}
