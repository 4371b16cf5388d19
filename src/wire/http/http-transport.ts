import type { Agent, ClientRequest, RequestOptions } from "node:http";
import type { AgentOptions } from "node:https";
import type { SecureContextOptions, SecureVersion } from "node:tls";
import { Failure } from "../../failure.ts";
import type { ProxyServer } from "./proxy-rules.ts";
import { openTunnel, proxyAuthorization, proxyHostAndPort } from "./proxy-tunnel.ts";

/** How TLS is spoken. */
export interface TlsOptions {
  /** Certificates (PEM) of authorities to trust besides the well-known ones. */
  readonly ca?: string | undefined;
  /** The name that is asked for and that the certificate must have, instead of the URL's host. */
  readonly serverName?: string | undefined;
  /** Default TLSv1.2. */
  readonly minVersion?: Extract<SecureVersion, "TLSv1.2" | "TLSv1.3"> | undefined;
  /** False: any certificate of anybody is taken. */
  readonly verify?: boolean | undefined;
  /** Who we are, for a server that asks for a certificate. */
  readonly identity?: TlsIdentity | undefined;
}

/** A certificate and its key: PEM (both may stand in one file), or PFX (RFC 7292). */
export type TlsIdentity =
  | { readonly kind: "pem"; readonly certificate: string; readonly key: string; readonly passphrase?: string | undefined }
  | { readonly kind: "pfx"; readonly bytes: Buffer; readonly passphrase?: string | undefined };

/** A kind of connection, kept open and used again. */
export interface Transport {
  readonly agent: Agent;
  /** The connection to the server itself is TLS: it stands when that does. */
  readonly isSecure: boolean;
  /** The proxy that answers in the server's place: what it refuses never reached the server. */
  readonly forwardedBy: ProxyServer | undefined;
  request(url: URL, options: RequestOptions): ClientRequest;
}

export interface TransportOptions {
  readonly maxConnections: number;
  /** Each connection shows the server's certificate: when a TLS session is taken up again, Node does not know it. */
  readonly showsCertificate?: boolean | undefined;
  /** Milliseconds until connected. */
  readonly connectMs: number;
  readonly tls: TlsOptions;
}

/**
 * Node's modules are loaded when the first request needs them.
 * Failure `invalid-settings`: an URL that is neither http nor https, or a `ca` without certificates.
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

/** Plain http through a proxy: the request goes to the proxy, its target being the whole URL (RFC 9112, 3.2.2). */
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

/** The agent's connections go through the proxy, and TLS is spoken with the server inside them. */
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
        // Each tunnel is a connection of its own.
        agent: false,
      });
    openTunnel(connect, proxy, host, options.connectMs).then(
      // Without the tunnel's own place: `socket` says where it goes.
      (socket) => made?.(null, secured({ ...to, socket, host: undefined, port: undefined, path: undefined })),
      // Node takes the error alone, whatever its types say: there is no stream to give.
      (thrown) => Reflect.apply(made ?? (() => undefined), undefined, [thrown]),
    );
    return undefined;
  };
}

/** The server's name is not the proxy's, and who we are is not its business. */
function tlsOptionsForProxy(tls: TlsOptions): TlsOptions {
  return { ...tls, serverName: undefined, identity: undefined };
}

async function agentTlsOptions({ ca, serverName, minVersion, verify, identity }: TlsOptions): Promise<AgentOptions> {
  return {
    minVersion: minVersion ?? "TLSv1.2",
    ...(ca === undefined ? {} : { ca: await trustedAuthorities(ca) }),
    ...(serverName === undefined ? {} : { servername: serverName }),
    // Written out: without it Node does what NODE_TLS_REJECT_UNAUTHORIZED says, which is nobody's setting of ours.
    rejectUnauthorized: verify !== false,
    ...(identity === undefined ? {} : await checkIdentity(identity)),
  };
}

/** Tried here, where it can still be said what is wrong with it. */
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

/** OpenSSL's words, which quote nothing of the file, are for experts: the frequent ones in plain words. */
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

/** The well-known authorities and our own: what is given as `ca` to Node would replace them. */
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
