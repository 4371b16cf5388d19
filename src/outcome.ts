import { asFailure, type Failure } from "./failure.ts";

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
