import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { type Damage, reset, send } from "../ews/transport.ts";
import type { LabRequest } from "../request-log.ts";
import { type Dispatcher, type DispatchResult, dispatch, mailboxNamed } from "./dispatch.ts";
import { errorBody, GraphError } from "./errors.ts";
import type { GraphCaller, GraphReply, GraphRequest } from "./operation.ts";
import { segmentsOf } from "./routes.ts";
import { type SignIn, signIn } from "./sign-in/sign-in.ts";
import { answerImport } from "./uploads/import-item.ts";
import { isImportPath } from "./uploads/import-sessions.ts";
import { isUploadPath } from "./uploads/upload-address.ts";
import { answerUpload } from "./uploads/upload-piece.ts";

/** Everything that the Graph server needs from its lab. */
export interface GraphServer extends Dispatcher, SignIn {
  readonly gzip: boolean;
  readonly keepBodies: boolean;
  /** Aborted when the lab closes. */
  readonly closing: AbortSignal;
  log(request: LabRequest): void;
}

/** Maximum size of one request to Graph; larger attachments need upload sessions. @see https://learn.microsoft.com/en-us/graph/outlook-large-attachments */
const largestBody = 4 * 1024 * 1024;
/** An item is imported in one request: 150 MB is the most that a mailbox can be set to take, and base64 makes four bytes of three. */
const largestImport = 200 * 1024 * 1024;
const jsonType = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8";
const secretHeaders: ReadonlySet<string> = new Set(["authorization", "cookie", "proxy-authorization"]);

/** Whether the lab's Graph answers for a path. */
export function isGraphPath(path: string): boolean {
  return segmentsOf(path) !== undefined;
}

/** Whether a path is one of those that the host of uploads answers. */
export function isUploadHostPath(path: string): boolean {
  return isUploadPath(path) || isImportPath(path);
}

/** One HTTP request to Graph, from its headers to the last byte of the reply. */
export async function serveGraph(server: GraphServer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const socket = request.socket;
  const before = socket.bytesWritten;
  const url = urlOf(request);
  const headers = new Map(Object.entries(request.headersDistinct).map(([name, values]) => [name, (values ?? []).join(", ")]));
  const about: { answered?: DispatchResult; caller?: GraphCaller; body?: Buffer; reply?: Buffer | undefined } = {};
  response.once("close", () => {
    const { answered, caller, body, reply } = about;
    const kept = { ...(body ? { requestBody: body.toString("utf8") } : {}), ...(reply ? { replyBody: reply.toString("utf8") } : {}) };
    server.log({
      method: request.method ?? "",
      path: request.url ?? "",
      operation: answered?.operation,
      inner: answered?.inner,
      caller: caller?.user?.address ?? caller?.app,
      acting: answered?.mailbox?.address,
      anchorMailbox: headers.get("x-anchormailbox"),
      status: response.headersSent ? response.statusCode : 0,
      bytesIn: about.body?.length ?? 0,
      bytesOut: socket.bytesWritten - before,
      headers: Object.fromEntries([...headers].filter(([name]) => !secretHeaders.has(name))),
      requestId: answered?.reply.headers?.["request-id"] ?? "",
      ...(server.keepBodies ? kept : {}),
    });
  });
  const answer = async (): Promise<GraphReply> => {
    const isImport = isImportPath(url.pathname);
    const body = await readBody(request, isImport ? largestImport : largestBody);
    if (body === undefined) throw new GraphError(413, "RequestEntityTooLarge", "The request entity is too large.");
    about.body = body;
    const requested: GraphRequest = { method: request.method ?? "GET", url, headers, body };
    if (isImport || isUploadPath(url.pathname)) {
      about.answered = isImport ? answerImport(server, requested) : answerUpload(server, requested);
      return about.answered.reply;
    }
    const caller = await signIn(server, headers.get("authorization"));
    about.caller = caller;
    const leave = takeSlot(server, caller, url, response);
    about.answered = await dispatch(server, caller, requested);
    const delay = about.answered.faults.rule("delay");
    // The connections that wait are closed with the lab.
    if (delay !== undefined) await sleep(delay.delayMs ?? 1000, undefined, { signal: server.closing }).catch(stopWaiting);
    leave?.();
    return about.answered.reply;
  };
  const reply = await refuse(server, headers.get("client-request-id"), answer);
  const faults = about.answered?.faults;
  if (faults?.rule("reset-before") !== undefined || faults?.rule("reset-after") !== undefined) return reset(request);
  const damage = (["truncate", "reset-mid-body", "close-cut"] as const).find((kind) => faults?.rule(kind) !== undefined);
  about.reply = await write(server, request, response, reply, damage);
}

function urlOf(request: IncomingMessage): URL {
  const isSecure = "encrypted" in request.socket && request.socket.encrypted === true;
  return new URL(request.url ?? "/", `${isSecure ? "https" : "http"}://${request.headers.host ?? "localhost"}`);
}

/** Takes one of the concurrent slots of the mailbox in a path; undefined if the path names none. */
function takeSlot(server: GraphServer, caller: GraphCaller, url: URL, response: ServerResponse): (() => void) | undefined {
  const [first, name] = segmentsOf(url.pathname) ?? [];
  const mailbox = first?.toLowerCase() === "users" && name !== undefined ? mailboxNamed(server.store, name) : undefined;
  if (mailbox === undefined) return undefined;
  const leave = server.throttle.enter(caller.app, mailbox.address);
  response.once("close", leave);
  return leave;
}

/** Returns a refusal before any dispatch as a reply. */
async function refuse(server: GraphServer, client: string | undefined, answer: () => Promise<GraphReply>): Promise<GraphReply> {
  try {
    return await answer();
  } catch (error) {
    if (!(error instanceof GraphError)) throw error;
    const requestId = crypto.randomUUID();
    const clientId = client ?? requestId;
    const headers = { "request-id": requestId, "client-request-id": clientId, ...error.headers };
    return { status: error.status, headers, body: errorBody(error, { now: server.store.now(), requestId, clientId }) };
  }
}

function stopWaiting(error: unknown): void {
  if (!(error instanceof Error && error.name === "AbortError")) throw error;
}

/** Reads all of the body, so the connection can carry another request; undefined if it was too large to keep. */
export async function readBody(request: IncomingMessage, most: number): Promise<Buffer | undefined> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    const piece = Buffer.from(chunk);
    length += piece.length;
    if (length <= most) pieces.push(piece);
  }
  return length <= most ? Buffer.concat(pieces) : undefined;
}

/** Returns the bytes of a body if it is text. */
async function write(
  server: GraphServer,
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: GraphReply,
  damage: Damage | undefined,
): Promise<Buffer | undefined> {
  const isJson = body !== undefined && !(body instanceof Uint8Array);
  const bytes = body === undefined ? Buffer.alloc(0) : isJson ? Buffer.from(JSON.stringify(body)) : body;
  const type = isJson ? { "Content-Type": jsonType } : {};
  const all = { "Cache-Control": "private", ...type, ...headers };
  if (body === undefined) response.writeHead(status, status === 204 ? all : { ...all, "Content-Length": 0 }).end();
  else await send(request, response, { status, headers: all, body: [bytes] }, damage, server.gzip && isJson);
  return isJson ? Buffer.from(bytes) : undefined;
}
