import type { Failure, FailureCode } from "../../failure.ts";
import { attempt, failed, type Outcome } from "../../outcome.ts";

/** After these the next request would fail the same way. */
const fatalCodes: ReadonlySet<FailureCode> = new Set<FailureCode>(["unauthenticated", "tls-failed", "unreachable"]);

/** For what is more than one request each. What `work` throws is its own Failure, until it is hopeless; `cancelled` is thrown. */
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
