import { Failure } from "../../../failure.ts";
import type { Keys } from "../../../state/keys.ts";

/** Callers whose key was revoked: what they are doing ends. Tokens of an identity provider cannot be taken back; they end soon by themselves. */
export interface Revocations {
  /** Whether it was while we were there; what is older does not get in. */
  has(caller: string): boolean;
  /** Calls `end` when the caller's key is revoked, or at once when it was. Gives what ends the watch. */
  watch(caller: string, end: () => void): () => void;
  /** Calls `onRevoked` with every caller whose key is revoked from now on, once. */
  each(onRevoked: (caller: string) => void): void;
}

export function openRevocations(keys: Pick<Keys, "onRevoked">): Revocations {
  // As many as there are keys: they are made by hand, and none comes back.
  const revoked = new Set<string>();
  const watches = new Map<string, Set<() => void>>();
  const listeners: ((caller: string) => void)[] = [];
  keys.onRevoked((id) => {
    const caller = `key:${id}`;
    if (revoked.has(caller)) return;
    revoked.add(caller);
    for (const end of watches.get(caller) ?? []) end();
    for (const onRevoked of listeners) onRevoked(caller);
  });
  return {
    has: (caller) => revoked.has(caller),
    watch(caller, end) {
      if (revoked.has(caller)) end();
      // Of its own, since two watches may have the same end.
      const watch = () => end();
      const all = watches.get(caller) ?? new Set();
      watches.set(caller, all.add(watch));
      return () => {
        all.delete(watch);
        if (all.size === 0 && watches.get(caller) === all) watches.delete(caller);
      };
    },
    each: (onRevoked) => void listeners.push(onRevoked),
  };
}

/** What a caller is told of a call that its key did not outlive; nothing of what it found or did. */
export function revokedMeanwhile(): Failure {
  return new Failure("access-denied", "The key of this call was revoked: it was stopped.", {
    hint: "Ask an administrator for another key. The audit says how far a call came that changes something.",
  });
}
