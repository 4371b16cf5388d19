import type { Connection } from "../settings.ts";
import { environmentProxies, type ProxyServer, proxyFor } from "../wire/proxy.ts";

/** Where Exchange Web Services of the connection are. */
export function urlOf({ ews }: Connection): URL {
  return ews.url;
}

/** The proxy that leads there; undefined: none. */
export function proxyOf(_connection: Connection, url: URL): ProxyServer | undefined {
  const rules = environmentProxies(process.env);
  return rules === undefined ? undefined : proxyFor(url, rules);
}
