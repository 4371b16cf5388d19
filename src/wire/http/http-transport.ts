import type { Agent, ClientRequest, RequestOptions } from "node:http";
import type { AgentOptions } from "node:https";
import type { SecureContextOptions, SecureVersion } from "node:tls";
import { Failure } from "../../failure.ts";
import type { ProxyServer } from "./proxy-rules.ts";
import { openTunnel, proxyAuthorization, proxyHostAndPort } from "./proxy-tunnel.ts";

/** Settings of TLS. */
export interface TlsOptions {
  /** Certificates (PEM) of authorities to trust in addition to the well-known ones. */
  readonly ca?: string | undefined;
  /** The server name to request and to find in the certificate, instead of the URL's host. */
  readonly serverName?: string | undefined;
  /** Default: TLSv1.2. */
  readonly minVersion?: Extract<SecureVersion, "TLSv1.2" | "TLSv1.3"> | undefined;
  /** False: accept any certificate. */
  readonly verify?: boolean | undefined;
  /** The client certificate, for a server that requests one. */
  readonly identity?: TlsIdentity | undefined;
}

/** A certificate and its key: PEM (both may be in one file), or PFX (RFC 7292). */
export type TlsIdentity =
  | { readonly kind: "pem"; readonly certificate: string; readonly key: string; readonly passphrase?: string | undefined }
  | { readonly kind: "pfx"; readonly bytes: Buffer; readonly passphrase?: string | undefined };

/** A kind of connection, kept open and reused. */
export interface Transport {
  readonly agent: Agent;
  /** The connection to the server itself uses TLS: it is open when TLS is. */
  readonly isSecure: boolean;
  /** The proxy that replies in the server's place: a request that it refuses never reached the server. */
  readonly forwardedBy: ProxyServer | undefined;
  request(url: URL, options: RequestOptions): ClientRequest;
}

export interface TransportOptions {
  readonly maxConnections: number;
  /** Whether each connection must show the server's certificate: Node does not know it when a TLS session is resumed. */
  readonly showsCertificate?: boolean | undefined;
  /** Milliseconds until the connection is open. */
  readonly connectMs: number;
  readonly tls: TlsOptions;
}

/**
 * Opens a transport. Loads Node's modules at the first request. Failure `invalid-settings`: a URL that is neither http nor https, or a `ca` without
 * certificates.
 */
export async function openTransport(protocol: string, proxy: ProxyServer | undefined, options: TransportOptions): Promise<Transport> {
  const pool = { keepAlive: true, maxSockets: options.maxConnections };
  if (protocol === "http:") return proxy === undefined ? openDirectHttp(pool) : openForwardProxy(proxy, pool, options);
  if (protocol !== "https:") throw new Failure("invalid-settings", "The URL must begin with https:// or http://.");
  const { Agent, request } = await import("node:https");
  const sessions = options.showsCertificate ? { maxCachedSessions: 0 } : {};
  const agent = new Agent({ ...pool, ...sessions, ...(await agentTlsOptions(options.tls)) });
  if (proxy !== undefined) await connectThroughTunnel(agent, proxy, options);
  return { agent, isSecure: true, forwardedBy: undefined, request };
}

type Pool = Pick<AgentOptions, "keepAlive" | "maxSockets">;

async function openDirectHttp(pool: Pool): Promise<Transport> {
  const { Agent, request } = await import("node:http");
  return { agent: new Agent(pool), isSecure: false, forwardedBy: undefined, request };
}

/** Sends plain http through a proxy: the request goes to the proxy with the whole URL as its target (RFC 9112, 3.2.2). */
async function openForwardProxy(proxy: ProxyServer, pool: Pool, options: TransportOptions): Promise<Transport> {
  const isSecure = proxy.url.protocol === "https:";
  const { Agent, request } = isSecure ? await import("node:https") : await import("node:http");
  const agent = new Agent({ ...pool, ...(isSecure ? await agentTlsOptions(tlsOptionsForProxy(options.tls)) : {}) });
  return {
    agent,
    isSecure,
    forwardedBy: proxy,
    request: (url, requested) =>
      request({
        ...requested,
        ...proxyHostAndPort(proxy),
        path: `${url.origin}${url.pathname}${url.search}`,
        headers: { host: url.host, ...requested.headers, ...proxyAuthorization(proxy) },
      }),
  };
}

/** Makes the agent connect through the proxy and speak TLS with the server inside the tunnel. */
async function connectThroughTunnel(agent: Agent, proxy: ProxyServer, options: TransportOptions): Promise<void> {
  const [{ connect: secured }, { request }] = await Promise.all([
    import("node:tls"),
    proxy.url.protocol === "https:" ? import("node:https") : import("node:http"),
  ]);
  const trust = proxy.url.protocol === "https:" ? await agentTlsOptions(tlsOptionsForProxy(options.tls)) : {};
  agent.createConnection = (to, made) => {
    const name = String(to.host);
    const host = `${name.includes(":") ? `[${name}]` : name}:${to.port ?? 443}`;
    const connect = () =>
      request({
        ...trust,
        ...proxyHostAndPort(proxy),
        method: "CONNECT",
        path: host,
        headers: { host, ...proxyAuthorization(proxy) },
        // Each tunnel needs its own connection.
        agent: false,
      });
    openTunnel(connect, proxy, host, options.connectMs).then(
      // Without the tunnel's own host and port: `socket` already leads to the server.
      (socket) => made?.(null, secured({ ...to, socket, host: undefined, port: undefined, path: undefined })),
      // Node accepts the error alone, although its types demand a stream as well: there is no stream here.
      (thrown) => Reflect.apply(made ?? (() => undefined), undefined, [thrown]),
    );
    return undefined;
  };
}

/** Leaves out the server's name, which is not the proxy's, and the client certificate, which does not concern the proxy. */
function tlsOptionsForProxy(tls: TlsOptions): TlsOptions {
  return { ...tls, serverName: undefined, identity: undefined };
}

async function agentTlsOptions({ ca, serverName, minVersion, verify, identity }: TlsOptions): Promise<AgentOptions> {
  return {
    minVersion: minVersion ?? "TLSv1.2",
    ...(ca === undefined ? {} : { ca: await trustedAuthorities(ca) }),
    ...(serverName === undefined ? {} : { servername: serverName }),
    // Set explicitly: otherwise Node obeys NODE_TLS_REJECT_UNAUTHORIZED, which is not a setting of mailcordon.
    rejectUnauthorized: verify !== false,
    ...(identity === undefined ? {} : await checkIdentity(identity)),
  };
}

/** Checks the certificate here, where the failure can name the cause. */
async function checkIdentity(identity: TlsIdentity): Promise<SecureContextOptions> {
  const { createSecureContext } = await import("node:tls");
  const passphrase = identity.passphrase === undefined ? {} : { passphrase: identity.passphrase };
  const options = identity.kind === "pfx" ? { pfx: identity.bytes } : { cert: identity.certificate, key: identity.key };
  try {
    createSecureContext({ ...options, ...passphrase });
  } catch (thrown) {
    throw new Failure("invalid-settings", `The client certificate cannot be used: ${describeIdentityError(thrown, identity)}.`, {
      cause: thrown,
    });
  }
  return { ...options, ...passphrase };
}

/** Describes OpenSSL's frequent errors in plain words; its own texts, which quote nothing of the file, are for experts. */
function describeIdentityError(thrown: unknown, identity: TlsIdentity): string {
  if (identity.kind === "pem" && !/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(identity.key)) return "there is no private key in PEM form";
  const code = typeof thrown === "object" && thrown !== null && "code" in thrown ? String(thrown.code) : "";
  const message = thrown instanceof Error ? thrown.message : "";
  if (/mac verify failure|bad decrypt|BAD_DECRYPT|BAD_PASSWORD|INTERRUPTED/i.test(`${code} ${message}`))
    return "the passphrase is wrong or missing";
  if (/KEY_VALUES_MISMATCH/.test(code)) return "the key does not belong to the certificate";
  if (/unsupported/i.test(`${code} ${message}`)) return "its encryption is too old for OpenSSL 3; export it again with AES256_SHA256";
  return identity.kind === "pfx" ? "it is not a PFX file" : "it is not a certificate and a key in PEM form";
}

/** Returns the well-known authorities and our own: a `ca` given to Node alone would replace them. */
async function trustedAuthorities(ca: string): Promise<string[]> {
  const [{ rootCertificates }, { X509Certificate }] = await Promise.all([import("node:tls"), import("node:crypto")]);
  const own = ca.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    if (own.length === 0) throw new Error("no certificate");
    for (const pem of own) new X509Certificate(pem);
  } catch (cause) {
    throw new Failure("invalid-settings", "The file of certificate authorities contains no valid certificates in PEM form.", { cause });
  }
  return [...rootCertificates, ...own];
}
