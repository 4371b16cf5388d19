import { ewsOptionsOf, graphOptionsOf, type OpenOptions } from "../connection/open-connection.ts";
import { Failure } from "../failure.ts";
import type { GraphOptions } from "../graph/graph.ts";
import type { Connection } from "../settings/load-settings.ts";
import type { HttpOptions } from "../wire/http/http-client.ts";
import { type ProxyServer, proxyFor } from "../wire/http/proxy-rules.ts";
import { type CloudName, clouds, isOnline as isCloudUrl } from "../wire/sign-in/clouds.ts";
import { type Checkup, connectionOf, type Finding } from "./checkup.ts";

/** Seconds. A doctor says that the server is busy instead of waiting until it is not. */
export const maxWaitSeconds = 2;

/** The mailbox that is looked into: the one asked for, else the connection's own. */
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

/** Where Microsoft Graph is, or Exchange Web Services: as the settings say it, or as Autodiscover found it. */
export function urlOf(checkup: Checkup): URL {
  if (checkup.backEnd === "graph") return connectionOf(checkup).graph.url;
  const url = checkup.learned.url ?? connectionOf(checkup).ews.url;
  if (url === undefined) throw new Failure("internal", "A step needs the URL before it was found.");
  return url;
}

/** The field of the settings that such a thing of this back end stands in. */
export function fieldOf({ backEnd }: Checkup, name: "url" | "ca_file"): string {
  return `${backEnd}.${name}`;
}

/** How the server is reached. Throws Failure `invalid-settings`. */
export async function networkSettingsOf(checkup: Checkup): Promise<Pick<HttpOptions, "ca" | "proxy" | "tls">> {
  const connection = connectionOf(checkup);
  return checkup.backEnd === "graph" ? readOnlyGraphOptions(connection) : ewsOptionsOf(connection);
}

/** How Graph is asked by one who lists no mailboxes: that takes a token of its own. Throws Failure `invalid-settings`. */
export function readOnlyGraphOptions(connection: Connection, options: OpenOptions = {}): Promise<GraphOptions> {
  const { graph } = connection;
  return graphOptionsOf({ ...connection, graph: { ...graph, mailboxList: { from: "directory", adminApi: undefined } } }, options);
}

/** True when Exchange Online is behind it: by the URL, or by the resource that the token is for. */
export function isOnline(checkup: Checkup): boolean {
  if (checkup.backEnd === "graph") return true;
  const { token, url = connectionOf(checkup).ews.url } = checkup.learned;
  const audience = token?.audience?.replace(/(?<!\/)\/+$/, "").toLowerCase();
  return (url !== undefined && isCloudUrl(url)) || Object.values(clouds).some(({ exchange }) => audience === `https://${exchange}`);
}

/** Which of Microsoft's clouds the connection is about: by the address of Graph, else by where its tokens come from. */
export function cloudOf(checkup: Checkup): CloudName {
  const { graph, auth } = connectionOf(checkup);
  const named = cloudNames.find((name) => clouds[name].graph === graph.url.hostname);
  return named ?? (auth.kind === "oauth" ? auth.cloud : "worldwide");
}

const cloudNames: readonly CloudName[] = ["worldwide", "us-gcc-high", "us-dod", "china"];

/** The proxy that leads to a URL; undefined: none. */
export function proxyOf({ network }: Connection, url: URL): ProxyServer | undefined {
  return network.proxy === undefined ? undefined : proxyFor(url, network.proxy);
}

/** A step that waits longer for a connection is over. Milliseconds. */
const connectMs = 15_000;
/** What a check-up asks is answered in a second or not at all. Milliseconds. */
const readTimeouts = { replyMs: 30_000, idleMs: 15_000, totalMs: 60_000 };

/** Milliseconds that a connection may take. */
export function connectLimit({ timeouts }: Connection): number {
  return timeouts.connect === undefined ? connectMs : timeouts.connect * 1000;
}

/** The way to a server that is not Exchange Web Services themselves: without the name that only their certificate has. */
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

/** A name as PowerShell may be told it: what cannot stand in a line is left out. */
export function powerShellSafe(text: string): string {
  return text.replace(/[\p{Cc}\p{Cs}\u2028\u2029]/gu, "");
}
