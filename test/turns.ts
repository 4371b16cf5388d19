import { setImmediate } from "node:timers/promises";

/** Runs work, and counts how often everything else has its turn meanwhile. */
export async function turnsDuring<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly turns: number }> {
  let turns = 0;
  let ended = false;
  const count = async () => {
    for (;;) {
      await setImmediate();
      if (ended) return;
      turns += 1;
    }
  };
  const counting = count();
  try {
    const result = await work();
    return { result, turns };
  } finally {
    ended = true;
    await counting;
  }
}
