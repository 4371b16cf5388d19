import { Failure } from "../../failure.ts";

/** An HTTP proxy. */
export interface ProxyServer {
  /** `http:` or `https:`, with only host and port. */
  readonly url: URL;
  /** For Basic (RFC 7617), in the header Proxy-Authorization. */
  readonly credentials?: { readonly username: string; readonly password: string } | undefined;
}

/** Which URLs go through which proxy. */
export interface ProxyRules {
  readonly https?: ProxyServer | undefined;
  readonly http?: ProxyServer | undefined;
  /** Hosts to reach without a proxy: `*`, `example.com` (and every name below it), `.example.com`, an address; each with or without `:port`. */
  readonly noProxy: readonly string[];
  /** Whether loopback is reached directly: true for the environment's variables, which apply to all programs. */
  readonly sparesLoopback: boolean;
}

/** Returns the proxy for a URL; undefined for a direct connection. */
export function proxyFor(url: URL, rules: ProxyRules): ProxyServer | undefined {
  const proxy = url.protocol === "https:" ? rules.https : rules.http;
  if (proxy === undefined || (rules.sparesLoopback && isLoopback(url.hostname))) return undefined;
  return rules.noProxy.some((rule) => matchesRule(rule, url)) ? undefined : proxy;
}

/** Names and addresses that never leave this machine: RFC 6761 section 6.3, RFC 5735 and RFC 4291 section 2.5.3. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname.endsWith(".localhost") || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`; their lower-case names take precedence. A proxy without a scheme is an http proxy.
 * @throws Failure `invalid-settings` naming the variable, never its value, which may contain a password
 */
export function readEnvironmentProxies(environment: Environment): ProxyRules | undefined {
  const https = readProxyVariable(environment, "HTTPS_PROXY");
  const http = readProxyVariable(environment, "HTTP_PROXY");
  if (https === undefined && http === undefined) return undefined;
  return { https, http, noProxy: splitNoProxy(environment.no_proxy ?? environment.NO_PROXY ?? ""), sparesLoopback: true };
}

/** Splits a list at commas and white space. */
export function splitNoProxy(text: string): string[] {
  return text.split(/[\s,]+/).filter((rule) => rule !== "");
}

function readProxyVariable(environment: Environment, name: string): ProxyServer | undefined {
  const value = environment[name.toLowerCase()] ?? environment[name];
  if (value === undefined || value.trim() === "") return undefined;
  const text = value.trim();
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.canParse(whole) ? new URL(whole) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new Failure("invalid-settings", `The environment variable ${name} is not the URL of an http or https proxy.`, {
      hint: "Set it to a URL such as http://proxy.example.com:3128, or name the proxy in the settings of the connection (proxy: { url }).",
    });
  }
  return { url: new URL(url.origin), credentials: credentialsOf(url, name) };
}

function credentialsOf({ username, password }: URL, name: string): ProxyServer["credentials"] {
  if (username === "" && password === "") return undefined;
  try {
    return { username: decodeURIComponent(username), password: decodeURIComponent(password) };
  } catch (thrown) {
    if (!(thrown instanceof URIError)) throw thrown;
    throw new Failure("invalid-settings", `The user name or password in the environment variable ${name} has a "%" that encodes nothing.`, {
      hint: "In the user name and password, write % as %25, @ as %40 and : as %3A (RFC 3986).",
    });
  }
}

/** Returns the port of a URL, or the default port of its scheme. */
function portOf({ protocol, port }: URL): string {
  return port === "" ? (protocol === "https:" ? "443" : "80") : port;
}

function matchesRule(rule: string, url: URL): boolean {
  if (rule === "*") return true;
  const { host, port } = splitRule(rule.toLowerCase());
  if (port !== undefined && port !== portOf(url)) return false;
  const hostname = withoutBrackets(url.hostname.toLowerCase()).replace(/\.$/, "");
  const wanted = host.replace(/^\*?\.+/, "").replace(/\.$/, "");
  if (wanted === "") return false;
  // An IP address has no names below it.
  return hostname === wanted || (/[a-z]/.test(wanted) && !wanted.includes(":") && hostname.endsWith(`.${wanted}`));
}

/** Splits host and port. An IPv6 address contains colons, so its port can only follow brackets. */
function splitRule(rule: string): { readonly host: string; readonly port: string | undefined } {
  const [, bracketed, behind] = /^\[([^\]]*)\](?::(\d+))?$/.exec(rule) ?? [];
  if (bracketed !== undefined) return { host: normaliseAddress(bracketed), port: behind };
  if (rule.split(":").length > 2) return { host: normaliseAddress(rule), port: undefined };
  const [host = "", port] = rule.split(":");
  return { host, port };
}

/** Returns one spelling for equal addresses, such as `0:0::1` and `::1`. */
function normaliseAddress(text: string): string {
  const written = `http://[${text}]/`;
  return URL.canParse(written) ? withoutBrackets(new URL(written).hostname) : text;
}

/** Removes the brackets that an IPv6 address has in a URL. */
export function withoutBrackets(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, "");
}
