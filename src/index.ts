/**
 * mailcordon as a library: incident response for Exchange mailboxes.
 *
 * ```ts
 * import { getOutOfOffice, loadSettings, open, perform } from "mailcordon";
 *
 * const host = await open(await loadSettings());
 * const answer = await perform(getOutOfOffice, { mailbox: "ann@example.com" }, host);
 * console.log(answer.is_active_now);
 * await host.exchange.close();
 * ```
 */

import type * as z from "zod";
import { catalogue } from "./actions/index.ts";
import type { Action } from "./catalogue/action-definition.ts";
import type { Answer, Result } from "./catalogue/answer-envelope.ts";
import type { MessageRow } from "./catalogue/message-row.ts";
import type { AttachmentColumns } from "./catalogue/which-attachments.ts";
import type { OpenSweeps, SweepsPlace } from "./commands/sweep/open-sweeps.ts";
import { type Host, perform as performUntyped } from "./perform/perform.ts";

export * from "./actions/index.ts";
export { type Action, type Effect, type EvidenceStore, effects, type Kept, type OpenedFile } from "./catalogue/action-definition.ts";
export { type Answer, answerSchema, type ErrorNoun, exitCodeOf, type Result } from "./catalogue/answer-envelope.ts";
export type {
  OpenSweeps,
  SweepAnswer,
  SweepArchive,
  SweepList,
  SweepPlan,
  SweepProgress,
  SweepRequest,
  SweepsPlace,
  TargetPage,
} from "./commands/sweep/open-sweeps.ts";
export { type Opened, open } from "./connection/open-connection.ts";
export { type EwsOptions, openEws } from "./ews/ews.ts";
export type { Call, Exchange, Mailbox } from "./exchange/exchange.ts";
export { Failure, type FailureCode, failures, someItemsFailedExit } from "./failure.ts";
export { type AuditEntry, type AuditLog, openAudit } from "./perform/audit/audit-log.ts";
export { openHeadFile } from "./perform/audit/audit-log-end.ts";
export { acceptAudit, rotateAudit } from "./perform/audit/continue-log.ts";
export { type AuditCheck, verifyAudit } from "./perform/audit/verify-audit.ts";
export { openEvidence } from "./perform/evidence/hash-and-store.ts";
export type { Host, Plan, Question } from "./perform/perform.ts";
export { type Connection, loadSettings, type Settings, type SettingsFlags, type SettingsPlace } from "./settings/load-settings.ts";
export { Secret } from "./settings/secrets.ts";

/** A list may also be one text with commas, such as `mailboxes: "all"`. */
type Accepted<V> = V extends readonly (infer E)[] ? V | readonly E[] | (E extends string ? string : never) : V;

/** The input of an action. An unknown field does not compile. */
export type InputOf<A extends Action> = { [F in keyof z.input<A["input"]>]: Accepted<z.input<A["input"]>[F]> };

/** The members that a type names, without those that any object may have. */
type Named<T> = { [K in keyof T as string extends K ? never : K]: T[K] };

/** What an action answers: the envelope, with the action's own members, or its own columns in each result. All are absent when the call failed. */
export type AnswerOf<A extends Action> = string extends keyof A["input"]["shape"]
  ? Answer
  : Omit<Named<Answer>, "results"> &
      (A extends { readonly output: infer Out extends z.ZodObject } ? Partial<z.output<Out>> : unknown) &
      (A extends { readonly each: infer Each extends z.ZodObject }
        ? { results?: (Named<Result> & ItemColumns & Partial<z.output<Each>>)[] }
        : { results?: Answer["results"] });

/** The columns that name the item of a result: a message, or an attachment in a message. */
export type ItemColumns = Partial<MessageRow> & AttachmentColumns;

/**
 * Runs an action with everything that belongs to it: dry run, guards, confirmation, evidence, audit, verification. Never throws: a call that failed as a
 * whole returns an answer with `error`.
 */
export function perform<A extends Action>(action: A, input: InputOf<A>, host: Host): Promise<AnswerOf<A>> {
  // A checked cast: `perform` returns no answer that the action's own schema refuses.
  return performUntyped(action, input, host) as Promise<AnswerOf<A>>;
}

/**
 * Returns the action with this name. Its input and answer have no types of their own.
 * @throws RangeError if there is none
 */
export function action(name: string): Action {
  const found = catalogue.find((each) => each.name === name);
  if (found === undefined) throw new RangeError(`There is no action ${name}.`);
  return found;
}

/**
 * Opens the sweeps of the settings: one action for many mailboxes, planned, approved, run once on each message, undone and reported. The database and the
 * engine behind them are loaded here and not before.
 *
 * ```ts
 * const sweeps = await openSweeps();
 * const worker = await sweeps.work();
 * const plan = await sweeps.plan({ internet_message_id: ["<20f7c1.4711@mailer.example.net>"], mailboxes: ["all"], action: "delete-email" });
 * await sweeps.run(plan.sweep, plan.plan_hash);
 * for await (const { ended, all } of sweeps.follow(plan.sweep)) console.log(`${ended} of ${all}`);
 * await worker.close();
 * await sweeps.close();
 * ```
 * @throws Failure `unreachable`, `invalid-settings`
 */
export async function openSweeps(place: SweepsPlace = {}): Promise<OpenSweeps> {
  const sweeps = await import("./commands/sweep/open-sweeps.ts");
  return sweeps.openSweeps(place);
}
