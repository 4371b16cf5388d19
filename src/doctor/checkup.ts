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

/** `unknown`: it could not be judged, and why; `skipped`: it was not looked at, and why. */
export type Status = "ok" | "warning" | "failed" | "unknown" | "skipped";

/** What one step found. A server or a directory may have written parts of the texts. */
export interface Finding {
  readonly status: Status;
  /** What was done to find out. */
  readonly tried: string;
  readonly found: string;
  /** What to do next: a sentence, and below it the commands or settings, each in a line of its own. */
  readonly next?: readonly string[] | undefined;
  /** For `failed`, and for `unknown` where an action depends on it. */
  readonly code?: FailureCode | undefined;
}

/** Those of Microsoft Graph begin with its name. */
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
  | "clock";

/** Which back end a step is about. */
export type BackEnd = "ews" | "graph";

/** One step of a check-up. */
export interface Step {
  readonly name: StepName;
  /** Steps without which this one makes no sense: when one failed, this one is skipped. */
  readonly needs: readonly StepName[];
  run(checkup: Checkup): Promise<Finding>;
}

/** What the steps learn and later steps use. */
export interface Learnt {
  connection?: Connection;
  /** Where Autodiscover found Exchange Web Services. */
  url?: URL;
  exchange?: Exchange;
  token?: TokenFacts | undefined;
  /** The token that was just fetched: what is asked next is asked with the one that was looked at. */
  fresh?: Secret;
  /** What the question to the mailbox was answered. */
  mailbox?: Outcome<Rights>;
  /** The same for the account's own question, which needs Discovery Management. */
  discovery?: Outcome<unknown>;
  version?: ServerVersion | undefined;
  probe?: Probe;
  /** What a question that needs this permission was answered. */
  probed?: Map<Permission, Outcome<unknown>>;
  /** Which permissions of Microsoft Graph the application has, as far as it can be seen. */
  granted?: ReadonlyMap<Permission, Granted>;
  /** The permission of Exchange Online that the list of mailboxes lacks. */
  listLacks?: string;
}

/** Whether something was granted. */
export type Granted = "yes" | "no" | "unknown";

/** An action, as far as it matters to a check-up. */
export interface CheckedAction extends Uses {
  readonly name: string;
  readonly overGraph: Difference;
}

/** A check-up of one connection, over one of its back ends. */
export interface Checkup {
  readonly backEnd: BackEnd;
  /** In a hybrid organisation: which back end holds the mailbox, once that is known. The same for both check-ups. */
  readonly route: { backEnd?: BackEnd | undefined } | undefined;
  readonly actions: readonly CheckedAction[];
  /** The mailbox to look into, when one was asked for. */
  readonly mailbox: string | undefined;
  readonly signal: AbortSignal | undefined;
  /** This machine's clock, in milliseconds since 1970. */
  readonly now: () => number;
  /** Throws Failure `invalid-settings`. */
  readonly load: () => Promise<Settings>;
  /** Every request and reply so far, and when it was seen. */
  readonly events: readonly { readonly event: HttpEvent; readonly at: number }[];
  readonly observe: (event: HttpEvent) => void;
  /** Tells a person what to do meanwhile, such as signing in. */
  readonly tell: ((text: string) => void) | undefined;
  readonly learned: Learnt;
}

/** The connection of a step that needs `settings`. */
export function connectionOf({ learned }: Checkup): Connection {
  if (learned.connection === undefined) throw new Error("a step ran before the settings were read");
  return learned.connection;
}
