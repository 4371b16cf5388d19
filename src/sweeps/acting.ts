import type { Action } from "../catalogue/action-definition.ts";
import { asFailure, type FailureCode } from "../failure.ts";
import type { Host } from "../perform/perform.ts";
import type { Chunk, OpenTarget, SweepWork } from "../state/sweep-work.ts";
import { type Facts, readFacts } from "./facts.ts";

/** What one worker needs for one sweep. */
export interface Acting {
  readonly chunk: Chunk;
  readonly action: Action;
  readonly input: Readonly<Record<string, unknown>>;
  /** Its audit entries name the sweep. */
  readonly host: Host;
  readonly work: SweepWork;
  readonly worker: number;
}

/** A target with its facts read. */
export interface Work extends OpenTarget {
  readonly frozen: Facts;
}

export function withFacts(target: OpenTarget): Work {
  return { ...target, frozen: readFacts(target.facts) };
}

/** What was certainly not done, and may be possible in a while. */
const later: ReadonlySet<FailureCode> = new Set<FailureCode>([
  "busy",
  "timeout",
  "unreachable",
  "broken-reply",
  "not-attempted",
  "cancelled",
]);

export function isLater(code: FailureCode): boolean {
  return later.has(code);
}

/** The outcome of what was done must not be lost because the database is away for a while. */
export async function patiently(write: () => Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await write();
    } catch (thrown) {
      // Whoever takes up the mailbox next looks what became of it.
      if (tries >= 60 || signal?.aborted === true || asFailure(thrown).code !== "unreachable") throw thrown;
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}
