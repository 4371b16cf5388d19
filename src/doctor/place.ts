import { Failure } from "../failure.ts";
import { ewsOptionsOf } from "../open.ts";
import type { Connection } from "../settings.ts";
import { clouds, isOnline as isCloudUrl } from "../wire/clouds.ts";
import type { HttpOptions } from "../wire/http.ts";
import { type ProxyServer, proxyFor } from "../wire/proxy.ts";
import { type Checkup, connectionOf } from "./checkup.ts";

/** Where Exchange Web Services of the connection are: as the settings say it, or as Autodiscover found it. */
export function urlOf(checkup: Checkup): URL {
  const url = checkup.learned.url ?? connectionOf(checkup).ews.url;
  if (url === undefined) throw new Failure("internal", "A step needs the URL before it was found.");
  return url;
}

/** True when Exchange Online is behind it: by the URL, or by the resource that the token is for. */
export function isOnline(checkup: Checkup): boolean {
  const { token, url = connectionOf(checkup).ews.url } = checkup.learned;
  const audience = token?.audience?.replace(/\/+$/, "").toLowerCase();
  return (url !== undefined && isCloudUrl(url)) || Object.values(clouds).some(({ exchange }) => audience === `https://${exchange}`);
}

/** The proxy that leads to a URL; undefined: none. */
export function proxyOf({ network }: Connection, url: URL): ProxyServer | undefined {
  return network.proxy === undefined ? undefined : proxyFor(url, network.proxy);
}

/** A step that waits longer for a connection is over. Milliseconds. */
const connectMs = 15_000;
/** What a check-up asks is answered in a second or not at all. Milliseconds. */
const answers = { replyMs: 30_000, idleMs: 15_000 };

/** Milliseconds that a connection may take. */
export function connectLimit({ timeouts }: Connection): number {
  return timeouts.connect === undefined ? connectMs : timeouts.connect * 1000;
}

/** The way to a server that is not Exchange Web Services themselves: without the name that only their certificate has. */
export async function networkOf(checkup: Checkup): Promise<HttpOptions> {
  const connection = connectionOf(checkup);
  const { ca, proxy, tls } = await ewsOptionsOf(connection);
  return {
    ca,
    proxy,
    tls: { ...tls, serverName: undefined },
    timeouts: { connectMs: connectLimit(connection), ...answers },
    maxConnections: 2,
    observe: checkup.observe,
  };
}
