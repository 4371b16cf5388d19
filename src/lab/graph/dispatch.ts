import { randomUUID } from "node:crypto";
import { type FaultKind, FaultPlan, type Faults } from "../faults.ts";
import { objectIdOf } from "../sign-in/issue-token.ts";
import { sameAddress } from "../store/address.ts";
import type { LabMailbox } from "../store/mailbox.ts";
import type { Store } from "../store/store.ts";
import { type WrongReply, wrongReply } from "../wrong-replies.ts";
import { accessDenied, badRequest, errorBody, GraphError } from "./errors.ts";
import { damageReply, faultOf } from "./fault-injection.ts";
import { findItem } from "./ids.ts";
import { parseObject } from "./json.ts";
import { mailboxWithId } from "./mailbox-id.ts";
import { isNotOffered } from "./not-offered.ts";
import {
  type Call,
  type GraphCaller,
  type GraphHabits,
  type GraphReply,
  type GraphRequest,
  type Operation,
  preferencesOf,
} from "./operation.ts";
import { operations } from "./operations.ts";
import { RoutingTable, segmentsOf } from "./routes.ts";
import { isGranted } from "./sign-in/sign-in.ts";
import type { Throttle } from "./throttle.ts";
import type { ImportSessions } from "./uploads/import-sessions.ts";
import type { Uploads } from "./uploads/upload-sessions.ts";

/** Everything that dispatching needs from the lab. */
export interface Dispatcher {
  readonly store: Store;
  readonly faults: FaultPlan;
  readonly habits: GraphHabits;
  /** Addresses of mailboxes that are not in the cloud. */
  readonly onPremises: readonly string[];
  /** Addresses of people without a licence for a mailbox. */
  readonly unlicensed: readonly string[];
  readonly throttle: Throttle;
  readonly uploads: Uploads;
  readonly imports: ImportSessions;
  /** Port of the host of uploads and imports; undefined: that of Graph. */
  uploadPort(): number | undefined;
}

/** The reply to one request. */
export interface DispatchResult {
  readonly reply: GraphReply;
  /** The faults that apply: the server handles those of the connection. */
  readonly faults: Faults;
  /** Name of the operation, when there is one. */
  readonly operation: string | undefined;
  /** Those of the requests inside of it, when it is a batch. */
  readonly inner?: readonly string[] | undefined;
  readonly mailbox: LabMailbox | undefined;
}

const table = new RoutingTable(operations);

/** The mailbox of a segment after `users`: object id, user principal name or address. */
export function mailboxNamed(store: Store, name: string): LabMailbox | undefined {
  const user = store.organisation.users.find((one) => objectIdOf(one) === name.toLowerCase());
  return user === undefined ? store.mailbox(name) : store.mailbox(user.address);
}

export function isOnPremises({ onPremises }: Pick<Dispatcher, "onPremises">, { address }: { readonly address: string }): boolean {
  return onPremises.some((one) => sameAddress(one, address));
}

export function isLicensed({ unlicensed }: Pick<Dispatcher, "unlicensed">, { address }: { readonly address: string }): boolean {
  return !unlicensed.some((one) => sameAddress(one, address));
}

/** Throws GraphError if the caller lacks the permission, or the mailbox is out of its reach. */
function checkRights(dispatcher: Dispatcher, caller: GraphCaller, operation: Operation, mailbox: LabMailbox | undefined): void {
  const mayByExchange = operation.of === "exchange" && caller.exchangeRole;
  const { permissions, userPermissions = permissions } = operation;
  const mayByConsent = isGranted(caller, caller.user === undefined ? permissions : userPermissions);
  if (permissions.length > 0 && !mayByConsent && !mayByExchange) {
    if (operation.of === "exchange") throw accessDenied();
    throw new GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.");
  }
  if (mailbox === undefined || operation.of !== "exchange") return;
  if (caller.user !== undefined && !dispatcher.store.mayOpen(caller.user, mailbox)) throw accessDenied();
  const isOutside = caller.mailboxes?.some((one) => dispatcher.store.mailbox(one) === mailbox) === false;
  // Grants add up: a role of Exchange has a scope, additional consent has none.
  if (isOutside && caller.exchangeRole && !mayByConsent) throw accessDenied();
  if (isOutside && !caller.exchangeRole) {
    const text = "Access to OData is disabled: [RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings.";
    throw new GraphError(403, "ErrorAccessDenied", text);
  }
  if (isOnPremises(dispatcher, mailbox) || !isLicensed(dispatcher, mailbox)) {
    const text = "The mailbox is either inactive, soft-deleted, or is hosted on-premise.";
    throw new GraphError(404, "MailboxNotEnabledForRESTAPI", text);
  }
}

/** Answers one request. A refusal is an answer, too; an exception is a defect. */
export async function dispatch(dispatcher: Dispatcher, caller: GraphCaller, request: GraphRequest): Promise<DispatchResult> {
  const { store } = dispatcher;
  const requestId = randomUUID();
  const clientId = request.headers.get("client-request-id") ?? requestId;
  const ids = preferencesOf(request).get("idtype")?.toLowerCase() === "immutableid" ? "immutable" : "rest";
  const about = {
    "request-id": requestId,
    "client-request-id": clientId,
    ...(ids === "immutable" ? { "Preference-Applied": 'IdType="ImmutableId"' } : {}),
  };
  // Only a request that has an operation is counted.
  let faults: Faults = new FaultPlan().of(undefined, []);
  let operation: Operation | undefined;
  let mailbox: LabMailbox | undefined;
  const inner: string[] = [];
  const as = (reply: GraphReply): DispatchResult => ({ reply, faults, operation: operation?.name, inner, mailbox });
  const answered = (reply: GraphReply): DispatchResult => as({ ...reply, headers: { ...about, ...reply.headers } });
  // A reply of another program has none of Graph's headers.
  const replaced = ({ body, ...reply }: WrongReply): DispatchResult =>
    as({ ...reply, body: body === "" ? undefined : (parseObject(body) ?? Buffer.from(body)) });
  try {
    const route = find(request, caller);
    operation = route.operation;
    const id = route.parameters.get("mailbox");
    const name = route.parameters.get("user") ?? id;
    if (id !== undefined) mailbox = mailboxWithId(store, id);
    else if (name !== undefined) mailbox = mailboxNamed(store, name);
    faults = dispatcher.faults.of(operation.name, mailbox === undefined ? [] : [mailbox.address]);
    const message = route.parameters.get("message");
    const item = message === undefined || mailbox === undefined ? undefined : findItem(mailbox, message);
    const wrong = wrongReply(faults, "before");
    if (wrong !== undefined) return replaced(wrong);
    const fault = faultOf(faults, item?.id);
    if (fault !== undefined) throw fault;
    if (faults.rule("reset-before") !== undefined) throw new GraphError(502, "UnknownError", "");
    checkRights(dispatcher, caller, operation, mailbox);
    if (name !== undefined && mailbox === undefined) throw noUser(operation, name);
    if (mailbox !== undefined) dispatcher.throttle.count(`${caller.app} ${mailbox.address}`, Date.now());
    const call = callOf(dispatcher, caller, request, route.parameters, ids, mailbox, (one) => {
      faults = withInner(faults, one.faults);
      if (one.operation !== undefined) inner.push(one.operation);
    });
    const reply = damageReply(await operation.handle(call), faults);
    const instead = wrongReply(faults, "after");
    return instead === undefined ? answered(reply) : replaced(instead);
  } catch (error) {
    if (!(error instanceof GraphError)) throw error;
    const body = errorBody(error, { now: store.now(), requestId, clientId });
    return answered({ status: error.status, headers: error.headers, body });
  }
}

/** A fault that breaks the reply to a request inside a batch breaks both replies: there is one connection. */
const connectionFaults: ReadonlySet<FaultKind> = new Set(["reset-after", "reset-mid-body", "close-cut", "truncate", "delay"]);

function withInner(outer: Faults, inner: Faults): Faults {
  return { ...outer, rule: (kind) => outer.rule(kind) ?? (connectionFaults.has(kind) ? inner.rule(kind) : undefined) };
}

function find(request: GraphRequest, caller: GraphCaller) {
  const [first, ...rest] = segmentsOf(request.url.pathname) ?? [];
  if (first === undefined) throw badRequest("Invalid version.");
  if (first.toLowerCase() === "me" && caller.user === undefined)
    throw badRequest("/me request is only valid with delegated authentication flow.");
  const segments = first.toLowerCase() === "me" ? ["users", caller.user?.upn ?? "", ...rest] : [first, ...rest];
  const route = table.find(request.method, segments);
  if ((route === undefined || "methods" in route) && isNotOffered(segments)) {
    // The user's part is left out: it would repeat an address.
    const path = segments.map((segment, at) => (at === 1 && segments[0]?.toLowerCase() === "users" ? "{user}" : segment)).join("/");
    throw new GraphError(501, "notImplemented", `This lab does not offer ${request.method} /${path}.`);
  }
  if (route === undefined) throw badRequest(`Resource not found for the segment '${segments.at(-1) ?? ""}'.`);
  if ("methods" in route) {
    const allow = { Allow: route.methods.join(", ") };
    throw new GraphError(405, "Request_BadRequest", `Specified HTTP method is not allowed for the request target.`, allow);
  }
  return route;
}

/** The service has another host for uploads; the lab has another port, where it listens on this machine only. */
function uploadOrigin(url: URL, port: number | undefined): string {
  const host = new URL(url.origin);
  if (port !== undefined) host.port = String(port);
  return host.origin;
}

function noUser(operation: Operation, name: string): GraphError {
  if (operation.of === "exchange") return new GraphError(404, "ErrorInvalidUser", `The requested user '${name}' is invalid.`);
  const text = `Resource '${name}' does not exist or one of its queried reference-property objects are not present.`;
  return new GraphError(404, "Request_ResourceNotFound", text);
}

function callOf(
  dispatcher: Dispatcher,
  caller: GraphCaller,
  request: GraphRequest,
  parameters: ReadonlyMap<string, string>,
  ids: Call["ids"],
  mailbox: LabMailbox | undefined,
  seen: (inner: DispatchResult) => void,
): Call {
  return {
    store: dispatcher.store,
    request,
    caller,
    habits: dispatcher.habits,
    uploads: dispatcher.uploads,
    uploadOrigin: () => uploadOrigin(request.url, dispatcher.uploadPort()),
    imports: dispatcher.imports,
    ids,
    onPremises: (address) => isOnPremises(dispatcher, { address }),
    licensed: (address) => isLicensed(dispatcher, { address }),
    get mailbox() {
      if (mailbox === undefined) throw new RangeError("The path names no mailbox.");
      return mailbox;
    },
    parameter(name) {
      const value = parameters.get(name);
      if (value === undefined) throw new RangeError(`The path has no {${name}}.`);
      return value;
    },
    hasParameter: (name) => parameters.has(name),
    countTrace: () => dispatcher.throttle.countTrace(Date.now(), dispatcher.habits.tracesPerWindow),
    dispatch: async (inner) => {
      const one = await dispatch(dispatcher, caller, inner);
      seen(one);
      return one.reply;
    },
  };
}
