import { asFailure, Failure, type FailureCode } from "../../failure.ts";
import { attempt, done, failed, type Outcome } from "../../outcome.ts";
import type { RepeatSafety } from "../../wire/throttling/retry-safety.ts";
import { certainlyNotDone, failureOf, isThrottled, reported, unanswered } from "../failures.ts";
import { asExpected, found } from "./expected-reply.ts";
import { headersOf, pathOf } from "./graph-http.ts";
import { type JsonObject, memberOf, numberIn, objectIn, objectOf, objectsIn, textIn } from "./read-json.ts";
import type { Request, RequestParts } from "./request-description.ts";
import { isRepeatable, type RequestSender, requestWithRetry, slowDown, waitForTurn } from "./retry.ts";

/** How many requests one batch has at most: https://learn.microsoft.com/en-us/graph/json-batching#batch-size-limitations */
const maxBatchSize = 20;

/** After these failures the next request would fail in the same way. */
const fatalCodes: ReadonlySet<FailureCode> = new Set<FailureCode>(["unauthenticated", "tls-failed", "unreachable"]);

/** Sends one request. Throws Failure. */
export async function requestOne<In, Out>(request: Request<In, Out>, input: In, sender: RequestSender): Promise<Out> {
  const requested = request.write(input, sender.behaviour);
  let before: Failure | undefined;
  try {
    return await requestWithRetry(
      sender,
      request.safety,
      async (turn) => {
        const reply = request.read(await sender.rest.call(request, requested, sender.mailbox, sender.call));
        turn.end(true);
        return reply;
      },
      (failure) => {
        before = failure;
      },
    );
  } catch (thrown) {
    const outcome = repeatedOutcome(failed(asFailure(thrown)), before, request);
    if (outcome.ok) return outcome.value;
    throw outcome.failure;
  }
}

/**
 * Sends requests for many inputs in batches and returns as many Outcomes as inputs, in their order. Repeats only failed requests, and only if the
 * server reports that they were not done or if doing them twice is harmless. Throws only Failure `cancelled`.
 */
export async function* requestEach<In, Out>(
  request: Request<In, Out>,
  inputs: readonly In[],
  sender: RequestSender,
  batchSize = maxBatchSize,
): AsyncIterable<Outcome<Out>> {
  let end: Failure | undefined;
  for (let start = 0; start < inputs.length; start += batchSize) {
    if (start > 0) sender.call.progress?.(`${request.name}: ${start} of ${inputs.length}`);
    const some = inputs.slice(start, start + batchSize);
    const known = end;
    const outcomes = known === undefined ? await requestBatch(request, some, sender) : some.map(() => failed(known));
    yield* outcomes;
    end ??= outcomes.flatMap((outcome) => (!outcome.ok && fatalCodes.has(outcome.failure.code) ? [outcome.failure] : []))[0];
  }
}

/** One request of a batch, and the index of its input. */
interface WrittenRequest {
  readonly index: number;
  readonly parts: RequestParts;
}

/** Sends one batch and retries the remaining inputs until each has an Outcome. */
async function requestBatch<In, Out>(request: Request<In, Out>, inputs: readonly In[], sender: RequestSender): Promise<Outcome<Out>[]> {
  const settled = new Map<number, Outcome<Out>>();
  const written = new Map<number, WrittenRequest>();
  for (const [index, input] of inputs.entries()) {
    const one = await attempt(async () => request.write(input, sender.behaviour));
    if (one.ok) written.set(index, { index, parts: one.value });
    else settled.set(index, one);
  }
  let pending = [...written.keys()];
  /** The failure of the last try, for each pending index. */
  const last = new Map<number, Failure>();
  for (let tries = 1; pending.length > 0; tries++) {
    const turn = await attempt(() => waitForTurn(sender));
    if (!turn.ok) {
      if (turn.failure.code === "cancelled") throw turn.failure;
      // The server's own failure for an item says more than the failure of waiting.
      for (const index of pending) settled.set(index, failed(last.get(index) ?? turn.failure));
      break;
    }
    const round = await requestRound(
      request,
      pending.flatMap((index) => written.get(index) ?? []),
      sender,
    );
    const throttled = [...round.values()].some((outcome) => !outcome.ok && isThrottled(outcome.failure));
    turn.value.end(!throttled);
    const again: number[] = [];
    const slowing = new Set<Failure>();
    for (const index of pending) {
      const outcome = repeatedOutcome(round.get(index) ?? failed(unanswered(request.safety)), last.get(index), request);
      if (!outcome.ok && isRepeatable(outcome.failure, request.safety, tries, sender)) {
        again.push(index);
        last.set(index, outcome.failure);
        slowing.add(outcome.failure);
      } else settled.set(index, outcome.ok ? outcome : failed(reported(outcome.failure, request.safety)));
      if (!outcome.ok && isThrottled(outcome.failure)) slowing.add(outcome.failure);
    }
    slowDown([...slowing], tries, sender);
    pending = again;
  }
  return inputs.map((_, index) => settled.get(index) ?? failed(unanswered(request.safety)));
}

/** Sends one request for all inputs. Returns the Outcome of each input with a reply, by its index. Throws only when cancelled. */
async function requestRound<In, Out>(
  request: Request<In, Out>,
  written: readonly WrittenRequest[],
  sender: RequestSender,
): Promise<ReadonlyMap<number, Outcome<Out>>> {
  const [first, second] = written;
  try {
    if (first !== undefined && second === undefined) {
      const { index, parts: requested } = first;
      return new Map([[index, done(request.read(await sender.rest.call(request, requested, sender.mailbox, sender.call)))]]);
    }
    return await requestTogether(request, written, sender);
  } catch (thrown) {
    const failure = asFailure(thrown);
    if (failure.code === "cancelled") throw failure;
    if (written.length === 1 || !mayBeFaultOfOneRequest(failure, request.safety)) {
      const each = written.length > 1 && notFoundCodes.has(failure.code) ? batchMisanswered(failure) : failure;
      return new Map(written.map(({ index }) => [index, failed(each)]));
    }
  }
  const outcomes = new Map<number, Outcome<Out>>();
  for (const one of written) for (const [index, outcome] of await requestRound(request, [one], sender)) outcomes.set(index, outcome);
  return outcomes;
}

/** Tells whether one request may have caused the failure of its whole batch, and single requests cannot do anything twice. */
function mayBeFaultOfOneRequest({ code, wireCode }: Failure, safety: RepeatSafety): boolean {
  // A refusal without one of Graph's codes may come from a proxy, after everything was done.
  if (safety !== "read" && code !== "too-large" && wireCode?.startsWith("HTTP ")) return false;
  // Graph refuses an invalid or too large batch before anything is done.
  if (code === "invalid-input" || code === "refused" || code === "too-large") return true;
  // A batch itself cannot be missing; each of its replies reports its own missing item.
  if (notFoundCodes.has(code)) return safety !== "never";
  return safety === "read" && code === "unreadable";
}

const notFoundCodes: ReadonlySet<FailureCode> = new Set<FailureCode>(["not-found", "folder-not-found", "mailbox-not-found"]);

/** Returns the Failure for a batch that was answered as missing, which says nothing about its requests. */
function batchMisanswered({ message, wireCode, requestId }: Failure): Failure {
  return new Failure("broken-reply", `The batch was answered as if it were one request: ${message}`, { wireCode, requestId });
}

async function requestTogether<In, Out>(
  request: Request<In, Out>,
  written: readonly WrittenRequest[],
  sender: RequestSender,
): Promise<ReadonlyMap<number, Outcome<Out>>> {
  const batch = { name: `$batch of ${request.name}`, reply: found("responses") };
  const reply = await sender.rest.call(batch, batchOf(written, sender.mailbox), sender.mailbox, sender.call);
  return readBatch(request, reply, written);
}

/** @see https://learn.microsoft.com/en-us/graph/json-batching */
function batchOf(written: readonly WrittenRequest[], mailbox: string): RequestParts {
  const requests = written.map(({ index, parts: requested }): JsonObject => {
    // Graph refuses a whole batch where a POST or PATCH in it has no body, though alone it needs none.
    const body = requested.body ?? (requested.method === "GET" || requested.method === "DELETE" ? undefined : {});
    const headers = { ...headersOf(requested), ...(body === undefined ? {} : { "Content-Type": "application/json" }) };
    return {
      id: String(index),
      method: requested.method,
      url: pathOf(requested, mailbox),
      ...(Object.keys(headers).length === 0 ? {} : { headers }),
      ...(body === undefined ? {} : { body }),
    };
  });
  return { method: "POST", path: "/$batch", ofOrganisation: true, ids: "rest", body: { requests } };
}

/** Reads the replies of a batch, which are in any order; each names its request by id. A reply to an unknown request is ignored. */
function readBatch<In, Out>(
  request: Request<In, Out>,
  reply: JsonObject,
  written: readonly WrittenRequest[],
): ReadonlyMap<number, Outcome<Out>> {
  const answers = objectsIn(reply, "responses");
  if (answers === undefined) throw new Failure("broken-reply", "The reply to a batch has no responses.");
  const expected = new Set(written.map(({ index }) => index));
  const outcomes = new Map<number, Outcome<Out>>();
  for (const answer of answers) {
    const index = Number(textIn(answer, "id") ?? "none");
    // With two replies to one request it is not known which is true, so the first counts.
    if (expected.has(index) && !outcomes.has(index)) outcomes.set(index, outcomeOf(request, answer));
  }
  return outcomes;
}

function outcomeOf<In, Out>(request: Request<In, Out>, answer: JsonObject): Outcome<Out> {
  const status = numberIn(answer, "status") ?? 0;
  const body = memberOf(answer, "body");
  const json = objectOf(body);
  const headers = headersIn(answer);
  if (status >= 400) return failed(failureOf(status, headers, json));
  try {
    return done(
      request.read(asExpected(request.reply, { status, headers, json, isEmpty: body === undefined || body === null || body === "" })),
    );
  } catch (thrown) {
    return failed(asFailure(thrown));
  }
}

function headersIn(answer: JsonObject): ReadonlyMap<string, string> {
  const headers = Object.entries(objectIn(answer, "headers") ?? {});
  return new Map(headers.map(([name, value]) => [name.toLowerCase(), String(value)]));
}

/** Converts "not found" on a repetition: if the previous reply was lost, the first request was carried out. */
function repeatedOutcome<In, Out>(outcome: Outcome<Out>, before: Failure | undefined, { gone }: Request<In, Out>): Outcome<Out> {
  if (outcome.ok || gone === undefined || outcome.failure.code !== "not-found") return outcome;
  return before === undefined || certainlyNotDone(before) ? outcome : done(gone);
}
