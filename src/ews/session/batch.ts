import { asFailure, Failure, type FailureCode } from "../../failure.ts";
import { attempt, done, failed, type Outcome } from "../../outcome.ts";
import type { RequestTurn } from "../../wire/throttling/request-queue.ts";
import type { RepeatSafety } from "../../wire/throttling/retry-safety.ts";
import { certainlyNotDone, isThrottled, reported, unanswered } from "../failures.ts";
import type { Operation } from "../operation.ts";
import { isRepeatable, type RequestSender, slowDown, waitForTurn } from "./retry.ts";

/**
 * How many ids one request has. Microsoft names no limit; the throttling budget is checked after each item, and 100 is what other
 * clients have sent for years (exchangelib's chunk size).
 */
export const defaultBatchSize = 100;

/** What one batch needs to be asked. */
export interface BatchRequest<Id, In, Out> {
  readonly operation: Operation<In, Out>;
  readonly input: (ids: readonly Id[]) => In;
  readonly sender: RequestSender;
}

/** After these the next request would fail the same way; repeating a wrong password would lock the account. */
const fatalCodes: ReadonlySet<FailureCode> = new Set<FailureCode>(["unauthenticated", "tls-failed", "unreachable"]);

/**
 * Asks for many things in batches: as many Outcomes as ids, in their order. Repeats only what failed, and only when the server says
 * that it was not done or when doing it twice is harmless. Throws Failure `cancelled`, and nothing else.
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

/** Does some ids after others until it is hopeless: then the rest have the failure that ended it, and nothing is asked for them. */
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

/** The same one by one, for what is a request of its own. What `work` throws is its id's Failure; `cancelled` is thrown. */
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

/** One batch, asked again for what is left of it until each id has its Outcome. */
async function requestBatch<Id, In, Out>(requested: BatchRequest<Id, In, Out>, ids: readonly Id[]): Promise<Outcome<Out>[]> {
  const { sender, operation } = requested;
  const settled = new Map<number, Outcome<Out>>();
  const tries = ids.map(() => 0);
  let pending = ids.map((_, index) => index);
  /** Why each of those that are pending was not done the last time. */
  const last = new Map<number, Failure>();
  while (pending.length > 0) {
    const turn = await attempt(() => waitForTurn(sender));
    if (!turn.ok) {
      if (turn.failure.code === "cancelled") throw turn.failure;
      // What the server itself said of an item tells more than that we do not wait for it.
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
    const progressed = round.some(({ ok }) => ok);
    pending.forEach((index, position) => {
      const outcome = repeatedOutcome(round[position] ?? failed(unanswered(operation.safety)), last.get(index), operation);
      // To stand behind a bad item costs an item none of its tries, as long as the batch goes on.
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
 * One request: as many Outcomes as ids, whatever came; or that they must be asked one by one, since one of them may have spoilt it
 * for all and asking again is safe.
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
    // What may have been the network is first repeated as it was.
    const isNetwork = failure.retryable && isFirst;
    return ids.length > 1 && !isNetwork && mayBeFaultOfOneId(failure, safety) ? "singly" : failAll(ids.length, failure);
  }
  if (answers.length === ids.length) return answers;
  if (answers.length > ids.length)
    return failAll(ids.length, new Failure("broken-reply", `The server gave ${answers.length} answers to ${ids.length} questions.`));
  const [first] = answers;
  // One error message for the whole batch.
  if (answers.length === 1 && first !== undefined && !first.ok) {
    return ids.length > 1 && safety !== "never" && !isTransient(first.failure) ? "singly" : failAll(ids.length, first.failure);
  }
  // A short batch. Which answers are missing cannot be told: reading is done again one by one; what was written stands in the order of the ids.
  if (safety === "read" && ids.length > 1) return "singly";
  const last = answers.at(-1);
  const stopped = last !== undefined && !last.ok && last.failure.code === "not-attempted" ? last.failure : undefined;
  return [...answers, ...failAll(ids.length - answers.length, stopped ?? unanswered(safety))];
}

/** What a repetition says that finds nothing any more: if the answer before it was lost, the first time was carried out. */
function repeatedOutcome<In, Out>(outcome: Outcome<Out>, before: Failure | undefined, { gone }: Operation<In, Out>): Outcome<Out> {
  if (outcome.ok || gone === undefined || outcome.failure.code !== "not-found") return outcome;
  return before === undefined || certainlyNotDone(before) ? outcome : done(gone);
}

function isTransient(failure: Failure): boolean {
  return failure.code === "busy" || failure.code === "not-attempted" || failure.code === "timeout";
}

/** Failures of a whole request that may be the fault of one id, where asking one by one cannot do anything twice. */
function mayBeFaultOfOneId(failure: Failure, safety: RepeatSafety): boolean {
  // Thrown by our own writer: nothing was sent.
  if (failure.code === "invalid-input" && failure.wireCode === undefined) return true;
  // A request that the schema refuses is refused before anything is done.
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
