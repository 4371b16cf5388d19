import { setMaxListeners } from "node:events";
import type * as z from "zod";
import type { Action, Prepared, Remarks } from "../catalogue/action-definition.ts";
import { type Answer, answerSchema, errorNoun } from "../catalogue/answer-envelope.ts";
import { asFailure, Failure } from "../failure.ts";
import { attempt } from "../outcome.ts";
import { type AnswerBody, auditRead, type CallRun, CommonInput, type Host, shownBy, tlsColumn, waitedMs } from "./call-run.ts";
import { asUncheckedAbsence } from "./unchecked-absence.ts";

export { commonInputFields, type Host } from "./call-run.ts";
export type { Plan, Question } from "./question.ts";

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
    const answer =
      prepared.run === undefined ? await (await import("./run-items.ts")).runItems(callRun) : await runWhole(callRun, prepared.run);
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
