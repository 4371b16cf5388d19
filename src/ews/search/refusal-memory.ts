import type { Refusable } from "./restriction.ts";

/** Filters that the servers of one connection were seen to refuse. */
export interface RefusalMemory {
  read(): ReadonlySet<Refusable>;
  add(refused: Iterable<Refusable>): void;
}

// An updated server gets the request again on the same day. Without this memory, each search of each mailbox would repeat the refused request.
const lifetimeMs = 3_600_000;

/** Remembers entries for an hour. `now` returns milliseconds. */
export function refusalMemory(now: () => number = Date.now): RefusalMemory {
  const known = new Map<Refusable, number>();
  return {
    read: () => new Set([...known].flatMap(([name, until]) => (until > now() ? [name] : []))),
    add(refused) {
      for (const name of refused) known.set(name, now() + lifetimeMs);
    },
  };
}
