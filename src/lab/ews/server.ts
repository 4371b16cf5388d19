import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { TextDecoder } from "node:util";
import type { FaultPlan, Faults } from "../faults.ts";
import type { LabRequest } from "../request-log.ts";
import type { ServerVariants } from "../server-variants.ts";
import type { EwsPolicy } from "../sign-in/app-registration.ts";
import type { TokenServer } from "../sign-in/token-server.ts";
import type { User } from "../store/organisation.ts";
import type { Store } from "../store/store.ts";
import type { ConcurrentRequests } from "../throttling.ts";
import { wrongReply } from "../wrong-replies.ts";
import { type XmlElement, XmlError, XmlReader } from "../xml.ts";
import { checkRequest } from "./check-schema.ts";
import { faultEnvelope, readEnvelope, replyEnvelope, schemaFault, unknownRequest } from "./envelope.ts";
import { tooManyRequests, wholeFault } from "./fault-injection.ts";
import { notOffered } from "./not-offered.ts";
import { type Content, Fault, messagesNamespace, type Operation } from "./operation.ts";
import { operations } from "./operations.ts";
import { actingUser, authenticate } from "./sign-in/authenticate.ts";
import { type BearerCaller, type BearerRefusal, bearerCaller } from "./sign-in/bearer-token.ts";
import { signInText, type WindowsSignIn } from "./sign-in/windows-sign-in.ts";
import type { Subscriptions } from "./subscriptions.ts";
import { type Damage, type Reply, reset, send, sendStream } from "./transport.ts";
import { isRequestVersion, newestRequestVersion, type Product, supports } from "./versions.ts";

/** Everything that the EWS server needs from its lab. */
export interface EwsServer {
  readonly store: Store;
  readonly faults: FaultPlan;
  readonly habits: ServerVariants;
  readonly tokens: Readonly<Record<string, string>>;
  /** The tenant whose tokens are also accepted, and which applications may use EWS. */
  readonly entra?: { readonly tokens: TokenServer; readonly policy: EwsPolicy } | undefined;
  /** Additional sign-in schemes of the web server; undefined: only Basic. */
  readonly windows?: WindowsSignIn | undefined;
  readonly product: Product;
  /** The newest accepted RequestServerVersion; undefined: all. */
  readonly newestVersion?: string | undefined;
  /** Limit of concurrent requests per account; undefined: none. */
  readonly mostConcurrent?: number | undefined;
  readonly running: ConcurrentRequests;
  readonly subscriptions: Subscriptions;
  readonly gzip: boolean;
  readonly keepBodies: boolean;
  /** Aborted when the lab closes. */
  readonly closing: AbortSignal;
  log(request: LabRequest): void;
}

interface ExchangedBytes {
  operation?: string;
  caller?: User;
  acting?: User;
  signIn?: string | undefined;
  bytesIn: number;
  requestBody?: string[];
  replyBody?: string[];
}

const byName: ReadonlyMap<string, Operation> = new Map(operations.map((operation) => [operation.name, operation]));
const secretHeaders: ReadonlySet<string> = new Set(["authorization", "cookie", "proxy-authorization"]);

/** One HTTP request to Exchange.asmx, from its headers to the last byte of the reply. */
export async function serveEws(server: EwsServer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const requestId = randomUUID();
  const exchanged: ExchangedBytes = { bytesIn: 0, ...(server.keepBodies ? { requestBody: [], replyBody: [] } : {}) };
  const socket = request.socket;
  const before = socket.bytesWritten;
  response.once("close", () => {
    const headers = Object.entries(request.headersDistinct).filter(([name]) => !secretHeaders.has(name));
    server.log({
      method: request.method ?? "",
      path: request.url ?? "",
      operation: exchanged.operation,
      caller: exchanged.caller?.address,
      acting: exchanged.acting?.address,
      signIn: exchanged.signIn,
      anchorMailbox: request.headersDistinct["x-anchormailbox"]?.[0],
      status: response.headersSent ? response.statusCode : 0,
      bytesIn: exchanged.bytesIn,
      bytesOut: socket.bytesWritten - before,
      headers: Object.fromEntries(headers.map(([name, values]) => [name, (values ?? []).join(", ")])),
      requestId,
      ...(exchanged.requestBody ? { requestBody: exchanged.requestBody.join("") } : {}),
      ...(exchanged.replyBody ? { replyBody: exchanged.replyBody.join("") } : {}),
    });
  });
  const { reply, damage, more } = await answer(server, request, response, exchanged);
  if (reply === undefined) return reset(request);
  const clientId = request.headersDistinct["client-request-id"]?.[0];
  const echo = request.headers["return-client-request-id"] === "true" && clientId !== undefined ? { "client-request-id": clientId } : {};
  const body = exchanged.replyBody ? recordRequest(reply.body, exchanged.replyBody) : reply.body;
  const whole = { ...reply, headers: { "request-id": requestId, ...echo, ...server.windows?.headers, ...reply.headers }, body };
  if (more !== undefined) {
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    return sendStream(response, whole, more(AbortSignal.any([server.closing, gone.signal])));
  }
  await send(request, response, whole, damage, server.gzip);
}

function* recordRequest(body: Iterable<string | Uint8Array>, into: string[]): Iterable<string | Uint8Array> {
  for (const piece of body) {
    into.push(typeof piece === "string" ? piece : Buffer.from(piece).toString("utf8"));
    yield piece;
  }
}

/** `reply` undefined: the connection is reset. */
interface Answer {
  readonly reply: Reply | undefined;
  readonly damage?: Damage | undefined;
  /** Further envelopes of a stream, until the signal is aborted. */
  readonly more?: ((closing: AbortSignal) => AsyncIterable<Iterable<string | Uint8Array>>) | undefined;
}

const plainReply = (status: number, body: string, headers: Readonly<Record<string, string>> = {}): Reply => ({
  status,
  headers: { ...(body === "" ? {} : { "Content-Type": "text/html; charset=utf-8" }), ...headers },
  body: [body],
});

const page = (title: string): string => `<!DOCTYPE html><html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>`;

/** Microsoft's own id of Exchange Online as a resource. */
const exchangeId = "00000002-0000-0ff1-ce00-000000000000";

const unauthorized = (request: IncomingMessage, server: EwsServer, diagnostics?: string, challenge?: string): Reply => {
  const realm = (request.headers.host ?? "lab").replace(/[^\w.:-]/g, "");
  const hasTokens = server.entra !== undefined || Object.keys(server.tokens).length > 0;
  const takesTokens = hasTokens && server.windows?.offersBearer(request.headers.authorization) !== false;
  const bearer = server.entra === undefined ? "Bearer" : `Bearer client_id="${exchangeId}"${diagnostics ? ', error="invalid_token"' : ""}`;
  const offers = challenge === undefined ? (server.windows?.offers(realm) ?? [`Basic realm="${realm}"`]) : [challenge];
  return plainReply(401, "", {
    "WWW-Authenticate": [...offers, ...(takesTokens && challenge === undefined ? [bearer] : [])].join(", "),
    ...(diagnostics === undefined ? {} : { "x-ms-diagnostics": diagnostics }),
  });
};

const soap = (status: number, body: Iterable<string | Uint8Array>): Reply => ({
  status,
  headers: { "Content-Type": "text/xml; charset=utf-8", "Cache-Control": "private" },
  body,
});

const forbidden = (diagnostics?: string): Reply =>
  plainReply(403, page("403 - Forbidden: Access is denied."), diagnostics === undefined ? {} : { "x-ms-diagnostics": diagnostics });

/** The authenticated caller; a refusal for a token of the tenant; undefined without valid credentials. */
type Caller = Pick<BearerCaller, "user" | "appOnly">;

async function signIn({ store, tokens, entra, windows }: EwsServer, request: IncomingMessage): Promise<Caller | BearerRefusal | undefined> {
  const { authorization } = request.headers;
  const isBearer = /^Bearer /i.test(authorization ?? "");
  const user = windows === undefined || isBearer ? authenticate(store, authorization, tokens) : undefined;
  if (user !== undefined) return { user, appOnly: false };
  const token = /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
  if (entra === undefined || token === undefined) return undefined;
  return bearerCaller(entra.tokens, entra.policy, token, (upn) => store.organisation.users.find((one) => one.upn === upn));
}

async function answer(server: EwsServer, request: IncomingMessage, response: ServerResponse, exchanged: ExchangedBytes): Promise<Answer> {
  if (server.habits.has("get-405") && request.method !== "POST") {
    await drain(request, exchanged);
    return { reply: plainReply(405, "", { Allow: "POST" }) };
  }
  const windows = server.windows?.signIn(request);
  exchanged.signIn = signInText(windows);
  if (windows !== undefined && "challenge" in windows) {
    await drain(request, exchanged);
    return { reply: unauthorized(request, server, undefined, windows.challenge) };
  }
  const caller = windows !== undefined && "user" in windows ? { user: windows.user, appOnly: false } : await signIn(server, request);
  if (caller === undefined || "status" in caller) {
    await drain(request, exchanged);
    if (caller?.status === 403) return { reply: forbidden(caller.diagnostics) };
    return { reply: unauthorized(request, server, caller?.diagnostics) };
  }
  exchanged.caller = caller.user;
  if (request.method === "GET" || request.method === "HEAD")
    return { reply: plainReply(200, page("Exchange Web Services of the mailcordon lab, which is not Exchange")) };
  const type = request.headers["content-type"] ?? "";
  if (
    request.method !== "POST" ||
    !/^text\/xml\s*(;|$)/i.test(type) ||
    (request.headers["content-encoding"] ?? "identity") !== "identity"
  ) {
    await drain(request, exchanged);
    if (request.method !== "POST") return { reply: plainReply(405, "", { Allow: "GET, HEAD, POST" }) };
    return { reply: plainReply(415, page("Cannot process the message because its content type is not text/xml; charset=utf-8.")) };
  }
  try {
    if (server.mostConcurrent !== undefined) {
      const leave = server.running.enter(caller.user.address, server.mostConcurrent);
      if (leave === undefined) {
        await drain(request, exchanged);
        throw tooManyRequests(server.mostConcurrent);
      }
      response.once("close", leave);
    }
    return await call(server, request, exchanged, caller);
  } catch (error) {
    if (error instanceof Fault) return { reply: soap(500, [faultEnvelope(error)]) };
    if (!(error instanceof XmlError)) throw error;
    // Exchange checks the schema while it reads the body: an error in it is a schema fault, and an error before it means that the request is not SOAP.
    if (!error.openElements.some((element) => element.ns === messagesNamespace)) return { reply: plainReply(400, "") };
    return { reply: soap(500, [faultEnvelope(schemaFault({ line: error.line, column: error.column, violation: error.message }))]) };
  }
}

async function call(
  server: EwsServer,
  request: IncomingMessage,
  exchanged: ExchangedBytes,
  { user: caller, appOnly }: Caller,
): Promise<Answer> {
  const { headers, operation: element } = readEnvelope(await readXml(request, exchanged));
  const name = element.name.replace(/Request$/, "");
  exchanged.operation = name;
  const wanted = headers.impersonated?.value ?? caller.address;
  const faults = server.faults.of(name, [wanted, server.store.mailbox(wanted)?.user.address ?? wanted]);
  const early = transportFault(faults, request, server);
  if (early !== undefined) return early;
  const whole = wholeFault(faults);
  if (whole !== undefined) throw whole;
  if (headers.version !== undefined && !isRequestVersion(headers.version, server.newestVersion))
    throw new Fault("ErrorInvalidServerVersion", "The specified server version is invalid.");
  if (appOnly && headers.impersonated === undefined) {
    const text = "ExchangeImpersonation SOAP header must be present for this type of OAuth token.";
    throw new Fault("ErrorInvalidExchangeImpersonationHeaderData", text);
  }
  const acting = actingUser(server.store, caller, headers);
  if (isEwsDisabled(server.entra?.policy, acting)) return { reply: forbidden() };
  exchanged.acting = acting;
  if (server.habits.isMissing(name)) return { reply: soap(500, [unknownRequest(name)]) };
  const operation = element.ns === messagesNamespace ? byName.get(name) : undefined;
  if (operation === undefined)
    throw new Fault("ErrorInvalidRequest", notOffered.has(name) ? `This lab does not offer ${name}.` : "The request is invalid.");
  const version = headers.version ?? newestRequestVersion;
  if (!supports(version, name))
    throw new Fault("ErrorIncorrectSchemaVersion", `The operation ${name} is newer than the server version asked for.`);
  const problem = checkRequest(element);
  if (problem !== undefined) throw schemaFault(problem);
  const context = {
    store: server.store,
    caller,
    acting,
    version,
    timeZone: headers.timeZone ?? "UTC",
    faults,
    habits: server.habits,
    subscriptions: server.subscriptions,
    request: element,
  };
  const content: Content = operation.handle(context);
  const delay = faults.rule("delay");
  if (delay !== undefined) await sleep(delay.delayMs ?? 1000, undefined, { signal: server.closing }).catch(stopWaiting);
  if (faults.rule("reset-after") !== undefined) return { reply: undefined };
  if (faults.rule("error-after") !== undefined)
    throw new Fault("ErrorInternalServerError", "An internal server error occurred. The operation failed.");
  const wrong = wrongReply(faults, "after");
  if (wrong !== undefined) return { reply: { ...wrong, body: [wrong.body] } };
  const damage = (["truncate", "reset-mid-body", "close-cut", "illegal-characters"] as const).find(
    (kind) => faults.rule(kind) !== undefined,
  );
  const follow = operation.follow?.(context);
  const more = follow && ((closing: AbortSignal) => envelopes(follow(closing), server.product));
  return { reply: soap(200, replyEnvelope(content, server.product)), damage, more };
}

async function* envelopes(contents: AsyncIterable<Content>, product: Product): AsyncIterable<Iterable<string | Uint8Array>> {
  for await (const content of contents) yield replyEnvelope(content, product);
}

/** Whether EWS is switched off for this mailbox. */
function isEwsDisabled(policy: EwsPolicy | undefined, { address }: User): boolean {
  return policy?.disabledMailboxes?.some((one) => one.toLowerCase() === address.toLowerCase()) === true;
}

/** The wait of a slow reply ends when the lab closes; its socket is closed then as well. */
function stopWaiting(error: unknown): void {
  if (!(error instanceof Error && error.name === "AbortError")) throw error;
}

function transportFault(faults: Faults, request: IncomingMessage, server: EwsServer): Answer | undefined {
  if (faults.rule("reset-before") !== undefined) return { reply: undefined };
  const wrong = wrongReply(faults, "before");
  if (wrong !== undefined) return { reply: { ...wrong, body: [wrong.body] } };
  if (faults.rule("401") !== undefined) return { reply: unauthorized(request, server) };
  if (faults.rule("403") !== undefined) return { reply: forbidden() };
  if (faults.rule("500") !== undefined) return { reply: plainReply(500, page("500 - Internal server error.")) };
  const unavailable = faults.rule("503");
  if (unavailable === undefined) return undefined;
  // Retry-After counts whole seconds (RFC 9110, 10.2.3).
  const seconds = Math.ceil((unavailable.backOffMs ?? 1000) / 1000);
  return { reply: plainReply(503, page("Service Unavailable"), { "Retry-After": String(seconds) }) };
}

async function drain(request: IncomingMessage, exchanged: ExchangedBytes): Promise<void> {
  for await (const chunk of request) exchanged.bytesIn += Buffer.byteLength(chunk);
}

/** Reads the whole body even if its beginning is not XML: the connection may carry another request. */
async function readXml(request: IncomingMessage, exchanged: ExchangedBytes): Promise<XmlElement> {
  const reader = new XmlReader();
  let decoder: TextDecoder | undefined;
  let failure: XmlError | undefined;
  const read = (text: string): void => {
    exchanged.requestBody?.push(text);
    if (failure !== undefined) return;
    try {
      reader.write(text);
    } catch (error) {
      if (!(error instanceof XmlError)) throw error;
      failure = error;
    }
  };
  for await (const chunk of request) {
    const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    exchanged.bytesIn += bytes.length;
    // A BOM decides; without one it is UTF-8, the default of XML.
    decoder ??= new TextDecoder(bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le" : "utf-8");
    read(decoder.decode(bytes, { stream: true }));
  }
  read(decoder?.decode() ?? "");
  if (failure !== undefined) throw failure;
  return reader.end();
}
