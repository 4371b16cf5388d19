import { createServer, request as forward, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { listen } from "./listen.ts";

/** How to start the practice proxy. */
export interface ProxyOptions {
  /** Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** Default 0: a free one. */
  readonly port?: number | undefined;
  /** PEM: the proxy itself is reached over TLS. */
  readonly tls?: { readonly key: string; readonly cert: string } | undefined;
  /** User name -> password. Present: everybody else gets 407. */
  readonly users?: Readonly<Record<string, string>> | undefined;
  /** Hosts that are refused with 403. */
  readonly refused?: readonly string[] | undefined;
  /** Requested `host:port` -> actual `host:port`, for names that no resolver knows. */
  readonly routes?: Readonly<Record<string, string>> | undefined;
  /** Refuses requests without a route with 502, so that nothing leaves this machine; default true if there are routes. */
  readonly onlyRoutes?: boolean | undefined;
}

/** One request as the proxy saw it. Nothing secret in it. */
export interface ProxyRequest {
  readonly method: string;
  /** Host and port. */
  readonly target: string;
  readonly user: string | undefined;
  readonly status: number;
}

/** A running proxy. */
export interface LabProxy {
  readonly url: string;
  readonly requests: readonly ProxyRequest[];
  close(): Promise<void>;
}

/** A forward proxy for practice: CONNECT for TLS, the whole URL for plain http (RFC 9110, 9.3.6; RFC 9112, 3.2.2). */
export async function startProxy(options: ProxyOptions = {}): Promise<LabProxy> {
  const requests: ProxyRequest[] = [];
  const tunnels = new Set<Duplex>();
  const routes = new Map(Object.entries(options.routes ?? {}).map(([from, to]) => [from.toLowerCase(), to]));
  const onlyRoutes = options.onlyRoutes ?? routes.size > 0;

  /** Returns the error of a request, or its destination. */
  const decide = (request: IncomingMessage, target: string): { readonly status: number; readonly to: string } => {
    const user = userOf(request);
    let status = 200;
    const to = routes.get(target.toLowerCase()) ?? target;
    if (options.users !== undefined && (user === undefined || !isUser(options.users, user))) status = 407;
    else if (options.refused?.includes(targetOf(target).host)) status = 403;
    else if (onlyRoutes && !routes.has(target.toLowerCase())) status = 502;
    requests.push({ method: request.method ?? "", target, user: user?.name, status });
    return { status, to };
  };

  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const requested = request.url ?? "";
    const url = URL.canParse(requested) ? new URL(requested) : undefined;
    if (url?.protocol !== "http:") {
      request.resume();
      response.writeHead(400).end();
      return;
    }
    const { status, to } = decide(request, `${url.hostname}:${url.port || "80"}`);
    if (status !== 200) {
      request.resume();
      response.writeHead(status, status === 407 ? challenge : {}).end();
      return;
    }
    const { "proxy-authorization": _, "proxy-connection": __, ...headers } = request.headers;
    const { host, port } = targetOf(to);
    const onward = forward({ host, port, method: request.method, path: url.pathname + url.search, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => (response.headersSent ? response.destroy() : response.writeHead(502).end()));
    request.pipe(onward);
  };

  const server = options.tls ? createTlsServer(options.tls, listener) : createServer(listener);
  server.on("connect", (request: IncomingMessage, client: Duplex, head: Buffer) => {
    const { status, to } = decide(request, request.url ?? "");
    client.on("error", () => client.destroy());
    if (status !== 200) {
      const why = status === 407 ? `Proxy-Authenticate: ${challenge["Proxy-Authenticate"]}\r\n` : "";
      client.end(`HTTP/1.1 ${status} Refused\r\n${why}Content-Length: 0\r\nConnection: close\r\n\r\n`);
      return;
    }
    const upstream = connect(targetOf(to), () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      upstream.write(head);
      upstream.pipe(client);
      client.pipe(upstream);
    });
    for (const one of [client, upstream]) {
      tunnels.add(one);
      one.once("close", () => {
        tunnels.delete(one);
        client.destroy();
        upstream.destroy();
      });
    }
    upstream.on("error", () => (upstream.connecting ? client.end("HTTP/1.1 502 Bad Gateway\r\n\r\n") : client.destroy()));
  });

  const { url, close } = await listen(server, options);
  return {
    url,
    requests,
    close: () => {
      for (const tunnel of tunnels) tunnel.destroy();
      return close();
    },
  };
}

const challenge = { "Proxy-Authenticate": 'Basic realm="mailcordon practice proxy"' } as const;

interface ProxyLogin {
  readonly name: string;
  readonly password: string;
}

function userOf(request: IncomingMessage): ProxyLogin | undefined {
  const [, credentials] = /^Basic +(\S+)$/i.exec(request.headers["proxy-authorization"] ?? "") ?? [];
  if (credentials === undefined) return undefined;
  const text = Buffer.from(credentials, "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon < 0 ? undefined : { name: text.slice(0, colon), password: text.slice(colon + 1) };
}

function isUser(users: Readonly<Record<string, string>>, { name, password }: ProxyLogin): boolean {
  return Object.hasOwn(users, name) && users[name] === password;
}

/** `host:port`, an address of IPv6 in brackets. */
function targetOf(target: string): { readonly host: string; readonly port: number } {
  const at = target.lastIndexOf(":");
  return { host: target.slice(0, at).replace(/^\[|\]$/g, ""), port: Number(target.slice(at + 1)) };
}
