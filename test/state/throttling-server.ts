import { expect } from "vitest";
import { openDatabase } from "../../src/state/postgres.ts";
import { openSharedBudgets } from "../../src/state/shared-budget.ts";
import { openRequestQueue } from "../../src/wire/throttling/request-queue.ts";
import { soon } from "../soon.ts";
import { temporaryState } from "./temporary.ts";

/** In milliseconds: what a request takes. */
const requestMs = 20;
/** In milliseconds: so long after the last refusal the processes may have learned what is allowed. */
const learnedAfterMs = 3000;
/** In milliseconds: how long it is measured what the processes use. */
const measureMs = 2500;

/** A server that turns away every request above what it allows. `most`: of which the processes may use all. */
interface Server {
  readonly name: string;
  readonly allows: { readonly inAll: number; readonly ofMailbox: number };
  readonly first: number;
  readonly most: number;
}

export const servers = [
  { name: "4 of an application", allows: { inAll: 4, ofMailbox: 4 }, first: 4, most: 8 },
  { name: "4 of each mailbox", allows: { inAll: Number.POSITIVE_INFINITY, ofMailbox: 4 }, first: 4, most: 8 },
  { name: "27 of an account", allows: { inAll: 27, ofMailbox: 27 }, first: 27, most: 27 },
] as const satisfies readonly Server[];

/** Runs so many processes against the server: until they use all that it allows, and then a while. Returns how many of their requests it turned away, and what part of the allowance they used. */
export async function useServer({ allows, first, most }: Server, count: number) {
  const folder = temporaryState();
  const opened = await Promise.all(
    Array.from({ length: count }, async () => {
      const database = await openDatabase(folder);
      const budgets = openSharedBudgets(database);
      return { database, budgets, queue: openRequestQueue((user) => budgets.join("an account", user)) };
    }),
  );
  let [running, asked, refused, refusedAt, busyMs, isOver] = [0, 0, 0, Number.NEGATIVE_INFINITY, 0, false];
  const ofMailbox = new Map<string, number>();
  const patience = { maxWaitMs: 60_000, maxConcurrency: most, maxPerMailbox: 4, firstConcurrency: first };
  const work = async (queue: (typeof opened)[number]["queue"], mailbox: string) => {
    while (!isOver) {
      const turn = await queue.waitForTurn(mailbox, patience);
      asked += 1;
      const own = ofMailbox.get(mailbox) ?? 0;
      if (running >= allows.inAll || own >= allows.ofMailbox) {
        refused += 1;
        refusedAt = performance.now();
        turn.end(false);
        queue.recordThrottledMailbox(mailbox);
        queue.pause(mailbox, 1000, { text: "The server is throttling", asked: true });
        continue;
      }
      running += 1;
      ofMailbox.set(mailbox, own + 1);
      const began = performance.now();
      await new Promise((resolve) => setTimeout(resolve, requestMs));
      busyMs += performance.now() - began;
      running -= 1;
      ofMailbox.set(mailbox, (ofMailbox.get(mailbox) ?? 1) - 1);
      turn.end(true);
    }
  };
  const all = opened.flatMap(({ queue }, process) =>
    Array.from({ length: 40 }, (_, at) => work(queue, `user${at}.${process}@example.com`)),
  );
  const free = Math.min(allows.inAll, most);
  // A server that allows less than the processes may use turns something away before they know.
  const mayKnow = () => (free < most ? refused > 0 : true) && performance.now() - refusedAt > learnedAfterMs;
  await soon(() => expect([running, mayKnow()]).toEqual([free, true]));
  busyMs = 0;
  const began = performance.now();
  await new Promise((resolve) => setTimeout(resolve, measureMs));
  const used = busyMs / (performance.now() - began) / free;
  isOver = true;
  await Promise.all(all);
  for (const { budgets, database } of opened) await budgets.close().then(() => database.close());
  await folder.remove();
  return { refused, asked, used };
}
