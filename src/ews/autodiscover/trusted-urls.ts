import { Failure } from "../../failure.ts";

/** Hosts that may receive a password or a token. */
export interface TrustedUrls {
  /** The domain of the requested address, as it appears in URLs. Its hosts are trusted. */
  readonly domain: string;
  /** Further hosts; `*.example.net` means all names below. */
  readonly allowHosts: readonly string[];
}

/** Tells whether credentials may be sent to this host. */
export function isTrusted(hostname: string, { domain, allowHosts }: TrustedUrls): boolean {
  const host = hostname.toLowerCase().replace(/\.$/, "");
  if (host === domain || host.endsWith(`.${domain}`)) return true;
  return allowHosts.some((rule) => {
    const allowed = rule.toLowerCase();
    return allowed.startsWith("*.") ? host.endsWith(allowed.slice(1)) && host.length > allowed.length - 1 : host === allowed;
  });
}

/**
 * RFC 1035, 2.3.4. A longer host is not parsed: beyond ASCII that takes time in proportion to the square of its length, and the host is untrusted.
 */
const longestHost = 255;
/** A URL of EWS or Autodiscover has about a hundred characters. */
const longestUrl = 8192;

/** Returns a URL from a reply if it is acceptable: https, with only host, port, path and query. Throws Failure. */
export function checkedUrl(text: string, from: URL): URL {
  if (text.length > longestUrl || !URL.canParse(text, from.href)) throw new Failure("refused", `${from.host} names an invalid URL.`);
  const url = new URL(text, from);
  if (url.protocol !== "https:") {
    throw new Failure("refused", `${from.host} sends us to ${url.protocol}//${url.host}, which is not https.`, {
      hint: "Nothing was sent there. Give the URL of EWS itself (ews.url) if you know it.",
    });
  }
  if (url.username !== "" || url.password !== "") throw new Failure("refused", `${from.host} names a URL with a user name in it.`);
  url.hash = "";
  return url;
}

/** Returns the Failure for a host that may not receive credentials. */
export function untrustedHost(url: URL, { domain }: TrustedUrls): Failure {
  return new Failure(
    "invalid-settings",
    `Autodiscover leads to ${url.hostname}, which is not in ${domain}: no credentials were sent there.`,
    {
      hint: `If ${url.hostname} is yours, allow it: ews: { autodiscover: { allow_hosts: ["${url.hostname}"] } }. Or give ews.url.`,
    },
  );
}

/** Returns the domain of an address as it appears in URLs (IDNA); undefined for an invalid address. */
export function domainOf(address: string): string | undefined {
  const at = address.lastIndexOf("@");
  const domain = address.slice(at + 1).trim();
  if (domain.length > longestHost) return undefined;
  if (at < 1 || domain === "" || /[\s/\\?#@:[\]%]/.test(domain) || !URL.canParse(`https://${domain}/`)) return undefined;
  const { hostname } = new URL(`https://${domain}/`);
  // A mail domain has a dot and is not an IP address; a name of the local network alone does not count.
  return hostname.includes(".") && !/^[\d.]+$/.test(hostname) ? hostname.replace(/\.$/, "") : undefined;
}

/** Returns the hosts that may receive credentials in a search for this address. Throws Failure `invalid-settings` for an invalid address. */
export function trustOf(address: string, allowHosts: readonly string[]): TrustedUrls {
  const domain = domainOf(address);
  if (domain !== undefined) return { domain, allowHosts };
  throw new Failure("invalid-settings", "Autodiscover needs an address to begin with, such as soc@example.com.", {
    hint: "Set ews.autodiscover.address or mailbox of the connection, or give ews.url.",
  });
}
