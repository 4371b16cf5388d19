import { omitUndefined } from "../../catalogue/common-fields.ts";
import type { State } from "../../state/state.ts";
import type { Sweep } from "../../state/sweeps.ts";
import { parseJson } from "../../text/parse-json.ts";
import { readHeader } from "../header.ts";
import { sweepDocument } from "../sweeps.ts";

export type SweepDocument = ReturnType<typeof sweepDocument>;
export type SweepAnswer = Awaited<ReturnType<typeof answerOf>>;

/** A sweep as it is now. It is a success if no target has failed, differs from the plan or has an unknown state. */
export async function answerOf(state: State, sweep: Sweep, said?: string) {
  const document = sweepDocument(sweep, readHeader(parseJson(sweep.plan)), await state.sweeps.tally(sweep.id));
  const { waiting, unknown, done, failed, changed, gone, undone = 0, not_undone = 0, not_undoable = 0 } = document.counts;
  const undo = sweep.direction === "undo" ? ` Undone: ${undone}, not undone: ${not_undone}, cannot be undone: ${not_undoable}.` : "";
  const counts = `Done: ${done}, failed: ${failed}, changed since the plan: ${changed}, gone: ${gone}, waiting: ${waiting + unknown}.${undo}`;
  const live = sweep.state === "running" ? await liveOf(state, sweep) : undefined;
  const message = [said ?? `The sweep ${sweep.id} is ${sweep.state}.`, counts, ...(live?.sentences ?? [])].join(" ");
  const left = sweep.direction === "act" ? failed + changed : failed + not_undone;
  const success = left === 0 && (sweep.state !== "finished" || unknown === 0);
  return { success, message, ...document, ...omitUndefined({ workers: live?.workers, waits: live?.waits }) };
}

/** Who works on a sweep that runs, and what it waits for. */
async function liveOf(state: State, { id, begunAt }: Sweep) {
  const [waits, { working, seenAt }] = await Promise.all([state.sweeps.waiting(id), state.sweeps.presence()]);
  // Nobody has worked on a sweep before it began.
  const since = seenAt !== undefined && begunAt !== undefined && seenAt < begunAt ? begunAt : (seenAt ?? begunAt);
  const noneSince = working > 0 ? undefined : since?.toISOString();
  return {
    workers: omitUndefined({ working, none_since: noneSince }),
    waits:
      waits.length === 0 ? undefined : waits.map(({ mailboxes, reason, until }) => ({ mailboxes, reason, until: until.toISOString() })),
    sentences: [
      ...(noneSince === undefined ? [] : [`No worker has run since ${noneSince}: start mailcordon worker or mailcordon serve.`]),
      ...waits.map(({ mailboxes, reason }) => `${mailboxes} ${mailboxes === 1 ? "mailbox waits" : "mailboxes wait"}: ${reason}`),
    ],
  };
}
