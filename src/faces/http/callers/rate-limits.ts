import { createHash } from "node:crypto";
import { networkOf } from "./client-network.ts";

/** Maximum number of operations at a time. */
export interface ConcurrencyLimit {
  /** Takes a place and returns the function that releases it; undefined if there is none. */
  take(): (() => void) | undefined;
  readonly taken: number;
}

export function openConcurrencyLimit(most: number): ConcurrencyLimit {
  let taken = 0;
  return {
    take() {
      if (taken >= most) return undefined;
      taken += 1;
      let given = false;
      return () => {
        if (!given) taken -= 1;
        given = true;
      };
    },
    get taken() {
      return taken;
    },
  };
}

/** Maximum number of operations at a time over all callers; no caller can take the places that others need. */
export interface ConcurrencyShares {
  /** Takes a place for `caller` and returns the function that releases it; undefined if there is none. `urgent` operations may use the reserve. */
  take(caller: string, urgent: boolean): (() => void) | undefined;
  /** Returns whether `take` would find a place now. */
  hasRoom(caller: string, urgent: boolean): boolean;
}

/**
 * Divides `most` places. A quarter is reserved for urgent operations. Without the reserve, one caller may use at most half of all places, so that others
 * always find one; with the reserve, one more quarter, so that its reads do not block its urgent operations.
 */
export function openConcurrencyShares(most: number): ConcurrencyShares {
  const reserve = Math.floor(most / 4);
  const half = Math.ceil(most / 2);
  const byCaller = new Map<string, number>();
  let taken = 0;
  const hasRoom = (caller: string, urgent: boolean) => {
    const more = urgent ? reserve : 0;
    return taken < most - reserve + more && (byCaller.get(caller) ?? 0) < half + more;
  };
  return {
    hasRoom,
    take(caller, urgent) {
      if (!hasRoom(caller, urgent)) return undefined;
      taken += 1;
      byCaller.set(caller, (byCaller.get(caller) ?? 0) + 1);
      let given = false;
      return () => {
        if (given) return;
        given = true;
        taken -= 1;
        const left = (byCaller.get(caller) ?? 0) - 1;
        if (left > 0) byCaller.set(caller, left);
        else byCaller.delete(caller);
      };
    },
  };
}

/** Addresses that failed to authenticate; addresses of one network (`networkOf`) count as one. */
export interface FailureLimit {
  /** Seconds until the address may try again; 0 when it may now. */
  blockedFor(address: string): number;
  /** One failure more. */
  note(address: string): void;
}

/** More failures than this per minute are a mistake or an attack; a person who mistypes causes fewer. */
const failuresAtOnce = 10;
const windowMs = 60_000;
/** Maximum number of remembered addresses, so nobody can fill the memory; the one that failed longest ago is forgotten first. */
const mostAddresses = 10_000;

/** Opens a limit with one bucket per network, which holds ten failures and empties within a minute. */
export function openFailureLimit(now: () => number = Date.now): FailureLimit {
  const failed = new Map<string, { level: number; at: number }>();
  const levelOf = (network: string): number => {
    const bucket = failed.get(network);
    if (bucket === undefined) return 0;
    return Math.max(0, bucket.level - ((now() - bucket.at) * failuresAtOnce) / windowMs);
  };
  return {
    blockedFor(address) {
      const over = levelOf(networkOf(address)) - failuresAtOnce + 1;
      return over <= 0 ? 0 : Math.ceil((over * windowMs) / failuresAtOnce / 1000);
    },
    note(address) {
      const network = networkOf(address);
      const level = levelOf(network) + 1;
      failed.delete(network);
      failed.set(network, { level, at: now() });
      const [oldest] = failed.size > mostAddresses ? failed.keys() : [];
      if (oldest !== undefined) failed.delete(oldest);
    },
  };
}

/** Which credentials succeeded from which network. Only hashes are kept. */
export interface ProvenClients {
  has(address: string, authorization: string | undefined): boolean;
  add(address: string, authorization: string | undefined): void;
  forget(address: string, authorization: string | undefined): void;
}

/** Remembers up to `mostAddresses`; the one that was added longest ago is forgotten first. */
export function openProvenClients(): ProvenClients {
  const marks = new Set<string>();
  const markOf = (address: string, authorization = "") =>
    createHash("sha256")
      .update(`${networkOf(address)}\n${authorization}`)
      .digest("base64");
  return {
    has: (address, authorization) => marks.has(markOf(address, authorization)),
    add(address, authorization) {
      marks.add(markOf(address, authorization));
      const [oldest] = marks.size > mostAddresses ? marks : [];
      if (oldest !== undefined) marks.delete(oldest);
    },
    forget: (address, authorization) => void marks.delete(markOf(address, authorization)),
  };
}
