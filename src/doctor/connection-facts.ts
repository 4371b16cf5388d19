import { ewsOptionsOf, graphOptionsOf, type OpenOptions } from "../connection/open-connection.ts";
import { Failure } from "../failure.ts";
import type { GraphOptions } from "../graph/graph.ts";
import type { Connection } from "../settings/load-settings.ts";
import type { HttpOptions } from "../wire/http/http-client.ts";
import { type ProxyServer, proxyFor } from "../wire/http/proxy-rules.ts";
import { type CloudName, clouds, isOnline as isCloudUrl } from "../wire/sign-in/clouds.ts";
import { type Checkup, connectionOf, type Finding } from "./checkup.ts";

/** In seconds. Doctor reports that the server is busy instead of waiting until it is not. */
export const maxWaitSeconds = 2;

/** Returns the mailbox to check: the one named, otherwise the connection's own. */
export function mailboxOf(checkup: Checkup): string | undefined {
  return checkup.mailbox ?? connectionOf(checkup).mailbox;
}

export const noMailboxNamed: Finding = {
  status: "unknown",
  code: "invalid-input",
  tried: "checked which mailbox to try",
  found: "no mailbox is named",
  next: ["Name a mailbox: mailcordon doctor --mailbox somebody@example.com; or set mailbox for this connection."],
};

/** Returns the URL of Microsoft Graph or Exchange Web Services: from the settings, or from Autodiscover. */
export function urlOf(checkup: Checkup): URL {
  if (checkup.backEnd === "graph") return connectionOf(checkup).graph.url;
  const url = checkup.learned.url ?? connectionOf(checkup).ews.url;
  if (url === undefined) throw new Failure("internal", "A step needs the URL before it was found.");
  return url;
}

/** Returns the name of a setting of this back end. */
export function fieldOf({ backEnd }: Checkup, name: "url" | "ca_file"): string {
  return `${backEnd}.${name}`;
}

/** Returns the network settings for the server. Throws Failure `invalid-settings`. */
export async function networkSettingsOf(checkup: Checkup): Promise<Pick<HttpOptions, "ca" | "proxy" | "tls">> {
  const connection = connectionOf(checkup);
  return checkup.backEnd === "graph" ? readOnlyGraphOptions(connection) : ewsOptionsOf(connection);
}

/** Returns the options of Graph without a list of mailboxes, which would need a separate token. Throws Failure `invalid-settings`. */
export function readOnlyGraphOptions(connection: Connection, options: OpenOptions = {}): Promise<GraphOptions> {
  const { graph } = connection;
  return graphOptionsOf({ ...connection, graph: { ...graph, mailboxList: { from: "directory", adminApi: undefined } } }, options);
}

/** Returns true if the connection leads to Exchange Online: by the URL, or by the resource of the token. */
export function isOnline(checkup: Checkup): boolean {
  if (checkup.backEnd === "graph") return true;
  const { token, url = connectionOf(checkup).ews.url } = checkup.learned;
  const audience = token?.audience?.replace(/(?<!\/)\/+$/, "").toLowerCase();
  return (url !== undefined && isCloudUrl(url)) || Object.values(clouds).some(({ exchange }) => audience === `https://${exchange}`);
}

/** Returns the cloud of the connection: by the address of Graph, otherwise by the authority of its tokens. */
export function cloudOf(checkup: Checkup): CloudName {
  const { graph, auth } = connectionOf(checkup);
  const named = cloudNames.find((name) => clouds[name].graph === graph.url.hostname);
  return named ?? (auth.kind === "oauth" ? auth.cloud : "worldwide");
}

const cloudNames: readonly CloudName[] = ["worldwide", "us-gcc-high", "us-dod", "china"];

/** Returns the proxy for a URL, or undefined. */
export function proxyOf({ network }: Connection, url: URL): ProxyServer | undefined {
  return network.proxy === undefined ? undefined : proxyFor(url, network.proxy);
}

/** In milliseconds: a step that waits longer for a connection fails. */
const connectMs = 15_000;
/** In milliseconds: servers answer the requests of a check-up within a second or not at all. */
const readTimeouts = { replyMs: 30_000, idleMs: 15_000, totalMs: 60_000 };

/** Returns the time limit of a connection, in milliseconds. */
export function connectLimit({ timeouts }: Connection): number {
  return timeouts.connect === undefined ? connectMs : timeouts.connect * 1000;
}

/** Returns the options of a client for a server other than Exchange Web Services: without the name that only the certificate of EWS has. */
export async function httpOptionsOf(checkup: Checkup): Promise<HttpOptions> {
  const connection = connectionOf(checkup);
  const { ca, proxy, tls } = await networkSettingsOf(checkup);
  return {
    ca,
    proxy,
    tls: { ...tls, serverName: undefined },
    timeouts: { connectMs: connectLimit(connection), ...readTimeouts },
    maxConnections: 2,
    observe: checkup.observe,
  };
}

/** Returns a name that is safe to show in a PowerShell line: without characters that cannot be in one line. */
export function powerShellSafe(text: string): string {
  return text.replace(/[\p{Cc}\p{Cs}\u2028\u2029]/gu, "");
}
