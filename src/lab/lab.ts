import { setMaxListeners } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AdminApiServer, adminApiAt, adminApiName } from "./admin-api.ts";
import { type AutodiscoverOptions, type AutodiscoverRule, autodiscoverAt } from "./autodiscover/autodiscover.ts";
import { operations } from "./ews/operations.ts";
import { serveEws } from "./ews/server.ts";
import { WindowsSignIn, type WindowsSignInOptions } from "./ews/sign-in/windows-sign-in.ts";
import { Subscriptions } from "./ews/subscriptions.ts";
import { FaultPlan, type FaultRule } from "./faults.ts";
import type { GraphHabits } from "./graph/operation.ts";
import { operations as graphOperations } from "./graph/operations.ts";
import { type GraphServer, isGraphPath, isUploadHostPath, serveGraph } from "./graph/server.ts";
import { Throttle } from "./graph/throttle.ts";
import { importName } from "./graph/uploads/import-item.ts";
import { ImportSessions } from "./graph/uploads/import-sessions.ts";
import { uploadName } from "./graph/uploads/upload-piece.ts";
import { Uploads } from "./graph/uploads/upload-sessions.ts";
import { listen } from "./listen.ts";
import type { LabRequest } from "./request-log.ts";
import { importFolder } from "./seed/import-folder.ts";
import { deliverInvitation } from "./seed/invitation.ts";
import { seedOrganisation } from "./seed/seed.ts";
import { type ManyMailboxes, seedMany } from "./seed/seed-many.ts";
import { ServerVariants } from "./server-variants.ts";
import type { EwsPolicy, Tenant } from "./sign-in/app-registration.ts";
import { openTokenServer, type TokenServer } from "./sign-in/token-server.ts";
import { Store } from "./store/store.ts";
import { ConcurrentRequests, type LabThrottling } from "./throttling.ts";

/** How to start the lab. */
export interface LabOptions {
  /** Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** Default 0: a free one. */
  readonly port?: number | undefined;
  /** PEM. `clientAuthority`: the issuer of accounts' client certificates, which the lab then requests; the common name is the account's address. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly clientAuthority?: string | undefined } | undefined;
  /** The sign-in schemes of the web server, as in IIS. Default: only Basic. */
  readonly signIn?: WindowsSignInOptions | undefined;
  /** Fill the store with the practice organisation; default true. */
  readonly seed?: boolean | undefined;
  /** Further mailboxes with ordinary messages and a campaign, made when they are first opened. Default none. */
  readonly many?: ManyMailboxes | undefined;
  /** A folder of `.eml` files to deliver. */
  readonly importDir?: string | undefined;
  /** Addresses of people who get the practice invitation to a meeting. */
  readonly invited?: readonly string[] | undefined;
  readonly faults?: readonly FaultRule[] | undefined;
  /** Habits of servers other than Exchange, over EWS: each a name of `habitWords`, or `name:value`. Default none. */
  readonly habits?: readonly string[] | undefined;
  /** Limits of concurrent requests; default: those of `LabThrottling`. */
  readonly throttling?: LabThrottling | undefined;
  /** The value of ServerVersionInfo; default ExchangeSE. */
  readonly version?: "Exchange2013" | "Exchange2016" | "Exchange2019" | "ExchangeSE" | undefined;
  /** The password of every seeded user. */
  readonly password?: string | undefined;
  /** Bearer tokens: token -> address of the user. */
  readonly tokens?: Readonly<Record<string, string>> | undefined;
  /** A practice of Microsoft Entra ID whose tokens EWS takes. */
  readonly tenant?: Tenant | undefined;
  /** Which of its applications may use EWS; read at each request. Default all. */
  readonly policy?: EwsPolicy | undefined;
  /** The answers of Autodiscover, and its faults; default correct answers. Its rules are read at each request. */
  readonly autodiscover?:
    | Partial<Pick<AutodiscoverOptions, "externalUrl" | "internalUrl" | "schemas" | "publicFolders" | "rules">>
    | undefined;
  /** The newest RequestServerVersion that is taken; default all that Exchange SE takes. */
  readonly newestVersion?: string | undefined;
  /** Addresses of mailboxes that are not in the cloud: Graph has none of them. */
  readonly onPremises?: readonly string[] | undefined;
  /** Addresses of people without a licence: Graph has none of their mailboxes either. */
  readonly unlicensed?: readonly string[] | undefined;
  /** Tokens that Graph accepts besides the tenant's (token -> application permissions), and its habits; read at each request. */
  readonly graph?: (GraphHabits & { readonly tokens?: Readonly<Record<string, readonly string[]>> | undefined }) | undefined;
  /** How many mailboxes one page of the Exchange Online Admin API has; default 1000. */
  readonly adminApi?: { readonly pageSize?: number | undefined } | undefined;
  /** Keep the bodies of requests and replies in `requests`. */
  readonly keepBodies?: boolean | undefined;
  /** Compress replies when the client accepts it; default true. */
  readonly gzip?: boolean | undefined;
}

/** A running lab. */
export interface Lab {
  readonly url: string;
  readonly ewsUrl: string;
  /** Base of Microsoft Graph, with its version. */
  readonly graphUrl: string;
  readonly store: Store;
  readonly requests: readonly LabRequest[];
  /** The issuer of tokens, if there is a tenant. */
  readonly entra: TokenServer | undefined;
  addFault(rule: FaultRule): void;
  clearFaults(): void;
  close(): Promise<void>;
}

const ewsPath = "/EWS/Exchange.asmx";
const graphPath = "/v1.0";

/** The operations that a fault can be about, under Microsoft's names. */
export const operationNames: readonly string[] = [
  ...[...operations, ...graphOperations].map(({ name }) => name),
  uploadName,
  importName,
  adminApiName,
];

/** Rejects a fault of an operation that does not exist: it would never happen, and a test that waits for it would pass wrongly. */
function checkedFault(rule: FaultRule): FaultRule {
  if (rule.operation !== undefined && !operationNames.includes(rule.operation))
    throw new Error(`"${rule.operation}" is no operation of the lab. Operations: ${operationNames.join(", ")}.`);
  return rule;
}

/** Limit of the request log: a lab that runs for weeks must not keep every request. */
const logLimit = 10_000;

/** Finds what answers a path. */
type Handlers = (path: string) => ((request: IncomingMessage, response: ServerResponse) => Promise<void>) | undefined;

/** Starts a practice Exchange. Throws what `listen` throws when the port is taken. */
export async function startLab(options: LabOptions = {}): Promise<Lab> {
  const habits = new ServerVariants(
    options.habits,
    operations.map(({ name }) => name),
  );
  const store = new Store({ idsTellMailbox: !habits.has("ids-without-mailbox") });
  if (options.seed ?? true) seedOrganisation(store, { password: options.password });
  if (options.many !== undefined) seedMany(store, options.many);
  if (options.importDir !== undefined) importFolder(store, options.importDir);
  if (options.invited !== undefined) deliverInvitation(store, options.invited);
  store.acts.clear();
  const faults = new FaultPlan();
  for (const rule of options.faults ?? []) faults.add(checkedFault(rule));
  const requests: LabRequest[] = [];
  const closing = new AbortController();
  // Each delayed request listens to it.
  setMaxListeners(0, closing.signal);
  const entra = options.tenant && openTokenServer(options.tenant, (address) => store.mailbox(address)?.user);
  const ews = {
    store,
    faults,
    habits,
    tokens: options.tokens ?? {},
    entra: entra && { tokens: entra, policy: options.policy ?? {} },
    windows: options.signIn && new WindowsSignIn(store, options.signIn, options.tls?.cert),
    product: options.version ?? "ExchangeSE",
    newestVersion: options.newestVersion,
    mostConcurrent: options.throttling?.ews,
    running: new ConcurrentRequests(),
    subscriptions: new Subscriptions(),
    gzip: options.gzip ?? true,
    keepBodies: options.keepBodies ?? false,
    closing: closing.signal,
    log: (request: LabRequest): void => {
      requests.push(request);
      if (requests.length > logLimit) requests.splice(0, requests.length - logLimit);
    },
  };
  const graph: GraphServer = {
    ...ews,
    entra,
    tokens: options.graph?.tokens ?? {},
    user: (upn) => store.organisation.users.find((one) => one.upn === upn),
    habits: options.graph ?? {},
    onPremises: options.onPremises ?? [],
    unlicensed: options.unlicensed ?? [],
    throttle: new Throttle(options.graph?.requestsPerWindow, options.throttling?.graph),
    uploads: new Uploads(),
    imports: new ImportSessions(),
    uploadPort: () => (uploadHost === undefined ? undefined : Number(new URL(uploadHost.url).port)),
  };
  const adminApi: AdminApiServer = { ...graph, pageSize: options.adminApi?.pageSize };
  const noRules: readonly AutodiscoverRule[] = [];
  const discovery = () => ({
    externalUrl: url + ewsPath,
    rules: noRules,
    ...options.autodiscover,
    store,
    tokens: ews.tokens,
    log: ews.log,
  });
  const handlerOf: Handlers = (path) => {
    if (path.toLowerCase() === ewsPath.toLowerCase())
      return (request: IncomingMessage, response: ServerResponse) => serveEws(ews, request, response);
    if (isGraphPath(path) || (uploadHost === undefined && isUploadHostPath(path)))
      return (request: IncomingMessage, response: ServerResponse) => serveGraph(graph, request, response);
    return entra?.handler(path) ?? adminApiAt(path, adminApi) ?? autodiscoverAt(path, discovery());
  };
  const listenerOf =
    (handlerOf: Handlers) =>
    (request: IncomingMessage, response: ServerResponse): void => {
      const path = (request.url ?? "").split("?")[0] ?? "";
      const readable = isReadable(request, path);
      const serve = readable ? handlerOf(path) : undefined;
      if (serve === undefined) {
        request.resume();
        response.writeHead(readable ? 404 : 400).end();
        return;
      }
      serve(request, response).catch((error: unknown) => {
        // A client that disconnects is not a defect of the lab. A request is destroyed even after it was read; only the response shows the
        // difference.
        if (response.destroyed) return;
        if (!response.headersSent) response.writeHead(500, { "Content-Type": "text/plain" });
        response.end(error instanceof Error ? error.stack : String(error));
      });
    };
  const clientAuthority = options.tls?.clientAuthority;
  // A client without a certificate may sign in in another way.
  const asking = clientAuthority === undefined ? {} : { requestCert: true, rejectUnauthorized: false, ca: clientAuthority };
  const { tls } = options;
  const serverOf = (handlers: Handlers): Server => {
    const listener = listenerOf(handlers);
    return tls ? createTlsServer({ key: tls.key, cert: tls.cert, ...asking }, listener) : createServer(listener);
  };
  // Elsewhere than on this machine only one port may be reachable.
  const ofUploads: Handlers = (path) => (isUploadHostPath(path) ? (request, response) => serveGraph(graph, request, response) : undefined);
  const isLocal = options.host === undefined || /^(?:127\.|localhost$|::1$)/.test(options.host);
  const uploadHost = isLocal ? await listen(serverOf(ofUploads), { ...options, port: 0 }) : undefined;
  const { url, close } = await listen(serverOf(handlerOf), options).catch(async (error: unknown) => {
    await uploadHost?.close();
    throw error;
  });
  return {
    url,
    ewsUrl: url + ewsPath,
    graphUrl: url + graphPath,
    store,
    requests,
    entra,
    addFault: (rule) => faults.add(checkedFault(rule)),
    clearFaults: () => faults.clear(),
    close: async () => {
      closing.abort();
      await Promise.all([close(), uploadHost?.close()]);
    },
  };
}

/**
 * Returns whether the address of a request can be read. An unreadable one is refused before sign-in, as Windows does before Exchange. @see
 * https://learn.microsoft.com/en-us/troubleshoot/aspnet/error-logging-http-apis
 */
function isReadable({ url = "/", headers }: IncomingMessage, path: string): boolean {
  try {
    decodeURIComponent(path);
    return URL.canParse(url, `http://${headers.host ?? "localhost"}`);
  } catch (error) {
    if (error instanceof URIError) return false;
    throw error;
  }
}
