import type { Action, Effect, EvidenceStore, OpenedFile, Row } from "./action.ts";
import type { Answer } from "./answer.ts";
import type { AuditLog } from "./audit.ts";
import type { Exchange } from "./exchange/exchange.ts";

/** What is about to be done, for whoever is asked. */
export interface Plan {
  readonly action: string;
  readonly title: string;
  readonly effect: Effect;
  readonly mailbox: string;
  /** The columns that name each item. Text in them was written by whoever sent the mail. */
  readonly rows: readonly Row[];
}

/** What a face gives to the door. */
export interface Host {
  readonly exchange: Exchange;
  readonly evidence: EvidenceStore;
  /** Where entries go of what changes, sends or destroys. `undefined` is to be written out: then there is no trace. */
  readonly audit: AuditLog | undefined;
  /** Name of the connection, for the audit. */
  readonly connection?: string | undefined;
  /** Who asked, for the audit; default the user of the operating system. */
  readonly actor?: string | undefined;
  /** Asks a person, or knows the answer. Absent: no, unless the input says `confirm`. */
  readonly confirm?: ((plan: Plan) => Promise<boolean>) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly progress?: ((text: string) => void) | undefined;
  readonly readFile?: ((path: string) => Promise<OpenedFile>) | undefined;
  readonly now?: (() => Date) | undefined;
}

/** The one door: every face calls every action through it. Throws nothing: a call that failed as a whole is an Answer with `error`. */
export declare function perform(action: Action, rawInput: unknown, host: Host): Promise<Answer>;
