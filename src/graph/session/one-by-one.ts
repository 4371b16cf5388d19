import type { Failure, FailureCode } from "../../failure.ts";
import { attempt, failed, type Outcome } from "../../outcome.ts";

/** After these failures the next request would fail in the same way. */
const fatalCodes: ReadonlySet<FailureCode> = new Set<FailureCode>(["unauthenticated", "tls-failed", "unreachable"]);

/**
 * Runs `work` for one input at a time, for operations of several requests. A Failure that `work` throws becomes the Outcome of its input, until one
 * is fatal; `cancelled` is thrown.
 */
export async function* oneByOne<In, Out>(inputs: readonly In[], work: (input: In) => Promise<Out>): AsyncIterable<Outcome<Out>> {
  let end: Failure | undefined;
  for (const input of inputs) {
    if (end !== undefined) {
      yield failed(end);
      continue;
    }
    const outcome = await attempt(() => work(input));
    if (!outcome.ok && outcome.failure.code === "cancelled") throw outcome.failure;
    if (!outcome.ok && fatalCodes.has(outcome.failure.code)) end = outcome.failure;
    yield outcome;
  }
}
