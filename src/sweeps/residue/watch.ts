import { setMaxListeners } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { Failure } from "../../failure.ts";
import { attempt } from "../../outcome.ts";
import type { Host } from "../../perform/perform.ts";
import type { State } from "../../state/state.ts";
import type { Arrivals, WatchedMailbox } from "../../state/sweep-watches.ts";
import type { Sweep } from "../../state/sweeps.ts";
import { parseJson } from "../../text/parse-json.ts";
import { canonicalJson } from "../canonical.ts";
import { type Facts, readFacts } from "../facts.ts";
import { type Header, readHeader } from "../header.ts";
import { lookInto } from "../look-into.ts";
import { prepare, type SweepOrder } from "../order.ts";
import { readKept } from "../outcome.ts";
import { residueFor } from "./kinds.ts";

/** What the looks for later arrivals need of a worker. */
export interface WatchWays {
  readonly state: State;
  /** Opens the connection of the sweep, as it was planned. Throws Failure. */
  open(sweep: Sweep, header: Header): Promise<{ readonly host: Host; readonly order: Omit<SweepOrder, "mailboxes"> }>;
  readonly signal: AbortSignal;
  complain(failure: Failure): void;
}

/** One process looks into so many mailboxes at a time. */
const lanes = 4;
/** How soon a mailbox that is due is seen. Milliseconds. */
const idleMs = 1000;
/** Mailboxes that one worker takes up together: as of the plan. */
export const chunkSize = 50;

/** Looks again in the mailboxes of sweeps that have finished, until the signal is given or `close` is called. */
export function openWatch(ways: WatchWays): { close(): Promise<void> } {
  const closing = new AbortController();
  const signal = AbortSignal.any([closing.signal, ways.signal]);
  // Each request that is under way listens to it.
  setMaxListeners(0, signal);
  const lane = async (isFirst: boolean) => {
    while (!signal.aborted) {
      const looked = await attempt(() => lookOnce({ ...ways, signal }, isFirst));
      if (!looked.ok) ways.complain(looked.failure);
      if (!looked.ok || !looked.value) await pause(idleMs, undefined, { signal }).catch(() => undefined);
    }
  };
  const running = Array.from({ length: lanes }, (_, at) => lane(at === 0));
  return {
    async close() {
      closing.abort();
      await Promise.all(running);
    },
  };
}

/** Whether there was a mailbox to look into. */
async function lookOnce(ways: WatchWays, isFirst: boolean): Promise<boolean> {
  const { state, complain } = ways;
  const { watches, work } = state.sweeps;
  // The others begin when the first has something to do.
  if (!(await watches.any())) return false;
  if (isFirst) await work.present();
  const box = await watches.claim();
  if (box === undefined) return false;
  const found = await attempt(() => lookAgain(box, ways));
  // A process that ends gives the mailbox back: otherwise its owner is dead, and another takes it.
  if (found.ok) await watches.looked(box, found.value, chunkSize);
  // This process ends: nothing was learnt of the mailbox.
  else if (found.failure.code === "cancelled") await watches.release(box);
  else {
    await watches.failed(box, `${found.failure.code}: ${found.failure.message}`);
    complain(found.failure);
  }
  return true;
}

/** What has arrived in one mailbox since the plan. Throws Failure where it was not looked into completely. */
async function lookAgain({ sweep: id, address }: WatchedMailbox, { state, open, signal }: WatchWays): Promise<Arrivals> {
  const sweep = await state.sweeps.get(id);
  const header = readHeader(parseJson(sweep.plan));
  const { later } = header;
  if (later === undefined) throw new Failure("internal", "The plan says nothing of later arrivals.");
  const { host, order } = await open(sweep, header);
  const whole: SweepOrder = { ...order, mailboxes: [address] };
  const residue = residueFor(order.action, prepare(whole).input, header.residue);
  const { targets, problems } = await lookInto(address, whole, residue, { ...host, signal });
  const [problem] = problems;
  if (problem !== undefined) throw new Failure(problem.code, `${address}: ${problem.message}`);
  const known = (await state.sweeps.watches.known(id, address)).map(({ facts, outcome }) => ({
    facts: readFacts(facts),
    movedTo: readKept(outcome).new_item_id,
  }));
  const fresh = targets.filter((target) => !known.some(({ facts, movedTo }) => movedTo === target.item_id || isSameTarget(facts, target)));
  const watch = await state.sweeps.watches.get(id);
  return withinLimit(fresh, Math.max(0, later.limit - (watch?.arrived ?? 0)));
}

/** Whether it is what the sweep knows already, be it that somebody has moved it meanwhile. */
function isSameTarget(known: Facts, now: Facts): boolean {
  if (known.item_id === now.item_id) return true;
  if (known.residue === "calendar" || now.residue === "calendar") return false;
  return (["internet_message_id", "subject", "from", "received_at", "size"] as const).every((name) => known[name] === now[name]);
}

/** As many messages as are left, with the calendar entries of these; what else they have left behind only where all of them are among them. */
export function withinLimit(fresh: readonly Facts[], left: number): Arrivals {
  const messages = fresh.filter(({ residue }) => residue === undefined);
  const taken = messages.slice(0, left);
  const isFull = messages.length > left;
  const ids = new Set(taken.map(({ item_id }) => item_id));
  const besides = fresh.filter(({ residue, of }) => residue !== undefined && (!isFull || (of !== undefined && ids.has(of))));
  return { facts: [...taken, ...besides].map((facts) => canonicalJson(facts)), messages: taken.length, isFull };
}
