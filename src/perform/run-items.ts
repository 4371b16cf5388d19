import { type Action, effects, type Kept, type Row } from "../catalogue/action-definition.ts";
import { errorNoun, type Result } from "../catalogue/answer-envelope.ts";
import { omitUndefined } from "../catalogue/common-fields.ts";
import { asFailure, Failure } from "../failure.ts";
import { attempt } from "../outcome.ts";
import { outcomeColumns, pickColumns } from "./audit/audited-call.ts";
import { type AnswerBody, auditEntryOf, auditRead, type CallRun, type Host, shownBy, waitedMs } from "./call-run.ts";
import { actOn, type Item, selectItems, settleMissing, targetsOf, verifyEach } from "./items.ts";
import { itemWordsOf, questionOf } from "./question.ts";
import { count, sentenceOf } from "./summary-sentence.ts";

/** Runs an action on items. Loaded late: the start of an action without items does not read it. */
export async function runItems(callRun: CallRun): Promise<AnswerBody> {
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

/** Returns the failure of a call that found another number of items than it allows. */
export function checkCount(input: CallRun["input"], found: number, noun = "item"): Failure | undefined {
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

/** Returns the failure of a call that nobody confirmed. */
export function unconfirmed(action: Action, found: number): Failure {
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
