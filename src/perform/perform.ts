import { randomUUID } from "node:crypto";
import { setMaxListeners } from "node:events";
import * as z from "zod";
import {
  type Action,
  type Context,
  type EvidenceStore,
  effects,
  type Kept,
  type OpenedFile,
  type Prepared,
  type Remarks,
  type Row,
} from "../catalogue/action-definition.ts";
import { type Answer, answerSchema, errorNoun, type Result } from "../catalogue/answer-envelope.ts";
import { omitUndefined } from "../catalogue/common-fields.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { asFailure, Failure } from "../failure.ts";
import { attempt, type Outcome } from "../outcome.ts";
import type { AuditEntry, AuditLog } from "./audit/audit-log.ts";
import { namingColumns, optionsOf, outcomeColumns, pickColumns } from "./audit/audited-call.ts";
import { appendRead, searchedOf } from "./audit/read-entry.ts";
import type { EvidenceIndex } from "./evidence/evidence-index.ts";
import { actOn, asUncheckedAbsence, type Item, selectItems, settleMissing, targetsOf, verifyEach } from "./items.ts";
import { operatingSystemUser } from "./operating-system-user.ts";
import { itemWordsOf, type Plan, questionOf } from "./question.ts";
import { count, sentenceOf } from "./summary-sentence.ts";

export type { Plan, Question } from "./question.ts";

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
const CommonInput = z.object({
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
interface CallRun {
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

/**
 * Runs a call: every face calls every action through this function. Throws nothing: a call that failed as a whole is an Answer with `error`.
 *
 * Selects items; checks their number; stops on a dry run; asks for confirmation if required; keeps evidence; writes the audit entry `began`; runs the
 * action, which gives each item exactly one result; verifies the changes; writes the audit entry `ended`.
 */
export async function perform(action: Action, rawInput: unknown, host: Host): Promise<Answer> {
  // Each request that runs listens to it, and a search of many mailboxes has dozens: Node.js would warn of a leak.
  if (host.signal !== undefined) setMaxListeners(0, host.signal);
  const waited = { milliseconds: 0 };
  const remarks: Remarks = {};
  const searched: string[] = [];
  let named: { readonly backend?: string; readonly mailbox?: string; readonly dry_run?: boolean } = {};
  try {
    const prepared = action.prepare(rawInput);
    const input = CommonInput.parse(prepared.input);
    const call = {
      signal: host.signal,
      access: input.access,
      timeoutMs: input.timeout_seconds === undefined ? undefined : input.timeout_seconds * 1000,
      patientUntil: host.patientUntil,
      deadline: host.timeLimitMs === undefined ? undefined : performance.now() + host.timeLimitMs,
      progress: host.progress,
      waited: (milliseconds: number) => {
        waited.milliseconds += milliseconds;
      },
    };
    const own = await attempt(async () => host.exchange.mailbox(input.mailbox, call));
    named = { ...(own.ok ? { mailbox: own.value.address } : {}), ...(input.dry_run ? { dry_run: true } : {}) };
    const route = own.ok ? await attempt(async () => own.value.route?.()) : own;
    // A search of other mailboxes does not use this one, which need not exist. A call that uses it fails in the same way.
    if (!route.ok && (prepared.run === undefined || route.failure.code === "internal")) throw route.failure;
    const backend = (route.ok ? route.value : undefined) ?? host.exchange.backend;
    named = { backend, ...named };
    const { exchange, evidence, readFile, audit } = host;
    const context = {
      exchange,
      get mailbox() {
        if (own.ok) return own.value;
        throw own.failure;
      },
      call,
      evidence,
      readFile,
      doneBefore: async (names: readonly string[]) =>
        (own.ok ? await audit?.done?.({ action: action.name, mailbox: own.value.address, names }) : undefined) ?? new Set<string>(),
      now: host.now ?? (() => new Date()),
      remark: (more: Remarks) => Object.assign(remarks, more),
      searching: (address: string) => void searched.push(address),
    };
    const callRun = { action, prepared, input, context, host, backend, waited, remarks, searched };
    const answer = prepared.run === undefined ? await runItems(callRun) : await runWhole(callRun, prepared.run);
    const { success, message, counts, ...rest } = answer;
    const answered = { success, message, action: action.name, ...named, ...tlsColumn(host), counts, ...rest, ...waitedMs(waited) };
    // An answer without items was checked against its schema when it was returned: it can have thousands of rows, and a second check costs as much.
    return prepared.run === undefined ? checkAnswer(action, answered) : answered;
  } catch (thrown) {
    const failure = shownBy(host, asUncheckedAbsence(asFailure(thrown)));
    const counts = { requested: 0, succeeded: 0, failed: 0, not_found: 0 };
    return {
      success: false,
      message: failure.message,
      action: action.name,
      ...named,
      ...tlsColumn(host),
      counts,
      error: errorNoun(failure),
      ...waitedMs(waited),
    };
  }
}

function shownBy({ shown }: Host, failure: Failure): Failure {
  return shown === undefined ? failure : shown(failure);
}

function tlsColumn({ tlsVerified = true }: Host): { tls_verified?: false } {
  return tlsVerified ? {} : { tls_verified: false };
}

function waitedMs(waited: { readonly milliseconds: number }): { waited_ms?: number } {
  return waited.milliseconds > 0 ? { waited_ms: Math.round(waited.milliseconds) } : {};
}

/** The answer without the names of action, back end and mailbox. */
interface AnswerBody extends Pick<Answer, "success" | "message" | "counts" | "results" | "error"> {
  readonly [column: string]: unknown;
}

async function runWhole(callRun: CallRun, run: NonNullable<Prepared["run"]>): Promise<AnswerBody> {
  const { action, context, host } = callRun;
  if (action.effect !== "read") host.touching?.();
  const ran = await attempt(() => run(context));
  if (action.effect === "read") await auditRead(callRun, [], ran);
  if (!ran.ok) throw ran.failure;
  // `message` belongs to the envelope; an action may set a better one without declaring it.
  const { message: _, ...own } = ran.value;
  const parsed = action.output?.safeParse(Object.hasOwn(action.output.shape, "message") ? ran.value : own);
  if (parsed?.success === false) throw malformed(action, parsed.error);
  const counts = { requested: 1, succeeded: 1, failed: 0, not_found: 0 };
  return { success: true, message: `${action.title}: done.`, counts, ...ran.value };
}

async function runItems(callRun: CallRun): Promise<AnswerBody> {
  const { action, prepared, input, context, host } = callRun;
  if (prepared.select === undefined || prepared.act === undefined) throw new Failure("internal", `${action.name} has neither run nor act.`);
  const { select } = prepared;
  const chosen = await attempt(() => selectItems(select(context), effects[action.effect].missingIsFine));
  const items = chosen.ok ? chosen.value : [];
  const found = items.filter((item) => item.target !== undefined);
  const miscounted = checkCount(input, found.length, action.noun);
  // The items in the answer of a dry run or refusal were read as well.
  if (action.effect === "read" || input.dry_run || miscounted !== undefined || !chosen.ok) await auditRead(callRun, found, chosen);
  if (!chosen.ok) throw chosen.failure;
  if (miscounted !== undefined) return refusedBody(callRun, items, miscounted);
  if (input.dry_run) return answerBodyOf(callRun, items);

  if (found.length > 0) {
    const agreed = host.asksAlways === true ? action.effect === "read" : !prepared.asksFirst || input.confirm;
    if (!agreed && !(await isConfirmed(callRun, found))) {
      await auditRead(callRun, found, chosen);
      return refusedBody(callRun, items, unconfirmed(action, found.length));
    }
    const traced = action.effect === "read" ? undefined : host.audit;
    if (prepared.preserve !== undefined) {
      const { preserveEach } = await import("./evidence/preserve.ts");
      await preserveEach(found, prepared.preserve, context);
    }
    const remaining = found.filter((item) => item.failure === undefined);
    if (host.signal?.aborted) throw new Failure("cancelled", "The call was stopped on request before anything was changed.");
    const entry = auditEntryOf(callRun, remaining);
    if (remaining.length > 0) await traced?.append({ ...entry, phase: "began", outcome: remaining.map((item) => evidenceOf(item)) });
    if (remaining.length > 0 && action.effect !== "read") host.touching?.();
    await actOn(remaining, prepared.act, action, context);
    await settleMissing(remaining, prepared, action, context);
    if (prepared.verify !== undefined) await verifyEach(found, prepared.verify, context);
    const given = answerBodyOf(callRun, items);
    if (remaining.length === 0) return given;
    try {
      await traced?.append({ ...entry, phase: "ended", outcome: remaining.map(outcomeOf), ...waitedMs(callRun.waited) });
    } catch (thrown) {
      return { ...given, success: false, error: errorNoun(shownBy(host, endNotAudited(asFailure(thrown), given))) };
    }
    return given;
  }
  return answerBodyOf(callRun, items);
}

function checkCount(input: CommonInput, found: number, noun = "item"): Failure | undefined {
  if (input.expected_count !== undefined && found !== input.expected_count) {
    return new Failure(
      "unexpected-count",
      `Found ${count(found, noun)} where expected_count says ${input.expected_count}: nothing was changed.`,
    );
  }
  if (input.max_items !== undefined && found > input.max_items) {
    const message = `Found ${count(found, noun)}, more than max_items allows (${input.max_items}): nothing was changed.`;
    return new Failure("unexpected-count", message, { hint: "Check what was found, then name fewer messages or raise max_items." });
  }
  return undefined;
}

async function isConfirmed({ action, prepared, context, host }: CallRun, found: readonly Item[]): Promise<boolean> {
  if (host.confirm === undefined) return false;
  const { name, title, effect, glance } = action;
  return await host.confirm({
    action: name,
    title,
    effect,
    mailbox: context.mailbox.address,
    ...itemWordsOf(action, prepared),
    columns: glance?.columns ?? [],
    rows: found.map((item) => item.row),
    question: () => questionOf(prepared, targetsOf(found), context),
  });
}

function unconfirmed(action: Action, found: number): Failure {
  return new Failure(
    "confirmation-required",
    `${action.title} of ${count(found, action.noun ?? "item")} was not confirmed: nothing was changed.`,
  );
}

/** Returns the answer of a refusal: nothing was changed, and the results are the items that would have been. */
function refusedBody(callRun: CallRun, items: readonly Item[], failure: Failure): AnswerBody {
  return { ...answerBodyOf(callRun, items), success: false, message: failure.message, error: errorNoun(failure) };
}

/** Returns the failure of a missing final audit entry. `message` sums up the results, which may all be failures. */
function endNotAudited(failure: Failure, { message }: AnswerBody): Failure {
  return new Failure("audit-failed", `${message} The audit entry of this result could not be written: ${failure.message}`, {
    hint: "Check the results before you repeat the call: the audit log contains only the beginning of this call. Then check the audit file.",
    cause: failure,
  });
}

function answerBodyOf({ action, prepared, remarks, host }: CallRun, items: readonly Item[]): AnswerBody {
  const results = items.map((item) => resultOf(item, host));
  const having = (status: Result["status"]) => results.filter((result) => result.status === status).length;
  const planned = having("planned");
  const counts = { requested: items.length, succeeded: having("done"), failed: having("failed"), not_found: having("not_found") };
  const missingFails = !effects[action.effect].missingIsFine && counts.not_found > 0;
  const words = itemWordsOf(action, prepared);
  const message = sentenceOf(items, action, { ...prepared, ...words }, counts, planned, remarks);
  return { success: counts.failed === 0 && !missingFails && remarks.incomplete !== true, message, counts, ...remarks, results };
}

function resultOf(item: Item, host: Host): Result {
  const evidence = item.evidence === undefined ? {} : { evidence: { ...item.evidence } };
  const verified = item.verified === undefined ? {} : { verified: item.verified };
  const looked = item.looked === undefined ? {} : { looked: omitUndefined({ ...item.looked, places: [...item.looked.places] }) };
  const error = item.failure === undefined ? {} : { error: errorNoun(shownBy(host, item.failure)) };
  return { ...item.row, ...item.answered, status: item.status, ...looked, ...evidence, ...verified, ...error };
}

const Names = z.array(z.string());

/** Writes the only entry of a call that changes nothing, before its answer is returned. Throws Failure `audit-failed`: then nothing is returned. */
async function auditRead(callRun: CallRun, items: readonly Item[], came: Outcome<unknown>): Promise<void> {
  const { host, prepared } = callRun;
  if (host.auditsReads !== true) return;
  const mailboxes = Names.safeParse(prepared.input.mailboxes).data;
  // A search of one mailbox has its address in the entry.
  const searched = mailboxes === undefined ? {} : { mailboxes, searched: searchedOf(callRun.searched) };
  const failed = came.ok ? {} : { outcome: [{ status: "failed", error: came.failure.code }] };
  await appendRead(host.audit, { ...auditEntryOf(callRun, items), phase: "read", ...searched, ...failed });
}

function evidenceOf({ evidence }: Item): Row {
  const named = ({ file_ref, sha256 }: Kept) => ({ file_ref, sha256 });
  if (evidence === undefined) return {};
  return { evidence: { ...named(evidence), ...(evidence.export === undefined ? {} : { export: named(evidence.export) }) } };
}

function outcomeOf(item: Item): Row {
  const code = item.failure === undefined ? {} : { error: item.failure.code };
  const verified = item.verified === undefined ? {} : { verified: item.verified };
  return { status: item.status, ...code, ...verified, ...pickColumns(item.answered ?? {}, outcomeColumns) };
}

function auditEntryOf({ action, prepared, context, host, backend }: CallRun, items: readonly Item[]): Omit<AuditEntry, "phase"> {
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

/** Throws a defect if the action's own schema refuses its answer. */
function checkAnswer(action: Action, answer: Answer): Answer {
  const parsed = answerSchema(action).safeParse(answer);
  if (parsed.success) return answer;
  const failure = malformed(action, parsed.error);
  return { ...answer, success: false, message: failure.message, error: errorNoun(failure) };
}

function malformed(action: Action, error: z.ZodError): Failure {
  const [issue] = error.issues;
  const where = issue?.path.map(String).join(".");
  return new Failure("internal", `The answer of ${action.name} does not match its schema: ${where}: ${issue?.message}`, { cause: error });
}
