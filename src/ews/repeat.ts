import type { Call } from "../exchange/exchange.ts";
import { asFailure, Failure } from "../failure.ts";
import { failed, type Outcome } from "../outcome.ts";
import type { BackOff } from "../wire/backoff.ts";
import { waitFor } from "../wire/backoff.ts";
import type { QName } from "../wire/xml-read.ts";
import { mayRepeat, reported } from "./failures.ts";
import type { Operation, Safety } from "./operation.ts";
import type { StreamedReply } from "./session.ts";
import type { Soap, Target } from "./soap.ts";

/** What one mailbox asks with. */
export interface Asker {
  readonly soap: Soap;
  readonly target: Target;
  readonly call: Call;
  readonly backOff: BackOff;
  /** All who ask for the same mailbox wait together. */
  readonly key: string;
  /** A longer wait than this is not waited, in milliseconds: the failure says how long the server asked for. */
  readonly maxWaitMs: number;
}

/** How often it is tried at most. What throttles is given time; what is broken is tried once more, since it may have been the network. */
export function triesFor(failure: Failure, attempts: number): number {
  if (failure.code === "busy" || failure.code === "not-attempted") return attempts;
  // Our own time-out: the person who set it does not want to wait twice as long.
  if (failure.code === "timeout" && failure.wireCode === undefined) return 1;
  return 2;
}

/** True when what failed may be asked again, `tries` being how often it was. */
export function isRepeatable(failure: Failure, safety: Safety, tries: number, asker: Asker): boolean {
  return mayRepeat(failure, safety) && tries < triesFor(failure, asker.backOff.attempts) && (failure.backOffMs ?? 0) <= asker.maxWaitMs;
}

/** Makes everybody of this mailbox wait as long as the failures say. What was not attempted need not wait. */
export function pauseFor(failures: readonly Failure[], tries: number, asker: Asker): void {
  const waits = failures.filter(({ code }) => code !== "not-attempted").map(({ backOffMs }) => waitFor(tries, backOffMs));
  if (waits.length > 0) asker.backOff.pause(asker.key, Math.max(...waits));
}

/** Asks once, and again as long as that is safe and the failure passes. Throws the failure to report. */
export async function repeatedly<T>(safety: Safety, asker: Asker, work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      await asker.backOff.ready(asker.key, asker.call);
      return await work();
    } catch (thrown) {
      const failure = asFailure(thrown);
      if (!isRepeatable(failure, safety, tries, asker)) throw reported(failure, safety);
      pauseFor([failure], tries, asker);
    }
  }
}

/** Asks for one large content. Until it begins the request may be repeated; after that, what fails is thrown out of the bytes. */
export function askStreaming<In, Out>(
  operation: Operation<In, Out>,
  input: In,
  content: readonly QName[],
  asker: Asker,
): Promise<StreamedReply<Out>> {
  return repeatedly(operation.safety, asker, async () => {
    const reply = await asker.soap.stream(operation, input, content, asker.target, asker.call);
    const value = async (): Promise<Out> => onlyOf(await reply.value());
    if (reply.content !== undefined) return { bytes: whole(reply.content, value), value };
    const only = await value();
    return { bytes: undefined, value: async () => only };
  });
}

async function* whole(content: AsyncIterable<Uint8Array>, value: () => Promise<unknown>): AsyncIterable<Uint8Array> {
  yield* content;
  await value();
}

function onlyOf<Out>(outcomes: readonly Outcome<Out>[]): Out {
  const outcome = outcomes[0] ?? failed(new Failure("broken-reply", "The reply has no response message."));
  if (outcome.ok) return outcome.value;
  throw outcome.failure;
}
