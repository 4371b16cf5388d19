import type { Action } from "../catalogue/action-definition.ts";
import { asFailure, type FailureCode } from "../failure.ts";
import type { Host } from "../perform/perform.ts";
import type { Chunk, OpenTarget, SweepWork } from "../state/sweep-work.ts";
import { readFacts, type TargetFacts } from "./target-facts.ts";

/** Everything that one worker needs for one sweep. */
export interface SweepRun {
  readonly chunk: Chunk;
  readonly action: Action;
  readonly input: Readonly<Record<string, unknown>>;
  /** Adds the id of the sweep to each audit entry. */
  readonly host: Host;
  readonly work: SweepWork;
  readonly worker: number;
}

/** A target with its facts parsed. */
export interface PlannedTarget extends OpenTarget {
  readonly frozen: TargetFacts;
}

export function readTarget(target: OpenTarget): PlannedTarget {
  return { ...target, frozen: readFacts(target.facts) };
}

/** Failures after which nothing was changed and a later try may succeed. */
const retryableCodes: ReadonlySet<FailureCode> = new Set<FailureCode>([
  "busy",
  "timeout",
  "unreachable",
  "broken-reply",
  "not-attempted",
  "cancelled",
]);

export function isRetryable(code: FailureCode): boolean {
  return retryableCodes.has(code);
}

/** Retries `write` for a minute while the database cannot be reached: the outcome of a change must not be lost. */
export async function retryWhileDatabaseIsAway(write: () => Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await write();
    } catch (thrown) {
      // The next worker that claims the mailbox searches it for the target.
      if (tries >= 60 || signal?.aborted === true || asFailure(thrown).code !== "unreachable") throw thrown;
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}
