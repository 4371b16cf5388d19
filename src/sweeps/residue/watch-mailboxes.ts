import { setMaxListeners } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { Failure } from "../../failure.ts";
import { attempt } from "../../outcome.ts";
import type { Host } from "../../perform/perform.ts";
import type { State } from "../../state/state.ts";
import type { Sweep } from "../../state/sweep-store.ts";
import type { Arrivals, WatchedMailbox } from "../../state/sweep-watches.ts";
import { parseJson } from "../../text/parse-json.ts";
import { canonicalJson } from "../canonical-json.ts";
import { readKeptOutcome } from "../kept-outcome.ts";
import { type PlanHeader, readPlanHeader } from "../plan-header.ts";
import { planMailbox } from "../plan-mailbox.ts";
import { prepareInput, type SweepSpec } from "../sweep-spec.ts";
import { readFacts, type TargetFacts } from "../target-facts.ts";
import { residueFor } from "./residue-kinds.ts";

/** The worker's parts that the watch for later arrivals needs. */
export interface WatchOptions {
  readonly state: State;
  /** Opens the connection of the plan. Throws Failure. */
  open(sweep: Sweep, header: PlanHeader): Promise<{ readonly host: Host; readonly order: Omit<SweepSpec, "mailboxes"> }>;
  readonly signal: AbortSignal;
  complain(failure: Failure): void;
}

/** Mailboxes that one process searches at a time. */
const mailboxesAtOnce = 4;
/** Time between two checks for a due mailbox. Milliseconds. */
const idleMs = 1000;
/** Mailboxes in one chunk, the same number as in a plan. */
export const chunkSize = 50;

/** Searches the mailboxes of finished sweeps for later arrivals, until the signal aborts or the caller calls `close`. */
export function watchMailboxes(options: WatchOptions): { close(): Promise<void> } {
  const closing = new AbortController();
  const signal = AbortSignal.any([closing.signal, options.signal]);
  // Each running request adds a listener.
  setMaxListeners(0, signal);
  const lookUntilClosed = async (isFirst: boolean) => {
    while (!signal.aborted) {
      const looked = await attempt(() => lookInNextMailbox({ ...options, signal }, isFirst));
      if (!looked.ok) options.complain(looked.failure);
      if (!looked.ok || !looked.value) await pause(idleMs, undefined, { signal }).catch(() => undefined);
    }
  };
  const running = Array.from({ length: mailboxesAtOnce }, (_, at) => lookUntilClosed(at === 0));
  return {
    async close() {
      closing.abort();
      await Promise.all(running);
    },
  };
}

/** Searches the next due mailbox. Returns false if there is none. */
async function lookInNextMailbox(options: WatchOptions, isFirst: boolean): Promise<boolean> {
  const { state, complain } = options;
  const { watches, work } = state.sweeps;
  // Without an active watch there is nothing to claim.
  if (!(await watches.hasActive())) return false;
  if (isFirst) await work.recordPresence();
  const claimed = await watches.claimMailbox();
  if (claimed === undefined) return false;
  const found = await attempt(() => findArrivals(claimed, options));
  // Release the mailbox in every case. If this process dies first, another one takes the mailbox over.
  if (found.ok) await watches.recordLook(claimed, found.value, chunkSize);
  // This process is ending: the search says nothing about the mailbox.
  else if (found.failure.code === "cancelled") await watches.releaseMailbox(claimed);
  else {
    await watches.recordFailedLook(claimed, `${found.failure.code}: ${found.failure.message}`);
    complain(found.failure);
  }
  return true;
}

/** Finds messages that arrived in one mailbox since the plan. Throws Failure if it was not searched completely. */
async function findArrivals({ sweep: id, address }: WatchedMailbox, { state, open, signal }: WatchOptions): Promise<Arrivals> {
  const sweep = await state.sweeps.get(id);
  const header = readPlanHeader(parseJson(sweep.plan));
  const { later } = header;
  if (later === undefined) throw new Failure("internal", "The plan says nothing of later arrivals.");
  const { host, order: spec } = await open(sweep, header);
  const whole: SweepSpec = { ...spec, mailboxes: [address] };
  const residue = residueFor(spec.action, prepareInput(whole).input, header.residue);
  const { targets, problems } = await planMailbox(address, whole, residue, { ...host, signal });
  const [problem] = problems;
  if (problem !== undefined) throw new Failure(problem.code, `${address}: ${problem.message}`);
  const known = (await state.sweeps.watches.knownTargets(id, address)).map(({ facts, outcome }) => ({
    facts: readFacts(facts),
    movedTo: readKeptOutcome(outcome).new_item_id,
  }));
  const fresh = targets.filter((target) => !known.some(({ facts, movedTo }) => movedTo === target.item_id || isSameTarget(facts, target)));
  const watch = await state.sweeps.watches.get(id);
  return withinLimit(fresh, Math.max(0, later.limit - (watch?.arrived ?? 0)));
}

/** Returns whether the sweep knows this message already, even if somebody has moved it meanwhile. */
function isSameTarget(known: TargetFacts, now: TargetFacts): boolean {
  if (known.item_id === now.item_id) return true;
  if (known.residue === "calendar" || now.residue === "calendar") return false;
  return (["internet_message_id", "subject", "from", "received_at", "size"] as const).every((name) => known[name] === now[name]);
}

/** Returns as many messages as the limit still allows, with their calendar entries. Other residue is included only if every message is. */
export function withinLimit(fresh: readonly TargetFacts[], left: number): Arrivals {
  const messages = fresh.filter(({ residue }) => residue === undefined);
  const taken = messages.slice(0, left);
  const isFull = messages.length > left;
  const ids = new Set(taken.map(({ item_id }) => item_id));
  const besides = fresh.filter(({ residue, of }) => residue !== undefined && (!isFull || (of !== undefined && ids.has(of))));
  return { facts: [...taken, ...besides].map((facts) => canonicalJson(facts)), messages: taken.length, isFull };
}
