import { Failure } from "../../../failure.ts";
import type { Keys } from "../../../state/keys.ts";

/** Callers whose API key was revoked; their calls end. Tokens of an identity provider cannot be revoked; they expire soon. */
export interface Revocations {
  /** Whether the API key was revoked while this server ran; a key revoked earlier is refused at authentication. */
  has(caller: string): boolean;
  /** Calls `end` when the caller's API key is revoked, or immediately if it already was. Returns the function that ends the watch. */
  watch(caller: string, end: () => void): () => void;
  /** Calls `onRevoked` once for every caller whose API key is revoked from now on. */
  each(onRevoked: (caller: string) => void): void;
}

export function openRevocations(keys: Pick<Keys, "onRevoked">): Revocations {
  // At most as many as there are API keys, which are created by hand; a revoked one never becomes valid again.
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
      // A function of its own, because two watches may have the same `end`.
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

/** Returns the failure for a call whose API key was revoked meanwhile. It reveals nothing about the results of the call. */
export function revokedMeanwhile(): Failure {
  return new Failure("access-denied", "The API key of this call was revoked, so the call was stopped.", {
    hint: "Ask an administrator for another API key. For a call that changes something, check in the audit log how far it came.",
  });
}
