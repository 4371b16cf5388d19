import type { ClientRequest, IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Failure } from "../../failure.ts";
import { failureAt, failureOf } from "./http-failure.ts";
import { type ProxyServer, withoutBrackets } from "./proxy-rules.ts";

/** Returns the header that authenticates us to the proxy. */
export function proxyAuthorization({ credentials }: ProxyServer): Record<string, string> {
  if (credentials === undefined) return {};
  const pair = Buffer.from(`${credentials.username}:${credentials.password}`, "utf8").toString("base64");
  return { "proxy-authorization": `Basic ${pair}` };
}

/** Returns the proxy's address in the form that `node:http` and `node:https` expect. */
export function proxyHostAndPort({ url }: ProxyServer): { readonly host: string; readonly port: number; readonly servername: string } {
  const host = withoutBrackets(url.hostname);
  const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
  // Node would take the server name from the Host header, which is not the proxy's. An IP address needs no server name (RFC 6066, section 3).
  return { host, port, servername: /^[\d.]+$|:/.test(host) ? "" : host };
}

/** Returns the failure of a request that our own proxy refused: it has not reached the server. */
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
 * Opens a connection through a proxy to `host` (with port) by CONNECT (RFC 9110, 9.3.6), within `milliseconds`. Failures: `unreachable`,
 * `tls-failed` (of the proxy itself), `unauthenticated` (407), `access-denied` (403), `timeout`.
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
      // A TLS server waits for the client to speak first: bytes that come before are not from it.
      if (first.length > 0) {
        socket.destroy();
        return fail(failureAt("connecting", "unreachable", `${name} sent something before ${host} could have.`));
      }
      clearTimeout(timer);
      resolve(socket);
    });
    // Some proxies reply to CONNECT with a page and do not end the exchange properly.
    requested.once("response", (answer: IncomingMessage) => fail(proxyRefusal(answer.statusCode ?? 0, proxy, host)));
    requested.on("error", (thrown) => fail(failureOf(thrown, "connecting", name)));
    requested.end();
  });
}
