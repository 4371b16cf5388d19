import type { LabMailbox } from "../store/mailbox.ts";
import type { User } from "../store/organisation.ts";
import type { Store } from "../store/store.ts";
import { badRequest } from "./errors.ts";
import type { IdForm } from "./ids.ts";
import { type JsonObject, parseObject } from "./json.ts";
import type { ImportSessions } from "./uploads/import-sessions.ts";
import type { Uploads } from "./uploads/upload-sessions.ts";

/** One request to Graph, alone or inside a batch. */
export interface GraphRequest {
  readonly method: string;
  /** Absolute, with its query; the path begins with `/v1.0/`. */
  readonly url: URL;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}

export interface GraphReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** JSON, or bytes with a Content-Type among the headers. */
  readonly body?: JsonObject | Uint8Array | undefined;
}

/** The caller that a token proves, and its permissions. */
export interface GraphCaller {
  /** Name of the application for throttling and the log. */
  readonly app: string;
  /** The signed-in user; undefined if the application acts for itself. */
  readonly user: User | undefined;
  /** Roles of the application or scopes of the user, such as `Mail.Read`. */
  readonly granted: readonly string[];
  /** Whether Exchange itself lets it read and write mailboxes (RBAC for Applications). */
  readonly exchangeRole: boolean;
  /** Addresses of the mailboxes that it may reach; undefined: all. */
  readonly mailboxes: readonly string[] | undefined;
}

/** Behaviour in which real services differ, or that Microsoft does not promise: the lab's choice. */
export interface GraphHabits {
  /** The folder to which a plain DELETE moves a message; default Deleted Items, and from there the Recoverable Items. */
  readonly deletesTo?: "deleteditems" | "recoverableitemsdeletions" | undefined;
  /** Whether the cloud has permanentDelete; default true, as in the global one. */
  readonly permanentDelete?: boolean | undefined;
  /** Whether the cloud has export and import of mailbox items; default true, as in the global one. */
  readonly importExport?: boolean | undefined;
  /** Whether the cloud has message trace; default true, as in the global one. */
  readonly messageTrace?: boolean | undefined;
  /** Requests for message traces in five minutes; default 100. */
  readonly tracesPerWindow?: number | undefined;
  /** Which ids of messages exportItems knows; default those that change with the folder. */
  readonly exportIds?: "restId" | "ewsId" | "restImmutableEntryId" | undefined;
  /** Whether a message can be moved to the Recoverable Items; default true. */
  readonly movesToRecoverable?: boolean | undefined;
  /** The parts of received messages that Mail-Advanced permissions protect: announced for properties from 2026-12-31, not for attachments. Default: none. */
  readonly guards?: readonly ("properties" | "attachments")[] | undefined;
  /** Whether a declined meeting stays in the calendar, as the owner of the mailbox may wish; default false. */
  readonly keepsDeclined?: boolean | undefined;
  /** Whether filters support `contains`: reported both as working and as refused. Default: true. */
  readonly containsFilter?: boolean | undefined;
  /** Requests per application and mailbox in ten minutes; default 10,000. */
  readonly requestsPerWindow?: number | undefined;
}

/** One call of an operation. */
export interface Call {
  readonly store: Store;
  readonly request: GraphRequest;
  readonly caller: GraphCaller;
  readonly habits: GraphHabits;
  readonly uploads: Uploads;
  /** The origin of the URLs for uploads and imports. */
  uploadOrigin(): string;
  readonly imports: ImportSessions;
  /** How ids are written into this reply. */
  readonly ids: IdForm;
  /** Returns the value of a name in braces in the operation's path. Throws RangeError for an unknown name. */
  parameter(name: string): string;
  hasParameter(name: string): boolean;
  /** The mailbox of `{user}` or `{mailbox}`; exists whenever that is in the path and the operation is one of Exchange's. */
  readonly mailbox: LabMailbox;
  /** Whether the mailbox with this address is not in the cloud. */
  onPremises(address: string): boolean;
  /** Whether the person with this address has a licence for a mailbox in the cloud. */
  licensed(address: string): boolean;
  /** Counts a request for message traces. Throws GraphError when there were too many. */
  countTrace(): void;
  /** Runs another request of the same caller, for batches. A refusal is returned, not thrown. */
  dispatch(request: GraphRequest): Promise<GraphReply>;
}

/** One method of one path. */
export interface Operation {
  /** Name of Microsoft's page about it, such as `message-move`. */
  readonly name: string;
  readonly method: "GET" | "POST" | "PATCH" | "DELETE" | "PUT";
  /** Segments after `/v1.0`; a name in braces stands for one segment. Several if Graph has several paths. */
  readonly paths: readonly string[];
  /** Any one of them suffices. The least first. */
  readonly permissions: readonly string[];
  /** Those of users, if they differ. */
  readonly userPermissions?: readonly string[] | undefined;
  /** Exchange serves the content of mailboxes, the directory the rest: their refusals differ. */
  readonly of: "exchange" | "directory" | "gateway";
  handle(call: Call): GraphReply | Promise<GraphReply>;
}

/** The paths of a list: its own, and that of its number. @see https://learn.microsoft.com/en-us/graph/query-parameters#count-parameter */
export function counted(path: string): readonly string[] {
  return [path, `${path}/$count`];
}

/** Returns the body as a JSON object; empty without a body. Throws GraphError. */
export function jsonOf({ body }: GraphRequest): JsonObject {
  if (body.length === 0) return {};
  const object = parseObject(Buffer.from(body).toString("utf8"));
  if (object === undefined) {
    throw badRequest("Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.");
  }
  return object;
}

/** Returns the values of a Prefer header, by name in lower case; empty if a preference has none (RFC 7240, 2). */
export function preferencesOf(request: GraphRequest): ReadonlyMap<string, string> {
  const found = [...(request.headers.get("prefer") ?? "").matchAll(/([\w.-]+)(?:\s*=\s*(?:"([^"]*)"|([^\s,;]+)))?/g)];
  return new Map(found.map(([, name = "", quoted, bare]) => [name.toLowerCase(), quoted ?? bare ?? ""]));
}
