// src/perform/: The one pipeline that every call passes: select, count, dry run, confirm, keep evidence, audit, act, verify.

import { randomUUID } from "node:crypto";
import * as z from "zod";
import type { Action, Context, EvidenceStore, OpenedFile, Prepared, Remarks } from "../catalogue/action-definition.ts";
import type { Answer } from "../catalogue/answer-envelope.ts";
import type { Exchange } from "../exchange/exchange.ts";
import type { Failure } from "../failure.ts";
import type { Outcome } from "../outcome.ts";
import type { AuditEntry, AuditLog } from "./audit/audit-log.ts";
import { namingColumns, optionsOf, pickColumns } from "./audit/audited-call.ts";
import { appendRead, searchedOf } from "./audit/read-entry.ts";
import type { EvidenceIndex } from "./evidence/evidence-index.ts";
import type { Item } from "./items.ts";
import { operatingSystemUser } from "./operating-system-user.ts";
import type { Plan } from "./question.ts";

/** Everything that a face passes to `perform`. */
export interface Host {
  readonly exchange: Exchange;
  readonly evidence: EvidenceStore;
  /** Finds kept evidence by its hash; undefined where nothing is read back. */
  readonly evidenceIndex?: EvidenceIndex | undefined;
  /** The audit log for changes, sent messages and deletions. `undefined` must be written out: then there are no entries. */
  readonly audit: AuditLog | undefined;
  /** Whether a read has an audit entry as well. A read whose entry cannot be written fails. Default: false. */
  readonly auditsReads?: boolean | undefined;
  /** Name of the connection, for the audit log. */
  readonly connection?: string | undefined;
  /** False if a setting disabled the check of the server's certificate: the answer and the audit log report it. Default: true. */
  readonly tlsVerified?: boolean | undefined;
  /** The caller, for the audit log. Default: the user of the operating system. */
  readonly actor?: string | undefined;
  /** Asks a person, or knows the answer. If absent, only the field `confirm` of the input confirms. */
  readonly confirm?: ((plan: Plan) => Promise<boolean>) | undefined;
  /** Whether the caller may not confirm its own calls: `confirm` runs before anything except a read, and the field `confirm` is ignored. */
  readonly asksAlways?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Time limit of the call, in milliseconds. */
  readonly timeLimitMs?: number | undefined;
  /** Requests that Exchange turns away for throttling wait in this call until this time (of `performance.now()`). Default: the limits of the connection. */
  readonly patientUntil?: number | undefined;
  readonly progress?: ((text: string) => void) | undefined;
  readonly readFile?: ((path: string) => Promise<OpenedFile>) | undefined;
  readonly now?: (() => Date) | undefined;
  /** Returns a failure for the caller; a server first logs the parts that only its log may contain. Default: the failure itself, which has no path of this machine. */
  readonly shown?: ((failure: Failure) => Failure) | undefined;
  /** Runs right before anything is changed, sent or deleted. A call that failed before it has certainly changed nothing. */
  readonly touching?: (() => void) | undefined;
}

/** Input fields that `perform` itself reads, for every action. A field is absent if the action has no such field. */
export const CommonInput = z.object({
  mailbox: z.string().optional(),
  access: z.enum(["impersonation", "delegate"]).optional(),
  timeout_seconds: z.number().optional(),
  dry_run: z.boolean().default(false),
  confirm: z.boolean().default(false),
  expected_count: z.number().optional(),
  max_items: z.number().optional(),
});
type CommonInput = z.output<typeof CommonInput>;
/** The fields that mean the same in every action that has them. */
export const commonInputFields: readonly string[] = Object.keys(CommonInput.shape);

/** One run of `perform`. */
export interface CallRun {
  readonly action: Action;
  readonly prepared: Prepared;
  readonly input: CommonInput;
  readonly context: Context;
  readonly host: Host;
  /** Name of the back end that acts for the mailbox. */
  readonly backend: string;
  /** How long mailcordon has waited at Exchange's request, in milliseconds. */
  readonly waited: { readonly milliseconds: number };
  /** Grows during the selection. */
  readonly remarks: Remarks;
  /** Mailboxes that the action searched, for the audit log only. */
  readonly searched: readonly string[];
}

/** The answer without the names of action, back end and mailbox. */
export interface AnswerBody extends Pick<Answer, "success" | "message" | "counts" | "results" | "error"> {
  readonly [column: string]: unknown;
}

export function shownBy({ shown }: Host, failure: Failure): Failure {
  return shown === undefined ? failure : shown(failure);
}

export function tlsColumn({ tlsVerified = true }: Host): { tls_verified?: false } {
  return tlsVerified ? {} : { tls_verified: false };
}

export function waitedMs(waited: { readonly milliseconds: number }): { waited_ms?: number } {
  return waited.milliseconds > 0 ? { waited_ms: Math.round(waited.milliseconds) } : {};
}

const Names = z.array(z.string());

/** Writes the only entry of a call that changes nothing, before its answer is returned. Throws Failure `audit-failed`: then nothing is returned. */
export async function auditRead(callRun: CallRun, items: readonly Item[], came: Outcome<unknown>): Promise<void> {
  const { host, prepared } = callRun;
  if (host.auditsReads !== true) return;
  const mailboxes = Names.safeParse(prepared.input.mailboxes).data;
  // A search of one mailbox has its address in the entry.
  const searched = mailboxes === undefined ? {} : { mailboxes, searched: searchedOf(callRun.searched) };
  const failed = came.ok ? {} : { outcome: [{ status: "failed", error: came.failure.code }] };
  await appendRead(host.audit, { ...auditEntryOf(callRun, items), phase: "read", ...searched, ...failed });
}

export function auditEntryOf({ action, prepared, context, host, backend }: CallRun, items: readonly Item[]): Omit<AuditEntry, "phase"> {
  return {
    action: action.name,
    effect: action.effect,
    actor: host.actor ?? operatingSystemUser(),
    connection: host.connection,
    mailbox: mailboxOf(context),
    backend,
    ...tlsColumn(host),
    call_id: randomUUID(),
    options: optionsOf(action, prepared.input),
    targets: items.map((item) => pickColumns(item.row, namingColumns)),
  };
}

/** Returns the mailbox of the call. Empty if a search of other mailboxes needs none. */
function mailboxOf(context: Context): string {
  try {
    return context.mailbox.address;
  } catch {
    return "";
  }
}
