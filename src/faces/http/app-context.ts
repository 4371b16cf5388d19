// src/faces/http/: The HTTP server: one file per concern.

import type { Hono } from "hono";
import type { Action } from "../../catalogue/action-definition.ts";
import type { EvidenceIndex } from "../../perform/evidence/evidence-index.ts";
import type { State } from "../../state/state.ts";
import type { ConnectionFacts } from "../../sweeps/plan-header.ts";
import type { SweepService } from "../../sweeps/service/sweep-service.ts";
import type { Catalogue } from "../catalogue.ts";
import type { TokenReader } from "./callers/authentication.ts";
import type { Env } from "./respond.ts";
import type { Calls, Connections } from "./running-calls.ts";

/** Settings of the HTTP face. */
export interface HttpSettings {
  /** Prefix of links, without a slash at its end; empty for links relative to this server. */
  readonly publicUrl: string;
  /** A proxy in front of the server reports the address of the caller. */
  readonly behindProxy: boolean;
  readonly maxBodyBytes: number;
  readonly maxConcurrency: number;
  /** Maximum duration of one call in milliseconds. */
  readonly timeoutMs: number;
  /** Whether /metrics needs no API key from this machine. */
  readonly openMetrics: boolean;
  /** Whether every MCP call except a read needs confirmation by a person, for whom the client must ask. */
  readonly requirePerson?: boolean | undefined;
  /** The identity provider whose tokens are accepted; undefined: API keys only. */
  readonly oidc?: { readonly issuer: string; readonly rolesClaim: string } | undefined;
}

/** Log with one line per request, without secrets and without text from messages. */
export interface RequestLog {
  request(line: Readonly<Record<string, unknown>>): void;
  error(line: Readonly<Record<string, unknown>>): void;
}

/** Result of `doctor` for a connection. */
export interface ConnectionReport {
  readonly success: boolean;
  readonly message: string;
  readonly checks: readonly object[];
}

/** The settings of sweeps. */
export interface ServedSweeps {
  /** More targets than that need the approval of another person. */
  readonly secondPersonAbove: number | undefined;
  /** Whether this process works on sweeps. */
  readonly isWorker: boolean;
  /** Path of the audit log. Evidence archives contain a part of it. */
  readonly auditFile: string;
  /** Folder for evidence archives until they are sent. */
  readonly archiveFolder: string;
  /** Returns the facts about a connection that a plan contains. Throws Failure. */
  connectionFacts(name: string): Promise<ConnectionFacts>;
}

export interface AppOptions {
  readonly catalogue: Catalogue;
  readonly connections: Connections;
  readonly state: State;
  readonly settings: HttpSettings;
  readonly log: RequestLog;
  readonly evidence: EvidenceIndex;
  /** Version of mailcordon. */
  readonly version: string;
  testConnection(name: string, wanted: { readonly mailbox: string | undefined; readonly signal: AbortSignal }): Promise<ConnectionReport>;
  /** Reads the tokens of an identity provider. */
  readonly readToken?: TokenReader | undefined;
  /** The other requirements of sweeps; without them the server offers no sweeps. */
  readonly sweeps?: ServedSweeps | undefined;
  /** Adds routes that are not defined here, behind the same authentication. */
  readonly mount?: ((appContext: AppContext) => void) | undefined;
}

/** The context shared by all routes. */
export interface AppContext extends AppOptions {
  readonly app: Hono<Env>;
  readonly calls: Calls;
  /** Aborts when the server is being stopped: long operations then end early. */
  readonly ending: AbortSignal;
  /** Sweeps, where the server offers them. */
  readonly sweepService: SweepService | undefined;
  /** Called when a sweep has begun: this process may work on it. */
  beginSweeps(): void;
  /** The whole catalogue, by name. */
  readonly actions: ReadonlyMap<string, Action>;
}
