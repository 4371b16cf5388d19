import { join } from "node:path";
import type { EvidenceStore, OpenedFile } from "../catalogue/action-definition.ts";
import type { EwsOptions } from "../ews/ews.ts";
import type { EndpointMemory } from "../ews/session/endpoint.ts";
import type { ServerVersion } from "../ews/session/soap.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { Failure } from "../failure.ts";
import { noPrivateFiles, openPrivateFiles, type PrivateFiles } from "../files/private-files.ts";
import type { GraphOptions } from "../graph/graph.ts";
import type { AuditLog } from "../perform/audit/audit-log.ts";
import type { AuditHeads } from "../perform/audit/audit-log-end.ts";
import type { Exclusively } from "../perform/audit/locked-log.ts";
import type { EvidenceIndex } from "../perform/evidence/evidence-index.ts";
import type { EvidenceLines } from "../perform/evidence/indexed-evidence.ts";
import type { Connection, Settings } from "../settings/load-settings.ts";
import type { OAuth } from "../settings/oauth-settings.ts";
import { readFileSetting } from "../settings/read-named-file.ts";
import type { Http } from "../wire/http/client-interface.ts";
import type { Observe } from "../wire/http/observe-http.ts";
import type { TokenSource } from "../wire/sign-in/token-source.ts";

/** Everything that actions need from one connection. */
export interface Opened {
  readonly exchange: Exchange;
  readonly evidence: EvidenceStore;
  /** Finds kept evidence by its hash, wherever the settings have it kept. */
  readonly evidenceIndex: EvidenceIndex;
  /** The settings file, if mailcordon found it by itself. */
  readonly foundFile: string | undefined;
  readonly audit: AuditLog;
  /** The file of the audit log. */
  readonly auditFile: string;
  /** Whether reads have entries in it. */
  readonly auditsReads: boolean;
  /** The connection's name. */
  readonly connection: string;
  /** False if a setting switched off the check of certificates; every output reports this. */
  readonly tlsVerified: boolean;
  /** Opens a file that an input names as an attachment. */
  readFile(path: string): Promise<OpenedFile>;
}

/** Optional parts of an open connection. */
export interface OpenOptions {
  /** Called with a line of text for every request and reply. A server may have written parts of it; it never contains a body or a secret. */
  readonly log?: ((text: string) => void) | undefined;
  /** Called with the same events as objects. */
  readonly observe?: Observe | undefined;
  /** Called with the version that the server reports in each reply. */
  readonly serverVersion?: ((version: ServerVersion) => void) | undefined;
  /** Lock that each audit entry takes in addition to the lock file, if a database is open. */
  readonly exclusively?: Exclusively | undefined;
  /** Second storage for the end of an audit log, in an open database. */
  readonly auditHead?: ((log: string) => AuditHeads) | undefined;
  /** The lines of evidence indexes in an open database. */
  readonly evidenceLines?: EvidenceLines | undefined;
  /** Whether the process is a server, which writes many audit entries. Default false. */
  readonly busy?: boolean | undefined;
}

/**
 * Opens a connection without sending a request. Evidence and audit entries go where the settings say.
 * @throws Failure `invalid-settings` when the authority's certificate cannot be read
 */
export async function open(settings: Settings, options: OpenOptions = {}): Promise<Opened> {
  const { connection, foundFile } = settings;
  // Most calls keep no evidence and write no audit entry, so this code is loaded when needed.
  const evidence = once(async () => (await import("./open-evidence.ts")).openEvidenceOf(settings.evidence));
  const index = once(async () => (await import("./open-evidence.ts")).openEvidenceIndexOf(settings.evidence, options.evidenceLines));
  const catchUp = async () => (await index()).catchUp?.();
  const audit = once(async () => openAuditOf(settings, options));
  return {
    exchange: await openExchange(connection, options),
    evidence: {
      async keep(bytes, about) {
        const kept = await (await evidence()).keep(bytes, about);
        // Not awaited: if the database does not answer, the next look-up reads the lines.
        if (options.evidenceLines !== undefined) void catchUp().catch(() => undefined);
        return kept;
      },
      hold: async (bytes, about) => (await evidence()).hold(bytes, about),
    },
    evidenceIndex: {
      find: async (sha256) => (await index()).find(sha256),
      findAll: async (sha256s) => (await index()).findAll(sha256s),
      catchUp,
    },
    foundFile,
    audit: {
      append: async (entry) => (await audit()).append(entry),
      done: async (requested) => (await import("../perform/audit/done-before.ts")).doneBefore(settings.audit.file, requested),
    },
    auditFile: settings.audit.file,
    auditsReads: settings.audit.reads,
    connection: connection.name,
    tlsVerified: connection.network.tls.verify,
    readFile: async (path) => (await import("../catalogue/open-attached-file.ts")).openFile(path),
  };
}

async function openAuditOf(
  { audit: { file, heads: folder, key } }: Settings,
  { exclusively, auditHead, busy }: OpenOptions,
): Promise<AuditLog> {
  const [{ openAudit }, { openHeadFile }] = await Promise.all([
    import("../perform/audit/audit-log.ts"),
    import("../perform/audit/audit-log-end.ts"),
  ]);
  const heads = [openHeadFile(folder, file), ...(auditHead === undefined ? [] : [auditHead(file)])];
  return openAudit(file, { exclusively, heads, key: key?.reveal(), busy });
}

/** The back end of a connection, as its settings say. */
async function openExchange(connection: Connection, options: OpenOptions): Promise<Exchange> {
  if (connection.backend === "graph") {
    const { openGraph } = await import("../graph/graph.ts");
    return openGraph(await graphOptionsOf(connection, options));
  }
  const { openEws } = await import("../ews/ews.ts");
  const ews = openEws(await ewsOptionsOf(connection, options));
  if (connection.backend === "ews") return ews;
  const [{ openGraph }, { openRoute, routeMemory }] = await Promise.all([import("../graph/graph.ts"), import("./back-end-routing.ts")]);
  const files = cacheFiles("routes");
  const ofConnection = [connection.graph.url.href, accountOf(connection.auth, connection.name)];
  const memory = routeMemory({
    read: (address) => files.read([...ofConnection, address]),
    // A value that cannot be kept is determined again.
    write: (address, value) => void files.write([...ofConnection, address], value),
  });
  return openRoute({ ews, graph: openGraph(await graphOptionsOf(connection, options)), memory });
}

/** How the settings of a connection reach Exchange Web Services. Throws Failure `invalid-settings`. */
export async function ewsOptionsOf(connection: Connection, options: OpenOptions = {}): Promise<EwsOptions> {
  const { name, ews, access, mailbox, network, throttling } = connection;
  const auth = ews.auth ?? connection.auth;
  const ca = ews.caFile === undefined ? undefined : readFileSetting(ews.caFile, "ews.ca_file").toString("utf8");
  const observe = options.log === undefined ? options.observe : await logger(options.log);
  const signIn = await signInOf(auth, { ca, observe, proxy: network.proxy }, throttling.maxConcurrency);
  return {
    ...endpointOf(ews),
    memory: endpointMemoryOf(ews),
    proxy: network.proxy,
    ...signIn,
    tls: { ...network.tls, ...signIn.tls },
    access,
    connectingName: connectingNames[connection.impersonateBy],
    defaultMailbox: mailbox,
    ca,
    account: accountOf(auth, name),
    throttling: { maxWaitMs: milliseconds(throttling.maxWait), maxConcurrency: throttling.maxConcurrency },
    ...timeoutsOf(connection),
    observe,
    serverVersion: options.serverVersion,
  };
}

/** How the settings of a connection reach Microsoft Graph. Throws Failure `invalid-settings`. */
export async function graphOptionsOf(connection: Connection, options: OpenOptions = {}): Promise<GraphOptions> {
  const { name, graph, auth, mailbox, network, throttling } = connection;
  const ca = graph.caFile === undefined ? undefined : readFileSetting(graph.caFile, "graph.ca_file").toString("utf8");
  const observe = options.log === undefined ? options.observe : await logger(options.log);
  return {
    url: graph.url.href,
    signIn: await signInToGraph(auth, { ca, observe, proxy: network.proxy }),
    adminApi: await adminApiOf(connection, { ca, observe, proxy: network.proxy }),
    defaultMailbox: mailbox,
    // The name that the certificate of EWS has is not that of Graph's.
    tls: connection.backend === "auto" ? { ...network.tls, serverName: undefined } : network.tls,
    ca,
    proxy: network.proxy,
    account: accountOf(auth, name),
    throttling: { maxWaitMs: milliseconds(throttling.maxWait), maxConcurrency: throttling.maxConcurrency },
    ...timeoutsOf(connection),
    behaviour: graph.habits,
    observe,
  };
}

/** Returns the time limits of a reply and its maximum size. */
function timeoutsOf({ timeouts, maxReplyBytes }: Connection): Pick<EwsOptions, "timeouts" | "maxReplyBytes"> {
  const { connect, reply, idle, total } = timeouts;
  const limits = {
    connectMs: milliseconds(connect),
    replyMs: milliseconds(reply),
    idleMs: milliseconds(idle),
    totalMs: milliseconds(total),
  };
  return { timeouts: limits, maxReplyBytes };
}

const connectingNames = { smtp: "SmtpAddress", primary_smtp: "PrimarySmtpAddress", upn: "PrincipalName" } as const;

/** Returns the URL of EWS, or the way to find it. */
function endpointOf({ url, autodiscover }: Connection["ews"]): Pick<EwsOptions, "url" | "autodiscover"> {
  if (url !== undefined || autodiscover === undefined) return { url: url?.href };
  const { address, allowHosts, cacheHours } = autodiscover;
  return { autodiscover: { address, allowHosts, lifetimeMs: milliseconds(cacheHours === undefined ? undefined : cacheHours * 3600) } };
}

/** Stores facts about the server in `$XDG_CACHE_HOME/mailcordon/servers` (by default `~/.cache/mailcordon/servers`). */
function endpointMemoryOf({ url, autodiscover }: Connection["ews"]): EndpointMemory {
  const files = cacheFiles("servers");
  const key = url === undefined ? ["autodiscover", (autodiscover?.address ?? "").toLowerCase()] : ["url", url.href];
  return {
    read: () => files.read(key),
    // A value that cannot be kept is determined again.
    write: (value) => void files.write(key, value),
    forget: () => files.forget(key),
  };
}

/** `$XDG_CACHE_HOME/mailcordon/<folder>`, by default `~/.cache/mailcordon/<folder>` (XDG Base Directory Specification). */
function cacheFiles(folder: string, environment = process.env): PrivateFiles {
  const caches = environment.XDG_CACHE_HOME || (environment.HOME ? join(environment.HOME, ".cache") : undefined);
  return caches === undefined ? noPrivateFiles : openPrivateFiles(join(caches, "mailcordon", folder));
}

async function logger(log: (text: string) => void): Promise<Observe> {
  const { eventText } = await import("../wire/http/observe-http.ts");
  return (event) => log(eventText(event));
}

function milliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000;
}

/** Returns the account that the server counts requests for: connections of one account share pauses and concurrency. */
function accountOf(auth: Connection["auth"], connection: string): string {
  if (auth.kind === "basic" || auth.kind === "ntlm") return `user ${auth.username.toLowerCase()}`;
  if (auth.kind === "oauth" && auth.credential.kind !== "device-code" && auth.clientId !== "")
    return `application ${auth.clientId.toLowerCase()}`;
  // The account of a token is not known without reading it, so only the same connection is known to be the same account.
  return `connection ${connection}`;
}

/** A token endpoint replies within a second or not at all; for a device code it is polled repeatedly. Milliseconds. */
const tokenTimeouts = { connectMs: 15_000, replyMs: 30_000, idleMs: 15_000, totalMs: 60_000 };

/** How a token endpoint is reached. */
type TokenEndpointOptions = Pick<EwsOptions, "ca" | "observe" | "proxy">;

/** Returns how requests are authenticated. */
async function signInOf(
  auth: Connection["auth"],
  endpointOptions: TokenEndpointOptions,
  maxConnections: number | undefined,
): Promise<Partial<EwsOptions>> {
  switch (auth.kind) {
    case "bearer": {
      const { tokenFacts } = await import("../wire/sign-in/token-claims.ts");
      const token = auth.token.reveal();
      return { authorize: () => Promise.resolve({ authorization: `Bearer ${token}` }), token: () => tokenFacts(token) };
    }
    case "oauth": {
      const { withTokens } = await import("../wire/sign-in/bearer-token.ts");
      const tokens = await tokensOf(auth, "exchange", endpointOptions);
      return { signIn: (http) => withTokens(http, tokens), token: () => tokens.facts() };
    }
    default:
      return (await import("./on-premises-sign-in.ts")).signInOnPremises(
        auth,
        (oauth) => tokensOf(oauth, "exchange", endpointOptions),
        maxConnections,
      );
  }
}

async function signInToGraph(auth: Connection["auth"], endpointOptions: TokenEndpointOptions): Promise<(http: Http) => Http> {
  if (auth.kind === "oauth") {
    const { withTokens } = await import("../wire/sign-in/bearer-token.ts");
    const tokens = await tokensOf(auth, "graph", endpointOptions);
    return (http) => withTokens(http, tokens);
  }
  if (auth.kind !== "bearer") throw new Failure("invalid-settings", "Microsoft Graph needs auth.oauth, or auth.bearer with a token.");
  const authorization = `Bearer ${auth.token.reveal()}`;
  return (http) => ({ ...http, send: (request) => http.send({ ...request, headers: { ...request.headers, authorization } }) });
}

/** Returns the Exchange Online Admin API, if the settings allow it. It needs another token than Graph. */
async function adminApiOf(
  { auth, graph: { mailboxList } }: Connection,
  endpointOptions: TokenEndpointOptions,
): Promise<GraphOptions["adminApi"]> {
  const { from, adminApi } = mailboxList;
  const isRequired = from === "admin_api";
  if (from === "directory" || adminApi === undefined) return undefined;
  if (auth.kind !== "oauth") {
    if (!isRequired) return undefined;
    throw new Failure("invalid-settings", "graph.mailbox_list: admin_api needs its own token, which only oauth can get; put directory.");
  }
  // A person does not sign in a second time for a list that the directory has as well.
  if (auth.credential.kind === "device-code" && !isRequired) return undefined;
  const { withTokens } = await import("../wire/sign-in/bearer-token.ts");
  const tokens = await tokensOf(auth, "exchange", endpointOptions);
  return {
    url: adminApi.origin,
    signIn: (http) => withTokens(http, tokens),
    // Its address has the tenant's id; the settings may have one of the tenant's names, or nothing.
    async tenant(call) {
      await tokens.token({ signal: call?.signal, progress: call?.progress });
      const facts = tokens.facts();
      // A token that is going to be refused is not shown.
      const { mayList } = await import("../graph/session/admin-api.ts");
      if (facts?.appOnly === true && !mayList(facts))
        throw new Failure("role-missing", "The token does not have the permission Exchange.ManageAsAppV2.");
      return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(auth.tenant) ? auth.tenant : (facts?.tenant ?? auth.tenant);
    },
    isRequired,
  };
}

async function tokensOf(auth: OAuth, resource: "exchange" | "graph", endpointOptions: TokenEndpointOptions): Promise<TokenSource> {
  const [{ openTokens }, { openHttp }] = await Promise.all([import("./connection-tokens.ts"), import("../wire/http/http-client.ts")]);
  // A machine's own identity is on the machine, or one hop away: no proxy leads there.
  const proxy = auth.credential.kind === "managed-identity" ? undefined : endpointOptions.proxy;
  return openTokens(auth, resource, openHttp({ ...endpointOptions, proxy, timeouts: tokenTimeouts, maxConnections: 2 }));
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
