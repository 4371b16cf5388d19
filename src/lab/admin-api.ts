// src/lab/: The practice Exchange: an Exchange server and a Microsoft 365 tenant for tests and training, which share no code with the client.

import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { reset } from "./ews/transport.ts";
import type { FaultPlan } from "./faults.ts";
import { errorBody, GraphError } from "./graph/errors.ts";
import { faultOf } from "./graph/fault-injection.ts";
import { isObject, type JsonObject, memberOf, parseObject } from "./graph/json.ts";
import { readBody } from "./graph/server.ts";
import type { LabRequest } from "./request-log.ts";
import { resources } from "./sign-in/app-registration.ts";
import { objectIdOf } from "./sign-in/issue-token.ts";
import type { TokenServer } from "./sign-in/token-server.ts";
import type { User } from "./store/organisation.ts";
import type { Store } from "./store/store.ts";

/** Everything that the Exchange Online Admin API needs from its lab. */
export interface AdminApiServer {
  readonly store: Store;
  readonly entra: TokenServer | undefined;
  readonly faults: FaultPlan;
  /** Addresses of mailboxes that are not in the cloud. */
  readonly onPremises: readonly string[];
  readonly pageSize?: number | undefined;
  log(request: LabRequest): void;
}

/** The name that faults use for it. */
export const adminApiName = "admin-api-mailbox";

/** The page size of Get-Mailbox without a ResultSize. */
const defaultPageSize = 1000;
const largestBody = 65_536;

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

interface Answer {
  readonly status: number;
  readonly body: JsonObject;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Handles the Mailbox endpoint, which only lists here; undefined for another path.
 * @see https://learn.microsoft.com/en-us/exchange/reference/admin-api-endpoints-mailbox
 */
export function adminApiAt(path: string, server: AdminApiServer): Handler | undefined {
  const [, tenant] = /^\/adminapi\/v2\.0\/([^/]+)\/Mailbox$/i.exec(path) ?? [];
  if (tenant === undefined) return undefined;
  return async (request, response) => {
    const requestId = randomUUID();
    const body = String((await readBody(request, largestBody)) ?? "");
    const url = new URL(request.url ?? "/", `http://${request.headers.host ?? "localhost"}`);
    const faults = server.faults.of(adminApiName, []);
    let caller: string | undefined;
    response.once("close", () => server.log(logged(request, response, caller, Buffer.byteLength(body), requestId)));
    const answer = await refusedOr(server, requestId, async () => {
      const fault = faultOf(faults, undefined);
      if (fault !== undefined) throw fault;
      caller = await signedIn(server, request.headers.authorization, decodeURIComponent(tenant));
      return listed(server, request, url, body);
    });
    if (faults.rule("reset-before") !== undefined || faults.rule("reset-after") !== undefined) return reset(request);
    const text = JSON.stringify(answer.body);
    const headers = { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(text), "request-id": requestId };
    response.writeHead(answer.status, { ...headers, ...answer.headers }).end(text);
  };
}

async function refusedOr({ store }: AdminApiServer, requestId: string, work: () => Promise<Answer>): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof GraphError)) throw error;
    const body = errorBody(error, { now: store.now(), requestId, clientId: requestId });
    return { status: error.status, body, headers: error.headers };
  }
}

const unauthenticated = (text: string): GraphError => new GraphError(401, "Unauthorized", text, { "WWW-Authenticate": "Bearer" });

/** Returns the client id of the application that may list mailboxes of this tenant. Throws GraphError. */
async function signedIn({ entra }: AdminApiServer, authorization: string | undefined, tenant: string): Promise<string> {
  const token = /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
  const seen = token === undefined ? undefined : await entra?.see(token);
  if (entra === undefined || seen === undefined) throw unauthenticated("The token cannot be read.");
  const { aud, tid, exp, roles } = Object.fromEntries(seen.jwt.claims);
  const isTimely = typeof exp === "number" && exp > Date.now() / 1000 && !seen.revoked;
  const isForExchange = resources.exchange.some((one) => one === aud);
  if (!seen.trusted || !isTimely || !isForExchange || tid !== entra.tenant.id || seen.app === undefined)
    throw unauthenticated("The token is not one for this service.");
  if (tenant.toLowerCase() !== entra.tenant.id.toLowerCase()) throw new GraphError(404, "NotFound", "There is no such tenant here.");
  const isGranted = Array.isArray(roles) && roles.includes("Exchange.ManageAsAppV2");
  if (!isGranted || seen.app.recipientsRole !== true)
    throw new GraphError(403, "Forbidden", "The application has neither the permission nor the role for Get-Mailbox, or not both.");
  return seen.app.clientId;
}

function listed(
  { store, onPremises, pageSize = defaultPageSize }: AdminApiServer,
  request: IncomingMessage,
  url: URL,
  body: string,
): Answer {
  if (request.method !== "POST") throw new GraphError(405, "MethodNotAllowed", "Only POST is allowed.", { Allow: "POST" });
  checkInput(parseObject(body));
  const there = store.organisation.users.filter(({ address }) => !onPremises.includes(address) && store.mailbox(address) !== undefined);
  const from = Number(url.searchParams.get("$skiptoken") ?? 0);
  const selected = url.searchParams.get("$select")?.split(",");
  const value = there.slice(from, from + pageSize).map((user) => {
    const all = Object.entries(mailboxJson(user, store));
    return Object.fromEntries(selected === undefined ? all : all.filter(([name]) => selected.includes(name)));
  });
  const next = new URL(url);
  next.searchParams.set("$skiptoken", String(from + pageSize));
  const more = from + pageSize < there.length ? { "@odata.nextLink": next.href } : {};
  return { status: 200, body: { "@odata.context": `${url.origin}/adminapi/v2.0/$metadata#Mailbox`, value, ...more } };
}

/** Checks the body, which is the same for every page. Throws GraphError. */
function checkInput(body: JsonObject | undefined): void {
  const input = body && memberOf(body, "CmdletInput");
  if (!isObject(input) || memberOf(input, "CmdletName") !== "Get-Mailbox")
    throw new GraphError(400, "BadRequest", "CmdletInput must name a cmdlet of this endpoint.");
  const parameters = memberOf(input, "Parameters") ?? {};
  const known = ["Identity", "ResultSize", "IncludeGrantSendOnBehalfToWithDisplayNames"];
  const strange = isObject(parameters) ? Object.keys(parameters).find((name) => !known.includes(name)) : "Parameters";
  if (strange !== undefined) throw new GraphError(400, "BadRequest", `The parameter ${strange} is not allowed.`);
}

function mailboxJson(user: User, store: Store): JsonObject {
  return {
    Guid: store.mailbox(user.address)?.guid ?? "",
    ExternalDirectoryObjectId: objectIdOf(user),
    DisplayName: user.displayName,
    PrimarySmtpAddress: user.address,
    UserPrincipalName: user.upn,
    RecipientTypeDetails: "UserMailbox",
  };
}

function logged(
  request: IncomingMessage,
  response: ServerResponse,
  caller: string | undefined,
  bytesIn: number,
  requestId: string,
): LabRequest {
  const anchor = request.headers["x-anchormailbox"];
  return {
    method: request.method ?? "",
    path: request.url ?? "",
    operation: adminApiName,
    caller,
    acting: undefined,
    anchorMailbox: typeof anchor === "string" ? anchor : undefined,
    status: response.headersSent ? response.statusCode : 0,
    bytesIn,
    bytesOut: Number(response.getHeader("content-length") ?? 0),
    headers: {},
    requestId,
  };
}
