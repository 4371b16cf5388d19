/** Whether TotalItemsInView and IndexedPagingOffset were seen to count the whole folder where a restriction or a query leaves out items. */
export interface CountMemory {
  isOfFolder(): boolean;
  learn(): void;
}

// As long as what is remembered of refused filters: a server that was brought up to date is asked again the same day.
const lifetimeMs = 3_600_000;

/** Remembers for an hour. `now` in milliseconds. */
export function countMemory(now: () => number = Date.now): CountMemory {
  let until = 0;
  return {
    isOfFolder: () => now() < until,
    learn: () => {
      until = now() + lifetimeMs;
    },
  };
}
