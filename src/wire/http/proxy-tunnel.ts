import type { ClientRequest, IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Failure } from "../../failure.ts";
import { failureAt, failureOf } from "./http-failure.ts";
import { type ProxyServer, withoutBrackets } from "./proxy-rules.ts";

/** What the proxy is told of us. */
export function proxyAuthorization({ credentials }: ProxyServer): Record<string, string> {
  if (credentials === undefined) return {};
  const pair = Buffer.from(`${credentials.username}:${credentials.password}`, "utf8").toString("base64");
  return { "proxy-authorization": `Basic ${pair}` };
}

/** Where a connection goes: the proxy as `node:http` and `node:https` want it. */
export function proxyHostAndPort({ url }: ProxyServer): { readonly host: string; readonly port: number; readonly servername: string } {
  const host = withoutBrackets(url.hostname);
  const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
  // Node would take the name from the header Host, which is not the proxy's. An address is not asked for by name (RFC 6066, section 3).
  return { host, port, servername: /^[\d.]+$|:/.test(host) ? "" : host };
}

/** What our own proxy refused, as a Failure: the request has not reached the server. Undefined when it was the server that answered. */
export function proxyRefusal(status: number, proxy: ProxyServer, host: string): Failure {
  const name = `The proxy ${proxy.url.host}`;
  const wireCode = `PROXY ${status}`;
  if (status === 407) {
    const message =
      proxy.credentials === undefined ? `${name} requires a user name and a password.` : `${name} refuses the user name or the password.`;
    return failureAt("connecting", "unauthenticated", message, undefined, {
      wireCode,
      hint: "Set proxy.username and proxy.password of the connection. They are tried only once, to avoid locking the account, and sent by Basic authentication.",
    });
  }
  if (status === 403) {
    return failureAt("connecting", "access-denied", `${name} does not allow a connection to ${host} (HTTP 403).`, undefined, {
      wireCode,
      hint: `Have the proxy's administrator allow ${host}, or add it to no_proxy if this machine can reach it directly.`,
    });
  }
  return failureAt("connecting", "unreachable", `${name} made no connection to ${host} (HTTP ${status}).`, undefined, { wireCode });
}

/**
 * A connection through a proxy to `host` (with port), by CONNECT (RFC 9110, 9.3.6). `milliseconds` until it stands.
 * Failures: `unreachable`, `tls-failed` (of the proxy itself), `unauthenticated` (407), `access-denied` (403), `timeout`.
 */
export function openTunnel(connect: () => ClientRequest, proxy: ProxyServer, host: string, milliseconds: number): Promise<Duplex> {
  const name = `the proxy ${proxy.url.host}`;
  return new Promise((resolve, reject) => {
    const requested = connect();
    const fail = (failure: Failure): void => {
      clearTimeout(timer);
      reject(failure);
      requested.destroy();
    };
    const timer = setTimeout(
      () => fail(failureAt("connecting", "timeout", `No connection to ${host} through ${name} within ${milliseconds / 1000} s.`)),
      milliseconds,
    );
    requested.once("connect", (answer: IncomingMessage, socket: Duplex, first: Buffer) => {
      const status = answer.statusCode ?? 0;
      if (status < 200 || status > 299) {
        socket.destroy();
        return fail(proxyRefusal(status, proxy, host));
      }
      // A server of TLS waits for us to speak: what comes unasked was not written by it.
      if (first.length > 0) {
        socket.destroy();
        return fail(failureAt("connecting", "unreachable", `${name} sent something before ${host} could have.`));
      }
      clearTimeout(timer);
      resolve(socket);
    });
    // Some proxies answer CONNECT with a page and without ending the exchange as one.
    requested.once("response", (answer: IncomingMessage) => fail(proxyRefusal(answer.statusCode ?? 0, proxy, host)));
    requested.on("error", (thrown) => fail(failureOf(thrown, "connecting", name)));
    requested.end();
  });
}
