// src/faces/http/: The HTTP server: one file per concern.

import type { Hono } from "hono";
import type { Action } from "../../catalogue/action-definition.ts";
import type { EvidenceIndex } from "../../perform/evidence/evidence-index.ts";
import type { State } from "../../state/state.ts";
import type { Catalogue } from "../catalogue.ts";
import type { TokenReader } from "./callers/authentication.ts";
import type { Env } from "./respond.ts";
import type { Calls, Connections } from "./running-calls.ts";

/** What the settings say of the face itself. */
export interface HttpSettings {
  /** What stands before the path of a link, without a slash at its end; empty for links relative to this server. */
  readonly publicUrl: string;
  /** The address of a caller is what the proxy before us says. */
  readonly behindProxy: boolean;
  readonly maxBodyBytes: number;
  readonly maxConcurrency: number;
  /** Milliseconds that one call may take. */
  readonly timeoutMs: number;
  /** /metrics needs no key when it is asked from this machine. */
  readonly openMetrics: boolean;
  /** Over MCP nothing but reads is done without a person whom the client asks. */
  readonly requirePerson?: boolean | undefined;
}

/** One line for each request. Told nothing that is secret or came out of a mail. */
export interface RequestLog {
  request(line: Readonly<Record<string, unknown>>): void;
  error(line: Readonly<Record<string, unknown>>): void;
}

/** What `doctor` says of a connection. */
export interface ConnectionReport {
  readonly success: boolean;
  readonly message: string;
  readonly checks: readonly object[];
}

export interface AppOptions {
  readonly catalogue: Catalogue;
  readonly connections: Connections;
  readonly state: State;
  readonly settings: HttpSettings;
  readonly log: RequestLog;
  readonly evidence: EvidenceIndex;
  /** Of mailcordon. */
  readonly version: string;
  testConnection(name: string, wanted: { readonly mailbox: string | undefined; readonly signal: AbortSignal }): Promise<ConnectionReport>;
  /** Reads the tokens of an identity provider. */
  readonly readToken?: TokenReader | undefined;
  /** Adds what is not a route of ours, behind the same keys. */
  readonly mount?: ((appContext: AppContext) => void) | undefined;
}

/** What routes share. */
export interface AppContext extends AppOptions {
  readonly app: Hono<Env>;
  readonly calls: Calls;
  /** Given when the server is being stopped: what would go on for long ends itself. */
  readonly ending: AbortSignal;
  /** The whole catalogue, by name. */
  readonly actions: ReadonlyMap<string, Action>;
}
