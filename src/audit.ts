import type { Effect, Row } from "./action.ts";

/** One entry as its writer gives it. Never secrets, never bodies. */
export interface AuditEntry {
  readonly phase: "began" | "ended";
  readonly action: string;
  readonly effect: Effect;
  readonly actor: string;
  readonly connection?: string | undefined;
  readonly mailbox: string;
  readonly backend: string;
  /** The same on both entries of a call. */
  readonly call_id: string;
  /** The columns that name what is touched: ids, Message-IDs, subjects. */
  readonly targets: readonly Row[];
  /** Of `ended`: what became of each target, in the same order. */
  readonly outcome?: readonly Row[] | undefined;
}

/** Where audit entries go. */
export interface AuditLog {
  /** Resolves when the entry is on the disk. Throws Failure `audit-failed`. */
  append(entry: AuditEntry): Promise<void>;
}

export interface AuditProblem {
  /** From 1. */
  readonly line: number;
  readonly problem: string;
}

/** What checking an audit file gave. */
export interface AuditCheck {
  /** How many entries are whole and in their chain. */
  readonly entries: number;
  /** The first line that is not what was written. */
  readonly broken?: AuditProblem | undefined;
  /** Lines that a crash tore while they were written and that a later entry acknowledges. */
  readonly torn: readonly number[];
}

/** An append-only file of JSON lines, each holding the SHA-256 of the line before. */
export declare function openAudit(file: string, options?: { readonly now?: () => Date }): AuditLog;
export declare function verifyAudit(file: string): Promise<AuditCheck>;
