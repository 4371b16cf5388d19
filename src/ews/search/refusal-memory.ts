import type { Refusable } from "./restriction.ts";

/** What servers were seen to refuse, of one connection. */
export interface RefusalMemory {
  read(): ReadonlySet<Refusable>;
  add(refused: Iterable<Refusable>): void;
}

// A server that was brought up to date is asked again the same day; until then each search of each mailbox would learn it anew.
const lifetimeMs = 3_600_000;

/** Remembers for an hour. `now` in milliseconds. */
export function refusalMemory(now: () => number = Date.now): RefusalMemory {
  const known = new Map<Refusable, number>();
  return {
    read: () => new Set([...known].flatMap(([name, until]) => (until > now() ? [name] : []))),
    add(refused) {
      for (const name of refused) known.set(name, now() + lifetimeMs);
    },
  };
}
