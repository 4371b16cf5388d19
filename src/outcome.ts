import { asFailure, Failure } from "./failure.ts";

/** What became of one item: its value, or its Failure. A list asked is a list of Outcomes answered: as many, in the same order. */
export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

export function done<T>(value: T): Outcome<T> {
  return { ok: true, value };
}

export function failed(failure: Failure): Outcome<never> {
  return { ok: false, failure };
}

/** Runs one item's work; whatever it throws becomes that item's Failure. */
export async function attempt<T>(work: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return done(await work());
  } catch (thrown) {
    return failed(asFailure(thrown));
  }
}

/** The value of the one Outcome of a list of one. Throws its Failure. */
export async function takeOnly<T>(outcomes: AsyncIterable<Outcome<T>>): Promise<T> {
  for await (const outcome of outcomes) {
    if (outcome.ok) return outcome.value;
    throw outcome.failure;
  }
  throw new Failure("internal", "There was no outcome.");
}

/** One Outcome for each of a list, in its order, of which only some are asked about: of the others `otherwise` says what became. */
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
