import { setTimeout as pause } from "node:timers/promises";
import { omitUndefined } from "../../catalogue/common-fields.ts";
import { asFailure } from "../../failure.ts";
import type { State } from "../../state/state.ts";
import { counted } from "../../text/noun-count.ts";
import { type SweepAnswer, sweepAnswerOf } from "./sweep-answer.ts";

/** Progress of a sweep. */
export interface SweepProgress {
  readonly answer: SweepAnswer;
  /** Number of targets with a known outcome. */
  readonly ended: number;
  readonly all: number;
  readonly failed: number;
  /** Targets per minute since the caller began to follow. Absent until a target has ended. */
  readonly perMinute?: number;
  readonly secondsLeft?: number;
}

/**
 * Yields the progress of a sweep now and after each change, until `signal` aborts. While the database is unreachable, it waits and calls `away`.
 * Throws Failure.
 */
export async function* followSweep(
  state: State,
  id: string,
  signal: AbortSignal,
  everyMs: number,
  away?: () => void,
): AsyncGenerator<SweepProgress> {
  const began = performance.now();
  let first: number | undefined;
  let last = "";
  while (!signal.aborted) {
    try {
      const answer = await sweepAnswerOf(state, await state.sweeps.get(id));
      const progress = progressOf(answer, first, (performance.now() - began) / 60_000);
      first ??= progress.ended;
      const seen = JSON.stringify(answer);
      if (seen !== last) yield progress;
      last = seen;
    } catch (thrown) {
      if (asFailure(thrown).code !== "unreachable") throw thrown;
      away?.();
    }
    await pause(everyMs, undefined, { signal }).catch(() => undefined);
  }
}

function progressOf(answer: SweepAnswer, first: number | undefined, minutes: number): SweepProgress {
  const { waiting, unknown, done, failed, changed, gone, undone = 0, not_undone = 0, not_undoable = 0 } = answer.counts;
  const isUndo = answer.direction === "undo";
  const ended = isUndo ? undone + not_undone + not_undoable : done + failed + changed + gone;
  const all = isUndo ? done + unknown : waiting + unknown + ended;
  const rate = first === undefined || minutes === 0 ? 0 : (ended - first) / minutes;
  return omitUndefined({
    ...{ answer, ended, all, failed: isUndo ? not_undone : failed },
    perMinute: rate > 0 ? Math.round(rate) : undefined,
    secondsLeft: rate > 0 && answer.state === "running" ? Math.round(((all - ended) / rate) * 60) : undefined,
  });
}

/** Returns one line for a terminal: counts, rate, time left, and the reasons for waiting. */
export function progressText({ answer, ended, all, failed, perMinute, secondsLeft }: SweepProgress): string {
  const { waits = [], workers } = answer;
  return [
    `${ended} of ${counted(all, "message")}${failed > 0 ? `, ${failed} failed` : ""}`,
    ...(perMinute === undefined ? [] : [`${perMinute} a minute`]),
    ...(secondsLeft === undefined ? [] : [`${secondsLeft < 60 ? "less than a minute" : `${Math.ceil(secondsLeft / 60)} min`} left`]),
    ...(workers?.none_since === undefined ? [] : [`no worker has run since ${workers.none_since.slice(11, 19)}Z`]),
    ...waits.map(
      ({ mailboxes, reason, until }) =>
        `${counted(mailboxes, "mailbox waits", "mailboxes wait")} until ${until.slice(11, 19)}Z (${reason})`,
    ),
  ].join(", ");
}
