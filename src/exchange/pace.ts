import { asFailure, type Failure } from "../failure.ts";

/** The least that run at a time: the first requests say how many are allowed. */
const fewest = 8;
/** Mailboxes to work on per allowed request: while one mailbox is between two requests, another has one to send. */
const perRequest = 1.5;

/** Returns the number of mailboxes to work on at a time with this many allowed requests. */
export function mailboxesAtATime(requests: number): number {
  return Math.max(fewest, Math.ceil(requests * perRequest));
}

/**
 * Runs `work` for each item, for `most()` items at a time; calls `most` again whenever one ends. Begins no further item after a failure. Throws the first
 * Failure, after all begun items have ended.
 */
export async function eachAtPace<T>(
  items: Iterable<T> | AsyncIterable<T>,
  most: () => number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>();
  let failure: Failure | undefined;
  const fail = (thrown: unknown) => {
    failure ??= asFailure(thrown);
  };
  try {
    for await (const item of items) {
      const one = work(item)
        .catch(fail)
        .finally(() => void running.delete(one));
      running.add(one);
      while (running.size >= Math.max(1, most())) await Promise.race(running);
      if (failure !== undefined) break;
    }
  } catch (thrown) {
    fail(thrown);
  }
  await Promise.all(running);
  if (failure !== undefined) throw failure;
}
