import type { Action, Row } from "../catalogue/action-definition.ts";
import { type Answer, errorNoun, type Result } from "../catalogue/answer-envelope.ts";
import { omitUndefined } from "../catalogue/common-fields.ts";
import { Failure } from "../failure.ts";
import { attempt } from "../outcome.ts";
import { CommonInput, type Host } from "./call-run.ts";
import type { Item } from "./items.ts";
import { perform } from "./perform.ts";
import { itemWordsOf, type Plan, type Question } from "./question.ts";
import { checkCount, unconfirmed } from "./run-items.ts";
import { count, sentenceOf } from "./summary-sentence.ts";

/** The messages of one mailbox that a call names. */
export interface MailboxMessages {
  readonly mailbox: string;
  readonly itemIds: readonly string[];
}

/**
 * Runs one action on messages of several mailboxes, as one call: one expected count, one dry run and one confirmation cover them all. Nothing is changed
 * in any mailbox before the items of every mailbox are known. Each result names its mailbox. A mailbox that fails as a whole fails each of its messages and
 * no other. Throws nothing, as `perform`.
 */
export async function performMany(action: Action, rawInput: Row, places: readonly MailboxMessages[], host: Host): Promise<Answer> {
  const { expected_count, max_items, confirm, ...raw } = rawInput;
  const named = ({ mailbox, itemIds }: MailboxMessages, fields: Row) => ({ ...fields, mailbox, item_id: itemIds });
  // Without messages there is no call, but the input is checked: with a name that is not requested.
  const [first = { mailbox: "nobody@example.com", itemIds: ["none"] }] = places;
  const preparing = await attempt(async () => action.prepare(named(first, rawInput)));
  if (!preparing.ok) return perform(action, named(first, rawInput), host);
  const prepared = preparing.value;
  const input = CommonInput.parse(prepared.input);
  let refusal: Failure | undefined;
  const gate = openGate(places.length, async (plans) => {
    const found = plans.reduce((sum, plan) => sum + plan.rows.length, 0);
    refusal = checkCount(input, found, action.noun);
    if (refusal !== undefined) return false;
    if (!prepared.asksFirst || input.confirm) return true;
    const asked = await attempt(async () => (await host.confirm?.(mergedPlan(plans))) ?? false);
    if (!asked.ok) refusal = asked.failure;
    else if (!asked.value) refusal = unconfirmed(action, found);
    return refusal === undefined;
  });
  const answers = await Promise.all(
    places.map((place, at) => {
      const arrive = gate.enter(at);
      const call = { ...host, asksAlways: true, confirm: arrive.confirm };
      return perform(action, named(place, raw), call).finally(arrive.leave);
    }),
  );
  const each = places.map((place, at) => ({ place, answer: answers[at] ?? missingAnswer(action) }));
  const results = each.flatMap(({ place, answer }) => resultsOf(place, answer));
  const counts = countsOf(results);
  const planned = results.filter(({ status }) => status === "planned").length;
  // Neither a dry run nor an empty list reaches the gate.
  if (input.dry_run || places.length === 0) refusal = checkCount(input, planned, action.noun);
  // An answer with results and an error: its end is not in the audit log.
  const error =
    refusal === undefined
      ? each.find(({ answer }) => answer.results !== undefined && answer.error !== undefined)?.answer.error
      : errorNoun(refusal);
  const truncated = answers.some((answer) => answer.truncated === true) ? (true as const) : undefined;
  const incomplete = answers.some((answer) => answer.incomplete === true) ? (true as const) : undefined;
  const words = { ...prepared, ...itemWordsOf(action, prepared) };
  const sentence = sentenceOf(
    results.map((result) => itemOf(result, action)),
    action,
    words,
    counts,
    planned,
    { truncated, incomplete },
  );
  const waited = answers.reduce((sum, answer) => sum + (answer.waited_ms ?? 0), 0);
  const [only, second] = answers;
  const backends = new Set(answers.map(({ backend }) => backend));
  return omitUndefined({
    success: error === undefined && answers.every((answer) => answer.success),
    message: error?.message ?? (places.length > 1 ? `${count(places.length, "mailbox").replace(/xs$/, "xes")}: ${sentence}` : sentence),
    action: action.name,
    backend: backends.size === 1 ? only?.backend : undefined,
    mailbox: second === undefined ? only?.mailbox : undefined,
    dry_run: input.dry_run ? true : undefined,
    tls_verified: only?.tls_verified,
    counts,
    truncated,
    incomplete,
    results,
    error,
    waited_ms: waited > 0 ? waited : undefined,
  });
}

/**
 * Lets calls wait for each other before the first of them changes anything. `decide` runs once, when every call either waits or has ended without
 * a change; its reply, or its Failure, is the reply to all that wait.
 */
function openGate(calls: number, decide: (plans: readonly Plan[]) => Promise<boolean>) {
  /** By the number of the call: a person reads them in the order of the input, whichever mailbox answered first. */
  const plans: (Plan | undefined)[] = Array.from({ length: calls }, () => undefined);
  let open = calls;
  let settle: (decided: Promise<boolean>) => void = () => {};
  const decision = new Promise<boolean>((resolve) => {
    settle = resolve;
  });
  const passed = () => {
    open -= 1;
    const waiting = plans.filter((plan) => plan !== undefined);
    if (open === 0 && waiting.length > 0) settle(decide(waiting));
  };
  return {
    enter(at: number) {
      let isInside = true;
      const pass = () => {
        if (isInside) passed();
        isInside = false;
      };
      return {
        confirm: (plan: Plan) => {
          plans[at] = plan;
          pass();
          return decision;
        },
        leave: pass,
      };
    },
  };
}

/** Returns the plans of several mailboxes as one, in which each item names its mailbox. */
function mergedPlan(plans: readonly Plan[]): Plan {
  const [first, second] = plans;
  if (first === undefined) throw new Failure("internal", "There is no plan to confirm.");
  if (second === undefined) return first;
  const withMailbox = ({ mailbox }: Plan, rows: readonly Row[]) => rows.map((row) => ({ mailbox, ...row }));
  return {
    ...first,
    mailbox: `${plans.length} mailboxes`,
    columns: ["mailbox", ...first.columns],
    rows: plans.flatMap((plan) => withMailbox(plan, plan.rows)),
    question: async () => {
      const questions: Question[] = [];
      for (const plan of plans) {
        const question = await plan.question();
        questions.push({ ...question, rows: withMailbox(plan, question.rows) });
      }
      return {
        // The same input for every mailbox: its values are the same, unless they describe a single item.
        values: Object.assign({}, ...questions.filter(({ isItem }) => isItem !== true).map(({ values }) => values)),
        notes: [...new Set(questions.flatMap(({ notes = [] }) => notes))],
        rows: questions.flatMap(({ rows }) => rows),
      };
    },
  };
}

/** Returns the results of one mailbox. If the whole mailbox failed, each of its messages did. */
function resultsOf({ mailbox, itemIds }: MailboxMessages, { results, error }: Answer): Result[] {
  if (results !== undefined) return results.map((result) => ({ mailbox, ...result }));
  return itemIds.map((item_id) => omitUndefined({ mailbox, item_id, status: "failed" as const, error }));
}

function countsOf(results: readonly Result[]): Answer["counts"] {
  const having = (status: Result["status"]) => results.filter((result) => result.status === status).length;
  return { requested: results.length, succeeded: having("done"), failed: having("failed"), not_found: having("not_found") };
}

/** Returns a result as the item of a summary. */
function itemOf({ status, error, looked, ...row }: Result, { each }: Action): Item {
  const answered = Object.fromEntries(Object.entries(row).filter(([name]) => each !== undefined && Object.hasOwn(each.shape, name)));
  const failure = error === undefined ? undefined : new Failure(error.code, error.message);
  return { row, status, looked, failure, ...(status === "done" ? { answered } : {}) };
}

function missingAnswer(action: Action): Answer {
  const error = errorNoun(new Failure("internal", `${action.name} did not answer for this mailbox.`));
  return {
    success: false,
    message: error.message,
    action: action.name,
    counts: { requested: 0, succeeded: 0, failed: 0, not_found: 0 },
    error,
  };
}
