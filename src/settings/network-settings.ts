import * as z from "zod";
import { type ProxyRules, readEnvironmentProxies, splitNoProxy } from "../wire/http/proxy-rules.ts";
import type { Secret } from "./secrets.ts";
import { expected, isWebAddress, secret, text } from "./setting-fields.ts";

/** How a connection reaches its server, checked. */
export interface Network {
  /** Undefined: no proxy. Its secret has been read. */
  readonly proxy: ProxyRules | undefined;
  readonly tls: {
    readonly serverName: string | undefined;
    readonly minVersion: "TLSv1.2" | "TLSv1.3" | undefined;
    /** False: anybody on the network path can read and change everything. */
    readonly verify: boolean;
  };
}

/** How to find EWS if no URL is given. */
export interface AutodiscoverOptions {
  readonly address: string;
  readonly allowHosts: readonly string[];
  /** How many hours a found URL is used; undefined is the default of the back end. */
  readonly cacheHours: number | undefined;
}

/** Value of `proxy` that ignores the environment's proxies. */
const noProxy = "none";

const proxyWords = "the URL of an http or https proxy without a user name, such as http://proxy.example.com:3128; or none";
const hosts = (what: string) => z.union([z.array(text(what)), text(what)], expected(`a list of ${what}`)).default([]);

/** `proxy` of a connection. */
export const ProxySettings = z
  .strictObject({
    url: z.string(expected(proxyWords)).refine((value) => value === noProxy || isWebAddress(value), expected(proxyWords)),
    username: text("the user name for the proxy").optional(),
    password: secret.optional(),
    no_proxy: hosts("hosts to reach without the proxy, such as mail.example.com, .example.com or 192.0.2.7:8443"),
  })
  .refine(
    ({ username, password }) => (username === undefined) === (password === undefined),
    expected("both username and password, or neither"),
  );

/** `tls` of a connection. */
export const TlsSettings = z.strictObject({
  server_name: text("the name that the server's certificate has, such as mail.example.com").optional(),
  min_version: z.enum(["TLSv1.2", "TLSv1.3"], expected("TLSv1.2 or TLSv1.3")).optional(),
  verify: z
    .boolean(expected("true, or leave it out; false lets anybody on the network path read the password and change messages"))
    .default(true),
});

const hostWords = "names of hosts, such as outlook.office365.com or *.example.net";

function isHostRule(value: string): boolean {
  return /^(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)+$/i.test(value);
}

const Autodiscover = z.strictObject({
  address: text("the address of a mailbox of the organisation, such as soc@example.com").optional(),
  allow_hosts: z
    .array(z.string(expected(hostWords)).refine(isHostRule, expected(hostWords)), expected(`a list of ${hostWords}`))
    .default([]),
  cache_hours: z
    .number(expected("hours, such as 24"))
    .min(0, expected("hours, 0 or more"))
    .max(720, expected("at most 720 hours"))
    .optional(),
});

/** `ews.autodiscover`: true, or how. */
export const AutodiscoverSettings = z
  .preprocess((value) => (value === true ? {} : value === false ? undefined : value), Autodiscover.optional())
  .optional();

/** Returns the first address for Autodiscover: its own setting, or one that the connection has for other purposes. */
export function autodiscoverAddressOf(connection: {
  readonly ews: { readonly autodiscover?: z.output<typeof Autodiscover> | undefined };
  readonly mailbox?: string | undefined;
  readonly auth: { readonly [Way in "basic" | "ntlm" | "auto"]?: { readonly username?: string | undefined } | undefined };
}): string | undefined {
  const { ews, mailbox, auth } = connection;
  const names = [ews.autodiscover?.address, mailbox, auth.basic?.username, auth.ntlm?.username, auth.auto?.username];
  return names.find((name) => name !== undefined && /^[^\s@]+@[^\s@]+$/.test(name));
}

/** Returns the setting `ews.autodiscover`; undefined if it is not set. */
export function readAutodiscover(connection: Parameters<typeof autodiscoverAddressOf>[0]): AutodiscoverOptions | undefined {
  const { autodiscover } = connection.ews;
  const address = autodiscoverAddressOf(connection);
  if (autodiscover === undefined || address === undefined) return undefined;
  return { address, allowHosts: autodiscover.allow_hosts, cacheHours: autodiscover.cache_hours };
}

/**
 * Returns the network path from the settings, otherwise from the environment. `secretOf` reads a secret.
 * @throws Failure `invalid-settings` for a variable that is not a proxy
 */
export function readNetwork(
  proxy: z.output<typeof ProxySettings> | undefined,
  tls: z.output<typeof TlsSettings>,
  environment: Readonly<Record<string, string | undefined>>,
  secretOf: (field: string, place: string) => Secret,
): Network {
  return {
    proxy: proxy === undefined ? readEnvironmentProxies(environment) : rulesOf(proxy, secretOf),
    tls: { serverName: tls.server_name, minVersion: tls.min_version, verify: tls.verify },
  };
}

function rulesOf(
  { url, username, password, no_proxy }: z.output<typeof ProxySettings>,
  secretOf: (field: string, place: string) => Secret,
): ProxyRules | undefined {
  if (url === noProxy) return undefined;
  const credentials =
    username === undefined || password === undefined ? undefined : { username, password: secretOf("proxy.password", password).reveal() };
  const server = { url: new URL(new URL(url).origin), credentials };
  return { https: server, http: server, noProxy: [no_proxy].flat().flatMap(splitNoProxy), sparesLoopback: false };
}
