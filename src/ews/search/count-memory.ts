/** Whether TotalItemsInView and IndexedPagingOffset were seen to count the whole folder although a restriction or a query leaves out items. */
export interface CountMemory {
  isOfFolder(): boolean;
  learn(): void;
}

// As for refused filters: a server that was updated is checked again the same day.
const lifetimeMs = 3_600_000;

/** Remembers the result for an hour. `now` returns milliseconds. */
export function countMemory(now: () => number = Date.now): CountMemory {
  let until = 0;
  return {
    isOfFolder: () => now() < until,
    learn: () => {
      until = now() + lifetimeMs;
    },
  };
}
