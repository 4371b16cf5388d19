import { setTimeout as pause } from "node:timers/promises";
import type { Action } from "../catalogue/action-definition.ts";
import { eachAtPace, mailboxesAtATime } from "../exchange/pace.ts";
import type { Failure } from "../failure.ts";
import { attempt, type Outcome } from "../outcome.ts";
import type { Host } from "../perform/perform.ts";
import type { State } from "../state/state.ts";
import type { Sweep } from "../state/sweep-store.ts";
import type { Chunk, ClaimedMailbox } from "../state/sweep-work.ts";
import { parseJson } from "../text/parse-json.ts";
import { actOnMailbox } from "./act-on-mailbox.ts";
import { type ConnectionFacts, demandConnection, type PlanHeader, readPlanHeader } from "./plan-header.ts";
import { watchMailboxes } from "./residue/watch-mailboxes.ts";
import type { SweepRun } from "./sweep-run.ts";
import { undoInMailbox } from "./undo-in-mailbox.ts";

/** An open connection of the worker's settings. */
export interface WorkerHost {
  readonly host: Host;
  readonly connection: ConnectionFacts;
}

export interface WorkerOptions {
  readonly state: State;
  /**
   * Opens a connection that reaches only the mailboxes in `within`: one list for each caller who decided on the sweep. Throws Failure if the settings of
   * this machine lack the connection.
   */
  open(connection: string, within: readonly (readonly string[] | undefined)[]): Promise<WorkerHost>;
  loadAction(name: string): Promise<Action>;
  readonly signal: AbortSignal;
  complain(failure: Failure): void;
}

/** Chunks that one process runs at a time: while one waits for slow mailboxes, another continues. */
const chunksAtOnce = 2;
/** Wait before the first retry of a mailbox; each further wait is twice as long. Milliseconds. */
const retryMs = 2000;
/** Longest wait of a chunk for a mailbox that is due later; after it the chunk returns to the queue. Milliseconds. */
const longestWaitMs = 10_000;
/** Time that running work has to end after the worker was told to stop. Milliseconds. */
const graceMs = 20_000;

/** Runs chunks of all sweeps until the signal aborts. Throws Failure if the worker cannot start. */
export async function openWorker(options: WorkerOptions): Promise<{ close(): Promise<void> }> {
  const { state, signal, complain } = options;
  const dispatch = await state.dispatch(chunksAtOnce, (chunk) => runChunk(chunk, options), complain);
  const watch = watchMailboxes({
    ...{ state, signal, complain },
    async open(sweep, header) {
      const host = await openFor(sweep, header, options);
      const { find, input, limits } = header;
      const order = { internetMessageIds: find.internet_message_id, query: find.query, input, limits };
      return { host, order: { ...order, action: await options.loadAction(header.action) } };
    },
  });
  return {
    async close() {
      await Promise.all([watch.close(), dispatch.close(graceMs)]);
    },
  };
}

/**
 * Opens the connection of a sweep. Audit entries name the sweep, and the connection reaches only mailboxes that every caller who decided on the sweep may
 * reach. Throws Failure.
 */
async function openFor(sweep: Sweep, header: PlanHeader, { open, signal }: WorkerOptions): Promise<Host> {
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

/** Claims and runs the mailboxes of a chunk until none is due soon. */
export async function runChunk(chunk: Chunk, options: WorkerOptions): Promise<void> {
  const { state, signal, complain } = options;
  const { work } = state.sweeps;
  const sweep = await state.sweeps.get(chunk.sweep);
  if (sweep.state !== "running" || sweep.round !== chunk.round || signal.aborted) return;
  const header = readPlanHeader(parseJson(sweep.plan));
  const opened = await attempt(() => openFor(sweep, header, options));
  if (!opened.ok) {
    // Wait, so that a process whose settings have the connection can take the chunk.
    await pause(longestWaitMs, undefined, { signal }).catch(() => undefined);
    throw opened.failure;
  }
  const host = opened.value;
  const run: SweepRun = {
    chunk,
    action: await options.loadAction(header.action),
    input: header.input,
    host,
    work,
    worker: state.instance,
  };
  const workOnMailbox = async (mailbox: ClaimedMailbox) => {
    const worked = await attempt(() => (sweep.direction === "act" ? actOnMailbox(mailbox, run) : undoInMailbox(mailbox, run)));
    const failure = worked.ok ? worked.value : worked.failure;
    if (failure !== undefined && failure.code !== "cancelled") complain(failure);
    await work.releaseMailbox(sweep.id, mailbox.number, sweep.direction, retryAfter(failure, mailbox.tries));
  };
  const retryAfter = (failure: Failure | undefined, tries: number) =>
    failure === undefined ? undefined : { ms: retryMs * 2 ** Math.min(tries, 5), reason: `${failure.code}: ${failure.message}` };
  /** Yields mailboxes that are due soon and have no owner. */
  async function* claimedMailboxes(): AsyncGenerator<ClaimedMailbox> {
    while (!signal.aborted) {
      const mailbox = await work.claimMailbox(chunk);
      if (mailbox !== undefined) {
        yield mailbox;
        continue;
      }
      const due = await work.msUntilDue(chunk);
      if (due === undefined || due > longestWaitMs) return;
      await pause(Math.max(due, 50), undefined, { signal }).catch(() => undefined);
    }
  }
  const pace = () => mailboxesAtATime(host.exchange.atATime());
  let foundNone: boolean;
  let ended: Outcome<void>;
  do {
    foundNone = true;
    ended = await attempt(() =>
      eachAtPace(claimedMailboxes(), pace, (mailbox) => {
        // When it has ended it may be due again.
        foundNone = false;
        return workOnMailbox(mailbox);
      }),
    );
  } while (ended.ok && !foundNone);
  await work.finishSweep(sweep.id, chunk.round);
  if (!ended.ok) throw ended.failure;
}
