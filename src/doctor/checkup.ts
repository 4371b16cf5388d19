import type { ServerVersion } from "../ews/session/soap.ts";
import type { Exchange, Rights } from "../exchange/exchange.ts";
import type { Difference, Uses } from "../exchange/port-methods.ts";
import type { FailureCode } from "../failure.ts";
import type { Probe } from "../graph/mailboxes/permission-probe.ts";
import type { Permission } from "../graph/permissions.ts";
import type { Outcome } from "../outcome.ts";
import type { Connection, Settings } from "../settings/load-settings.ts";
import type { Secret } from "../settings/secrets.ts";
import type { HttpEvent } from "../wire/http/observe-http.ts";
import type { TokenFacts } from "../wire/sign-in/token-claims.ts";

/** `unknown`: the check gave no result; `skipped`: the check was not made. `found` states the reason. */
export type Status = "ok" | "warning" | "failed" | "unknown" | "skipped";

/** The finding of one step. A server or a directory may have written parts of its texts. */
export interface Finding {
  readonly status: Status;
  /** The operation of the step. */
  readonly tried: string;
  readonly found: string;
  /** The next thing to do: a sentence, followed by the commands or settings, one per line. */
  readonly next?: readonly string[] | undefined;
  /** For `failed`, and for `unknown` if an action depends on it. */
  readonly code?: FailureCode | undefined;
}

/** Names about Microsoft Graph begin with graph. */
export type StepName =
  | "settings"
  | "proxy"
  | "name-resolution"
  | "tcp"
  | "tls"
  | "autodiscover"
  | "token"
  | "permissions"
  | "ews"
  | "sign-in"
  | "server-version"
  | "mailbox"
  | "discovery"
  | "retirement"
  | "graph-proxy"
  | "graph-name-resolution"
  | "graph-tcp"
  | "graph-tls"
  | "graph-token"
  | "graph"
  | "graph-mailbox"
  | "graph-permissions"
  | "graph-mailbox-list"
  | "graph-cloud"
  | "sweeps"
  | "graph-sweeps"
  | "database"
  | "clock"
  | "evidence";

/** The back end of a step. */
export type BackEnd = "ews" | "graph";

/** One step of a check-up. */
export interface Step {
  readonly name: StepName;
  /** Steps that must succeed first: if one failed, this one is skipped. */
  readonly needs: readonly StepName[];
  run(checkup: Checkup): Promise<Finding>;
}

/** Results of steps for later steps. */
export interface Learnt {
  connection?: Connection;
  /** Location of evidence. */
  evidence?: Settings["evidence"];
  /** URL of Exchange Web Services as found by Autodiscover. */
  url?: URL;
  exchange?: Exchange;
  token?: TokenFacts | undefined;
  /** The token that was just fetched and checked; later requests use it. */
  fresh?: Secret;
  /** The reply to the request for the mailbox. */
  mailbox?: Outcome<Rights>;
  /** The reply to the account's own request, which needs Discovery Management. */
  discovery?: Outcome<unknown>;
  version?: ServerVersion | undefined;
  probe?: Probe;
  /** The replies to the requests that need each permission. */
  probed?: Map<Permission, Outcome<unknown>>;
  /** Which permissions of Microsoft Graph the application has, as far as that is visible. */
  granted?: ReadonlyMap<Permission, Granted>;
  /** The permission of Exchange Online that the list of mailboxes lacks. */
  listLacks?: string;
}

/** Whether something was granted. */
export type Granted = "yes" | "no" | "unknown";

/** The parts of an action that a check-up needs. */
export interface CheckedAction extends Uses {
  readonly name: string;
  readonly overGraph: Difference;
}

/** A check-up of one connection over one of its back ends. */
export interface Checkup {
  readonly backEnd: BackEnd;
  /** In a hybrid organisation: which back end holds the mailbox, once that is known. Shared by both check-ups. */
  readonly route: { backEnd?: BackEnd | undefined } | undefined;
  readonly actions: readonly CheckedAction[];
  /** Whether sweeps are checked as well. */
  readonly checksSweeps?: boolean | undefined;
  /** The mailbox to check, if one was named. */
  readonly mailbox: string | undefined;
  readonly signal: AbortSignal | undefined;
  /** This machine's clock, in milliseconds since 1970. */
  readonly now: () => number;
  /** Throws Failure `invalid-settings`. */
  readonly load: () => Promise<Settings>;
  /** Every request and reply so far, and when it was seen. */
  readonly events: readonly { readonly event: HttpEvent; readonly at: number }[];
  readonly observe: (event: HttpEvent) => void;
  /** Shows the user the next step meanwhile, such as signing in. */
  readonly tell: ((text: string) => void) | undefined;
  readonly learned: Learnt;
}

/** Returns the connection of a step that needs `settings`. */
export function connectionOf({ learned }: Checkup): Connection {
  if (learned.connection === undefined) throw new Error("a step ran before the settings were read");
  return learned.connection;
}
