import { asFailure, Failure } from "./failure.ts";

/** The result of one item: its value or its Failure. A request for a list returns as many Outcomes, in the same order. */
export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

export function done<T>(value: T): Outcome<T> {
  return { ok: true, value };
}

export function failed(failure: Failure): Outcome<never> {
  return { ok: false, failure };
}

/** Runs the work of one item and turns any error into the item's Failure. */
export async function attempt<T>(work: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return done(await work());
  } catch (thrown) {
    return failed(asFailure(thrown));
  }
}

/** Returns the value of the only Outcome in a list. Throws its Failure. */
export async function takeOnly<T>(outcomes: AsyncIterable<Outcome<T>>): Promise<T> {
  for await (const outcome of outcomes) {
    if (outcome.ok) return outcome.value;
    throw outcome.failure;
  }
  throw new Failure("internal", "There was no outcome.");
}

/** Yields each item with its Outcome, in order: an item that `outcomes` forgets is a Failure, so nothing is lost silently. Throws what `outcomes` throws. */
export async function* pairOutcomes<T, V>(
  items: readonly T[],
  outcomes: AsyncIterable<Outcome<V>>,
): AsyncGenerator<readonly [T, Outcome<V>], void, undefined> {
  const given = outcomes[Symbol.asyncIterator]();
  try {
    for (const item of items) {
      const next = await given.next();
      yield [item, next.done === true ? failed(new Failure("internal", "There were fewer outcomes than items.")) : next.value];
    }
  } finally {
    await given.return?.();
  }
}

/** Returns one Outcome for each member of a list, in its order, if only some are requested: `otherwise` gives the Outcome of the others. */
export async function* runForSome<T, V>(
  all: readonly T[],
  isChosen: (one: T) => boolean,
  run: (requested: readonly T[]) => AsyncIterable<Outcome<V>>,
  otherwise: (one: T) => Outcome<V>,
): AsyncGenerator<Outcome<V>> {
  const requested = new Set(all.filter(isChosen));
  const answers = run([...requested])[Symbol.asyncIterator]();
  try {
    for (const one of all) {
      if (!requested.has(one)) {
        yield otherwise(one);
        continue;
      }
      const answer = await answers.next();
      yield answer.done === true ? failed(new Failure("internal", "There were fewer outcomes than items.")) : answer.value;
    }
  } finally {
    await answers.return?.();
  }
}
