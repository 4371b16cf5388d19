import { Failure } from "../../failure.ts";

/** Who may be told a password or a token. */
export interface TrustedUrls {
  /** The domain of the address that was asked for, as it stands in URLs: hosts in it are trusted. */
  readonly domain: string;
  /** Further hosts; `*.example.net` stands for all names below. */
  readonly allowHosts: readonly string[];
}

/** Whether the credentials may go to this host. */
export function isTrusted(hostname: string, { domain, allowHosts }: TrustedUrls): boolean {
  const host = hostname.toLowerCase().replace(/\.$/, "");
  if (host === domain || host.endsWith(`.${domain}`)) return true;
  return allowHosts.some((rule) => {
    const allowed = rule.toLowerCase();
    return allowed.startsWith("*.") ? host.endsWith(allowed.slice(1)) && host.length > allowed.length - 1 : host === allowed;
  });
}

/** RFC 1035, 2.3.4. A longer one is not read: outside of ASCII that takes time by the square of its length, and who gives it may be anybody. */
const longestHost = 255;
/** A URL of EWS or Autodiscover has some hundred characters. */
const longestUrl = 8192;

/** A place that an answer names, when it can be gone to: https, and nothing but host, port, path and query. Throws Failure. */
export function checkedUrl(text: string, from: URL): URL {
  if (text.length > longestUrl || !URL.canParse(text, from.href))
    throw new Failure("refused", `${from.host} names a place that is no URL.`);
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

/** Why the credentials do not go there. */
export function untrustedHost(url: URL, { domain }: TrustedUrls): Failure {
  return new Failure(
    "invalid-settings",
    `Autodiscover leads to ${url.hostname}, which is not in ${domain}: nobody there was told who we are.`,
    {
      hint: `If ${url.hostname} is yours, allow it: ews: { autodiscover: { allow_hosts: ["${url.hostname}"] } }. Or give ews.url.`,
    },
  );
}

/** The domain of an address as it stands in URLs (IDNA), or undefined when it is none. */
export function domainOf(address: string): string | undefined {
  const at = address.lastIndexOf("@");
  const domain = address.slice(at + 1).trim();
  if (domain.length > longestHost) return undefined;
  if (at < 1 || domain === "" || /[\s/\\?#@:[\]%]/.test(domain) || !URL.canParse(`https://${domain}/`)) return undefined;
  const { hostname } = new URL(`https://${domain}/`);
  // A name with a dot: an address of a machine, or a name of this network alone, is no domain of mail.
  return hostname.includes(".") && !/^[\d.]+$/.test(hostname) ? hostname.replace(/\.$/, "") : undefined;
}

/** Who may be told who we are when this address is looked for. Throws Failure `invalid-settings` when it is none. */
export function trustOf(address: string, allowHosts: readonly string[]): TrustedUrls {
  const domain = domainOf(address);
  if (domain !== undefined) return { domain, allowHosts };
  throw new Failure("invalid-settings", "Autodiscover needs an address to begin with, such as soc@example.com.", {
    hint: "Set ews.autodiscover.address or mailbox of the connection, or give ews.url.",
  });
}
