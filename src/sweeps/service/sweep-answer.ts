import { omitUndefined } from "../../catalogue/common-fields.ts";
import type { State } from "../../state/state.ts";
import type { Sweep } from "../../state/sweep-store.ts";
import type { WatchEnd } from "../../state/sweep-watches.ts";
import { counted } from "../../text/noun-count.ts";
import { parseJson } from "../../text/parse-json.ts";
import { readPlanHeader } from "../plan-header.ts";
import { sweepDocument } from "../sweep-lifecycle.ts";

export type SweepDocument = ReturnType<typeof sweepDocument>;
export type SweepAnswer = Awaited<ReturnType<typeof sweepAnswerOf>>;

/** Maximum number of readings of a status that changes meanwhile. */
const mostReadings = 5;

/** Returns the current state of a sweep. `success` means that no target failed, differs from the plan or has an unknown outcome. */
export async function sweepAnswerOf(state: State, sweep: Sweep, headline?: string) {
  let answer = await readAnswer(state, sweep, headline);
  // Several queries are not a snapshot: a later arrival may start another round between them. The answer would then mix a new state with old numbers.
  for (let readings = 1, before = sweep; readings < mostReadings; readings += 1) {
    const now = await state.sweeps.get(sweep.id);
    if (now.round === before.round && now.state === before.state && now.direction === before.direction) break;
    before = now;
    answer = await readAnswer(state, now, headline);
  }
  return answer;
}

async function readAnswer(state: State, sweep: Sweep, headline: string | undefined) {
  const document = sweepDocument(sweep, readPlanHeader(parseJson(sweep.plan)), await state.sweeps.tally(sweep.id));
  const {
    waiting,
    unknown,
    done,
    failed,
    changed,
    gone,
    undone = 0,
    not_undone = 0,
    not_undoable = 0,
    restored_copies = 0,
  } = document.counts;
  const copies =
    restored_copies === 0 ? "" : ` (${counted(restored_copies, "of them is a copy", "of them are copies")} restored from evidence)`;
  const undo =
    sweep.direction === "undo" ? ` Undone: ${undone}${copies}, not undone: ${not_undone}, cannot be undone: ${not_undoable}.` : "";
  const counts = `Done: ${done}, failed: ${failed}, changed since the plan: ${changed}, gone: ${gone}, waiting: ${waiting + unknown}.${undo}`;
  const live = sweep.state === "running" ? await liveOf(state, sweep) : undefined;
  const watch = document.later === undefined ? undefined : await watchOf(state, sweep);
  const message = [headline ?? stateSentence(sweep), counts, ...(live?.sentences ?? []), ...(watch?.sentences ?? [])].join(" ");
  const left = sweep.direction === "act" ? failed + changed : failed + not_undone;
  const success = left === 0 && (sweep.state !== "finished" || unknown === 0);
  return { success, message, ...document, ...omitUndefined({ workers: live?.workers, waits: live?.waits, watch: watch?.watch }) };
}

function stateSentence({ id, direction, state, endedState }: Sweep): string {
  if (direction === "act") return `The sweep ${id} is ${state}.`;
  return `The undo of the sweep ${id} is ${state}.${endedState === undefined ? "" : ` The sweep itself was ${endedState}.`}`;
}

/** Returns the workers of a running sweep, and the mailboxes that wait. */
async function liveOf(state: State, { id, begunAt: runBegunAt, undoBegunAt: begunAt = runBegunAt }: Sweep) {
  const [waits, { working, seenAt }] = await Promise.all([state.sweeps.waiting(id), state.sweeps.presence()]);
  const noneSince = working > 0 ? undefined : lastWorkedAt(seenAt, begunAt)?.toISOString();
  return {
    workers: omitUndefined({ working, none_since: noneSince }),
    waits:
      waits.length === 0 ? undefined : waits.map(({ mailboxes, reason, until }) => ({ mailboxes, reason, until: until.toISOString() })),
    sentences: [
      ...(noneSince === undefined ? [] : [`No worker has run since ${noneSince}: start mailcordon worker or mailcordon serve.`]),
      ...waits.map(({ mailboxes, reason }) => `${counted(mailboxes, "mailbox waits", "mailboxes wait")}: ${reason}`),
    ],
  };
}

/** Returns the time since when no worker has run; at the earliest, when the sweep began. */
function lastWorkedAt(seenAt: Date | undefined, begunAt: Date | undefined): Date | undefined {
  return seenAt !== undefined && begunAt !== undefined && seenAt < begunAt ? begunAt : (seenAt ?? begunAt);
}

const endings: Readonly<Record<WatchEnd | "time", string>> = {
  time: "Its time is over.",
  limit: "More messages arrived than the limit for later arrivals: those beyond it were left alone.",
  pause: "It was paused.",
  cancel: "It was cancelled.",
  undo: "The sweep was undone.",
};

/** Returns the state of the watch for later arrivals; undefined before the sweep began. */
async function watchOf(state: State, { id, state: now, begunAt }: Sweep) {
  const watch = await state.sweeps.watches.get(id);
  if (watch === undefined || now === "planned" || now === "approved") return undefined;
  const { until, arrived, failing, problem, endedAt, endedWhy, lookedAt } = watch;
  const ended = endedWhy ?? (until.getTime() <= Date.now() ? ("time" as const) : undefined);
  const { working, seenAt } = await state.sweeps.presence();
  const noneSince = ended === undefined && working === 0 ? lastWorkedAt(seenAt, begunAt)?.toISOString() : undefined;
  return {
    watch: omitUndefined({
      until: until.toISOString(),
      arrived,
      all_looked_at: lookedAt?.toISOString(),
      ended,
      ended_at: ended === "time" ? until.toISOString() : endedAt?.toISOString(),
      no_worker_since: noneSince,
      failing: failing > 0 ? failing : undefined,
      problem,
    }),
    sentences: [
      `Arrived later: ${arrived}.`,
      ended === undefined ? `It looks again until ${until.toISOString()}.` : `It looks no more. ${endings[ended]}`,
      ...(noneSince === undefined ? [] : [`No worker has looked since ${noneSince}: start mailcordon worker or mailcordon serve.`]),
      ...(failing > 0 ? [`${counted(failing, "mailbox")} could not be looked into again: ${problem ?? ""}`] : []),
    ],
  };
}
