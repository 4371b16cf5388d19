import { setTimeout as pause } from "node:timers/promises";
import type { Action } from "../catalogue/action-definition.ts";
import { asFailure, type Failure } from "../failure.ts";
import { attempt } from "../outcome.ts";
import type { Host } from "../perform/perform.ts";
import type { State } from "../state/state.ts";
import type { Chunk, Claimed } from "../state/sweep-work.ts";
import type { Sweep } from "../state/sweeps.ts";
import { parseJson } from "../text/parse-json.ts";
import { actOnMailbox } from "./act.ts";
import type { Acting } from "./acting.ts";
import { type ConnectionFacts, demandConnection, type Header, readHeader } from "./header.ts";
import { openWatch } from "./residue/watch.ts";
import { undoInMailbox } from "./undo.ts";

/** What a worker opens for a connection of its settings. */
export interface WorkerHost {
  readonly host: Host;
  readonly connection: ConnectionFacts;
}

export interface WorkerWays {
  readonly state: State;
  /** `within`: what it may reach, for each who has decided on the sweep. Throws Failure for a connection that this machine's settings do not have. */
  open(connection: string, within: readonly (readonly string[] | undefined)[]): Promise<WorkerHost>;
  loadAction(name: string): Promise<Action>;
  readonly signal: AbortSignal;
  complain(failure: Failure): void;
  /** Mailboxes of one chunk that are worked on at a time: how many requests that may be is the connection's to schedule. */
  readonly atOnce?: number | undefined;
}

/** One process takes up so many chunks at a time: while one waits for slow mailboxes, another goes on. */
const chunksAtOnce = 2;
/** What failed for now is tried again after so long, and after twice as long each time. Milliseconds. */
const retryMs = 2000;
/** A chunk waits no longer for a mailbox that is due later: it is brought to the queue again. Milliseconds. */
const longestWaitMs = 10_000;
/** When it is told to stop, what was begun has so long to end. Milliseconds. */
const graceMs = 20_000;

/** Takes up chunks of all sweeps until the signal is given. Throws Failure when it cannot start. */
export async function openWorker(ways: WorkerWays): Promise<{ close(): Promise<void> }> {
  const { state, signal, complain } = ways;
  const dispatch = await state.dispatch(chunksAtOnce, (chunk) => runChunk(chunk, ways), complain);
  const watch = openWatch({
    ...{ state, signal, complain },
    async open(sweep, header) {
      const host = await openFor(sweep, header, ways);
      const { find, input, limits } = header;
      const order = { internetMessageIds: find.internet_message_id, query: find.query, input, limits };
      return { host, order: { ...order, action: await ways.loadAction(header.action) } };
    },
  });
  return {
    async close() {
      await Promise.all([watch.close(), dispatch.close(graceMs)]);
    },
  };
}

/** What actions work with in a sweep: their audit entries name it, and what it may reach is what those may who have decided on it. Throws Failure. */
async function openFor(sweep: Sweep, header: Header, { open, signal }: WorkerWays): Promise<Host> {
  const { host, connection } = await open(sweep.connection, [sweep.plannedWithin, sweep.begunWithin]);
  demandConnection(header.connection, connection);
  return {
    ...host,
    signal,
    actor: (sweep.direction === "undo" ? sweep.undoBegunBy : sweep.begunBy) ?? sweep.plannedBy,
    confirm: async () => true,
    audit: host.audit && { ...host.audit, append: (entry) => host.audit?.append({ ...entry, sweep: sweep.id }) ?? Promise.resolve() },
  };
}

/** Works on the mailboxes of a chunk that nobody else works on, until none is left that is due soon. */
export async function runChunk(chunk: Chunk, ways: WorkerWays): Promise<void> {
  const { state, signal, complain, atOnce = 8 } = ways;
  const { work } = state.sweeps;
  const sweep = await state.sweeps.get(chunk.sweep);
  if (sweep.state !== "running" || sweep.round !== chunk.round || signal.aborted) return;
  const header = readHeader(parseJson(sweep.plan));
  const found = await attempt(() => openFor(sweep, header, ways));
  if (!found.ok) {
    // Another process may have the connection: it takes the chunk up meanwhile.
    await pause(longestWaitMs, undefined, { signal }).catch(() => undefined);
    throw found.failure;
  }
  const host = found.value;
  const acting: Acting = {
    chunk,
    action: await ways.loadAction(header.action),
    input: header.input,
    host,
    work,
    worker: state.instance,
  };
  const one = async (box: Claimed) => {
    const worked = await attempt(() => (sweep.direction === "act" ? actOnMailbox(box, acting) : undoInMailbox(box, acting)));
    const failure = worked.ok ? worked.value : worked.failure;
    if (failure !== undefined && failure.code !== "cancelled") complain(failure);
    await work.release(sweep.id, box.number, sweep.direction, later(failure, box.tries));
  };
  const later = (failure: Failure | undefined, tries: number) =>
    failure === undefined ? undefined : { ms: retryMs * 2 ** Math.min(tries, 5), reason: `${failure.code}: ${failure.message}` };
  const lane = async () => {
    while (!signal.aborted) {
      const box = await work.claim(chunk);
      if (box !== undefined) {
        await one(box);
        continue;
      }
      const due = await work.due(chunk);
      if (due === undefined || due > longestWaitMs) return;
      await pause(Math.max(due, 50), undefined, { signal }).catch(() => undefined);
    }
  };
  const ended = await Promise.all(Array.from({ length: atOnce }, () => attempt(lane)));
  await work.finish(sweep.id, chunk.round);
  const failure = ended.flatMap((lane) => (lane.ok ? [] : [lane.failure]))[0];
  if (failure !== undefined) throw asFailure(failure);
}
