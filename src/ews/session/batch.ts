import { asFailure, Failure, type FailureCode } from "../../failure.ts";
import { attempt, done, failed, type Outcome } from "../../outcome.ts";
import type { RequestTurn } from "../../wire/throttling/request-queue.ts";
import type { RepeatSafety } from "../../wire/throttling/retry-safety.ts";
import { certainlyNotDone, isThrottled, reported, unanswered } from "../failures.ts";
import type { Operation } from "../operation.ts";
import { isRepeatable, type RequestSender, slowDown, waitForTurn } from "./retry.ts";

/**
 * Number of ids per request. Microsoft documents no limit. The throttling budget is checked after each item, and other clients have sent 100 for
 * years (exchangelib's chunk size).
 */
export const defaultBatchSize = 100;

/** The context in which a batch is sent. */
export interface BatchRequest<Id, In, Out> {
  readonly operation: Operation<In, Out>;
  readonly input: (ids: readonly Id[]) => In;
  readonly sender: RequestSender;
}

/** After these failures the next request would fail in the same way, and retrying a wrong password would lock the account. */
const fatalCodes: ReadonlySet<FailureCode> = new Set<FailureCode>(["unauthenticated", "tls-failed", "unreachable"]);

/**
 * Sends requests for many ids in batches and returns as many Outcomes as ids, in their order. Repeats only failed items, and only if the server
 * reports that they were not done or if doing them twice is harmless. Throws only Failure `cancelled`.
 */
export function requestEach<Id, In, Out>(
  requested: BatchRequest<Id, In, Out>,
  ids: readonly Id[],
  batchSize = defaultBatchSize,
): AsyncIterable<Outcome<Out>> {
  const { call } = requested.sender;
  return inBatches(ids, batchSize, (batch, start) => {
    if (start > 0) call.progress?.(`${requested.operation.name}: ${start} of ${ids.length}`);
    return requestBatch(requested, batch);
  });
}

/** Runs `ask` for batches of ids until a fatal failure. The remaining ids then get that failure without a request. */
export async function* inBatches<Id, Out>(
  ids: readonly Id[],
  batchSize: number,
  ask: (batch: readonly Id[], start: number) => Promise<readonly Outcome<Out>[]>,
): AsyncIterable<Outcome<Out>> {
  let end: Failure | undefined;
  for (let start = 0; start < ids.length; start += batchSize) {
    const batch = ids.slice(start, start + batchSize);
    const outcomes = end === undefined ? await ask(batch, start) : failAll(batch.length, end);
    yield* outcomes;
    end ??= outcomes.flatMap((outcome) => (!outcome.ok && fatalCodes.has(outcome.failure.code) ? [outcome.failure] : []))[0];
  }
}

/**
 * Runs `work` for one id at a time, for operations with a request per id. A Failure that `work` throws becomes the Outcome of its id; `cancelled` is
 * thrown.
 */
export function oneByOne<Id, Out>(ids: readonly Id[], work: (id: Id) => Promise<Out>): AsyncIterable<Outcome<Out>> {
  return inBatches(ids, 1, async ([id]) => {
    if (id === undefined) return [];
    const outcome = await attempt(() => work(id));
    if (!outcome.ok && outcome.failure.code === "cancelled") throw outcome.failure;
    return [outcome];
  });
}

function failAll(count: number, failure: Failure): Outcome<never>[] {
  return Array.from({ length: count }, () => failed(failure));
}

/** Sends one batch and retries the remaining ids until each has an Outcome. */
async function requestBatch<Id, In, Out>(requested: BatchRequest<Id, In, Out>, ids: readonly Id[]): Promise<Outcome<Out>[]> {
  const { sender, operation } = requested;
  const settled = new Map<number, Outcome<Out>>();
  const tries = ids.map(() => 0);
  let pending = ids.map((_, index) => index);
  /** The failure of the last try, for each pending index. */
  const last = new Map<number, Failure>();
  while (pending.length > 0) {
    const turn = await attempt(() => waitForTurn(sender));
    if (!turn.ok) {
      if (turn.failure.code === "cancelled") throw turn.failure;
      // The server's own failure for an item says more than the failure of waiting.
      for (const index of pending) settled.set(index, failed(last.get(index) ?? turn.failure));
      break;
    }
    const isFirst = pending.every((index) => tries[index] === 0);
    const round = await requestOnce(
      requested,
      pending.flatMap((index) => ids.slice(index, index + 1)),
      isFirst,
      turn.value,
    );
    if (round === "singly") {
      for (const index of pending) {
        const [outcome] = await requestBatch(requested, ids.slice(index, index + 1));
        if (outcome !== undefined) settled.set(index, outcome);
      }
      break;
    }
    const again: number[] = [];
    const slowing = new Set<Failure>();
    // Items behind a throttled one wait with it.
    const isWaiting = ({ failure }: { readonly failure: Failure }) =>
      isThrottled(failure) && isRepeatable(failure, "read", sender.limits.attempts, sender);
    const progressed = round.some((outcome) => outcome.ok || isWaiting(outcome));
    pending.forEach((index, position) => {
      const outcome = repeatedOutcome(round[position] ?? failed(unanswered(operation.safety)), last.get(index), operation);
      // An item skipped after a failed one uses up no try while the batch still makes progress.
      const waited = progressed && !outcome.ok && outcome.failure.code === "not-attempted";
      const tried = (tries[index] ?? 0) + (waited ? 0 : 1);
      tries[index] = tried;
      if (!outcome.ok && (waited || isRepeatable(outcome.failure, operation.safety, tried, sender))) {
        again.push(index);
        last.set(index, outcome.failure);
        slowing.add(outcome.failure);
      } else settled.set(index, outcome.ok ? outcome : failed(reported(outcome.failure, operation.safety)));
      if (!outcome.ok && isThrottled(outcome.failure)) slowing.add(outcome.failure);
    });
    slowDown([...slowing], Math.max(1, ...again.map((index) => tries[index] ?? 1)), sender);
    pending = again;
  }
  return ids.map((_, index) => settled.get(index) ?? failed(unanswered(operation.safety)));
}

/**
 * Sends one request. Returns as many Outcomes as ids, or `singly` if the ids must be requested one by one, because one of them may have spoilt the
 * request and repeating it is safe.
 */
async function requestOnce<Id, In, Out>(
  { operation, input, sender }: BatchRequest<Id, In, Out>,
  ids: readonly Id[],
  isFirst: boolean,
  turn: RequestTurn,
): Promise<readonly Outcome<Out>[] | "singly"> {
  const { safety } = operation;
  let answers: readonly Outcome<Out>[];
  try {
    answers = await sender.soap.call(operation, input(ids), sender.target, sender.call);
    turn.end(true);
  } catch (thrown) {
    const failure = asFailure(thrown);
    turn.end(!isThrottled(failure));
    if (failure.code === "cancelled") throw failure;
    // A possible network failure is first retried unchanged.
    const isNetwork = failure.retryable && isFirst;
    return ids.length > 1 && !isNetwork && mayBeFaultOfOneId(failure, safety) ? "singly" : failAll(ids.length, failure);
  }
  if (answers.length === ids.length) return answers;
  if (answers.length > ids.length)
    return failAll(ids.length, new Failure("broken-reply", `The server returned ${answers.length} replies to ${ids.length} requests.`));
  const [first] = answers;
  // One error message for the whole batch.
  if (answers.length === 1 && first !== undefined && !first.ok) {
    return ids.length > 1 && safety !== "never" && !isTransient(first.failure) ? "singly" : failAll(ids.length, first.failure);
  }
  // It is unknown which replies are missing: reads are repeated one by one; replies to writes are in the order of the ids.
  if (safety === "read" && ids.length > 1) return "singly";
  const last = answers.at(-1);
  const stopped = last !== undefined && !last.ok && last.failure.code === "not-attempted" ? last.failure : undefined;
  return [...answers, ...failAll(ids.length - answers.length, stopped ?? unanswered(safety))];
}

/** Converts "not found" on a repetition: if the previous reply was lost, the first request was carried out. */
function repeatedOutcome<In, Out>(outcome: Outcome<Out>, before: Failure | undefined, { gone }: Operation<In, Out>): Outcome<Out> {
  if (outcome.ok || gone === undefined || outcome.failure.code !== "not-found") return outcome;
  return before === undefined || certainlyNotDone(before) ? outcome : done(gone);
}

function isTransient(failure: Failure): boolean {
  return failure.code === "busy" || failure.code === "not-attempted" || failure.code === "timeout";
}

/** Tells whether one id may have caused the failure of the whole request, and requests for single ids cannot do anything twice. */
function mayBeFaultOfOneId(failure: Failure, safety: RepeatSafety): boolean {
  // Our own writer threw this before anything was sent.
  if (failure.code === "invalid-input" && failure.wireCode === undefined) return true;
  // Exchange checks the schema before it does anything.
  if (failure.wireCode === "ErrorSchemaValidation" || failure.wireCode === "ErrorInvalidRequest") return true;
  return safety === "read" && idFailureCodes.has(failure.code);
}

const idFailureCodes: ReadonlySet<FailureCode> = new Set<FailureCode>([
  "broken-reply",
  "refused",
  "invalid-input",
  "too-large",
  "unreadable",
  "not-found",
]);
