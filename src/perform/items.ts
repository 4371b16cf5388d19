import {
  type Action,
  type Context,
  effects,
  type Kept,
  type Prepared,
  type Row,
  type Selected,
  type Target,
} from "../catalogue/action-definition.ts";
import type { Result } from "../catalogue/answer-envelope.ts";
import { type Absent, isAbsent, type SearchExtent, searchExtentOf } from "../exchange/search/absence.ts";
import { asFailure, Failure, type FailureCode } from "../failure.ts";
import { failed, type Outcome } from "../outcome.ts";
import { asUncheckedAbsence } from "./unchecked-absence.ts";

/** One item of a call. `perform` fills it step by step. */
export interface Item {
  readonly row: Row;
  readonly target?: Target | undefined;
  status: Result["status"];
  /** For `not_found`: the places that were searched. */
  looked?: SearchExtent | undefined;
  failure?: Failure | undefined;
  evidence?: Kept | undefined;
  /** The action's own columns. */
  answered?: Row | undefined;
  verified?: boolean | undefined;
}

/** Reads the items that an action would change. A missing item is `not_found`, which is an error only if the action requires the item. */
export async function selectItems(selected: AsyncIterable<Selected>, missingIsFine: boolean): Promise<Item[]> {
  const items: Item[] = [];
  for await (const { asked: requested, outcome } of selected) {
    if (!outcome.ok) items.push({ row: requested, status: "failed", failure: asUncheckedAbsence(outcome.failure) });
    else if (!isAbsent(outcome.value)) items.push({ row: outcome.value.row, target: outcome.value, status: "planned" });
    else items.push({ row: requested, ...missingItem(outcome.value, missingIsFine) });
  }
  return items;
}

/** Returns an item whose absence a search has shown. */
export function missingItem({ absentFrom }: Absent, isFine: boolean): Pick<Item, "status" | "looked" | "failure"> {
  const failure = isFine ? undefined : new Failure("not-found", `The item was not found ${searchExtentOf(absentFrom)}.`);
  return { status: "not_found", looked: absentFrom, failure };
}

/** Runs the action. Afterwards every item is `done` or `failed`. */
export async function actOn(items: readonly Item[], act: NonNullable<Prepared["act"]>, action: Action, context: Context): Promise<void> {
  if (items.length === 0) return;
  const outcomes = outcomesFor(items.length, act(targetsOf(items), context), "act on", (failure) => unknownIfCancelled(failure, action));
  let at = 0;
  for await (const outcome of outcomes) {
    const item = items[at++];
    if (item === undefined) break;
    if (!outcome.ok) {
      item.status = "failed";
      item.failure = outcome.failure;
      continue;
    }
    item.answered = outcome.value;
    const row = action.each?.safeParse(outcome.value);
    if (row === undefined || row.success) item.status = "done";
    else {
      item.status = "failed";
      item.failure = new Failure("internal", `The item was processed, but the result of ${action.name} does not match its schema.`, {
        cause: row.error,
      });
    }
  }
}

/**
 * Searches for items that the server reported as missing during the action, because its report alone proves nothing. An item that the search does
 * not find is `not_found`.
 */
export async function settleMissing(items: readonly Item[], prepared: Prepared, action: Action, context: Context): Promise<void> {
  const statements = items.flatMap((item) => {
    const { failure, target } = item;
    return failure?.code === "not-found" && target !== undefined ? [{ item, failure, target }] : [];
  });
  if (statements.length === 0) return;
  const { confirmAbsence } = await import("../verification/confirm-absence.ts");
  const targets = statements.map(({ target }) => target);
  const failures = statements.map(({ failure }) => failure);
  const outcomes = await confirmAbsence(targets, failures, targetsOf(items), context);
  for (const [at, { item, failure }] of statements.entries()) {
    const outcome = outcomes[at] ?? failed(asUncheckedAbsence(failure));
    if (!outcome.ok) item.failure = asUncheckedAbsence(outcome.failure);
    else {
      Object.assign(item, missingItem(outcome.value, effects[action.effect].missingIsFine));
      // The item was seen when it was selected, so a deletion by somebody else has the requested result.
      if (prepared.vanished !== undefined) Object.assign(item, { status: "done", answered: prepared.vanished });
    }
  }
}

/** Returns the failure of an item whose result was lost because the whole action threw. */
function unknownIfCancelled(failure: Failure, action: Action): Failure {
  if (action.effect === "read" || failure.code !== "cancelled") return failure;
  return new Failure("unknown-outcome", "The call was stopped on request; this item may have been processed.", { cause: failure });
}

/** The codes with which a verification fails an item; any other code means that it could not be verified. */
const failingCodes: ReadonlySet<FailureCode> = new Set<FailureCode>(["not-verified", "internal"]);

/** Returns only the new id of an item whose change was reported but not made, so that it can be checked. */
function keepNewIdOnly(answered: Row = {}): Row {
  return Object.fromEntries(Object.entries(answered).filter(([column]) => column === "new_item_id"));
}

/** Returns the failure for a defect during verification: the item must not be repeated, because it was done. */
function checkDefect(failure: Failure): Failure {
  return new Failure("internal", `The item was processed, but a defect ended the check of the result: ${failure.message}`, {
    cause: failure,
  });
}

/** Verifies the changes. `items` are all selected items, failed ones included. */
export async function verifyEach(items: readonly Item[], verify: NonNullable<Prepared["verify"]>, context: Context): Promise<void> {
  const doneItems = items.filter((item) => item.status === "done");
  if (doneItems.length === 0) return;
  const rows = doneItems.map((item) => item.answered ?? {});
  let at = 0;
  for await (const outcome of outcomesFor(doneItems.length, verify(targetsOf(doneItems), rows, context, targetsOf(items)), "verify")) {
    const item = doneItems[at++];
    if (item === undefined) break;
    item.verified = outcome.ok && outcome.value === true;
    const failure = outcome.ok ? outcome.value : outcome.failure;
    if (typeof failure === "boolean" || !failingCodes.has(failure.code)) continue;
    item.status = "failed";
    if (!outcome.ok && failure.code === "not-verified") item.answered = keepNewIdOnly(item.answered);
    item.failure = failure.code === "internal" ? checkDefect(failure) : failure;
  }
}

export function targetsOf(items: readonly Item[]): Target[] {
  return items.flatMap((item) => item.target ?? []);
}

/** Returns exactly `count` Outcomes: fills in missing ones and those after a throw, and leaves out surplus ones. */
export async function* outcomesFor<T>(
  count: number,
  outcomes: AsyncIterable<Outcome<T>>,
  work: string,
  meaning: (failure: Failure) => Failure = (failure) => failure,
): AsyncGenerator<Outcome<T>> {
  let given = 0;
  let missing = new Failure("internal", `The action returned no outcome for this item when it was to ${work} it.`);
  try {
    for await (const outcome of outcomes) {
      if (given === count) break;
      given++;
      yield outcome;
    }
  } catch (thrown) {
    missing = meaning(asFailure(thrown));
  }
  for (; given < count; given++) yield failed(missing);
}
