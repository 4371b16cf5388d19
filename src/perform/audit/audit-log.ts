import { resolve } from "node:path";
import type { Effect, Row } from "../../catalogue/action-definition.ts";
import { queueFor } from "./entry-queue.ts";
import type { AuditOptions } from "./locked-log.ts";

/** One entry from its writer. Never secrets, never bodies. */
export interface AuditEntry {
  /** `read`: nothing is changed, and the call has this one entry. */
  readonly phase: "began" | "ended" | "read";
  /** The action's name; `read-evidence` for evidence that a caller of a server reads. */
  readonly action: string;
  readonly effect: Effect;
  readonly actor: string;
  readonly connection?: string | undefined;
  readonly mailbox: string;
  /** The mailboxes that a read of several was about, as the caller named them. */
  readonly mailboxes?: readonly string[] | undefined;
  /** The mailboxes that were in fact searched, if they differ from `mailboxes` or `mailbox`. */
  readonly searched?: Searched | undefined;
  readonly backend: string;
  /** The same on both entries of a call. */
  readonly call_id: string;
  /** The sweep that the call belongs to. */
  readonly sweep?: string | undefined;
  /** The parts of the input that state how the action is done: modes, switches, destinations. */
  readonly options?: Row | undefined;
  /** The columns that identify the items: ids, Message-IDs, subjects. */
  readonly targets: readonly Row[];
  /** For `ended`: the result of each target, in the same order. */
  readonly outcome?: readonly Row[] | undefined;
  /** Present if a setting disabled the check of the server's certificate. */
  readonly tls_verified?: false | undefined;
  /** For `ended`: how long mailcordon waited at Exchange's request, in milliseconds. */
  readonly waited_ms?: number | undefined;
}

/** The mailboxes of a search. */
export interface Searched {
  readonly count: number;
  /** The first of them, in the order of the search. */
  readonly mailboxes: readonly string[];
  /** SHA-256, hexadecimal, of all their addresses in lower case, sorted, each with a line feed. */
  readonly sha256: string;
}

/** The destination of audit entries. */
export interface AuditLog {
  /** Resolves when the entry is on the disk. Throws Failure `audit-failed`. */
  append(entry: AuditEntry): Promise<void>;
  /** Returns the given names of messages on which the log says the action was done. Absent if the log cannot be read. */
  readonly done?:
    | ((requested: {
        readonly action: string;
        readonly mailbox: string;
        readonly names: readonly string[];
      }) => Promise<ReadonlySet<string>>)
    | undefined;
}

/**
 * Opens an append-only file of JSON lines. Each entry has as `previous` the SHA-256 of the line before it, so a line that is changed or removed
 * later is detected. Its end is stored in `heads`: a writer that finds the log shorter than it was left, or its last entry changed, appends nothing
 * (`acceptAudit` continues such a log). Each entry is flushed to the disk before `append` resolves, except those of reads in a busy process, which are
 * in the file then and flushed within half a second; entries that wait together are written together.
 * Several processes may append at once. A line
 * torn by a crash stays where it is; the next entry names its hash in `after_torn` and continues the chain. Mode 0600.
 */
export function openAudit(file: string, options: AuditOptions = {}): AuditLog {
  const path = resolve(file);
  const now = options.now ?? (() => new Date());
  return {
    append: (entry) => queueFor(path).append({ time: now().toISOString(), ...entry }, options, entry.phase === "read"),
  };
}
