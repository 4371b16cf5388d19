import type { Context } from "hono";
import { asFailure, Failure } from "../../failure.ts";
import type { AppContext } from "./app-context.ts";
import { authenticateCaller, type Caller } from "./callers/authentication.ts";
import { type ConcurrencyLimit, openConcurrencyLimit } from "./callers/rate-limits.ts";
import { errorLine } from "./error-line.ts";
import { type Env, refuse } from "./respond.ts";

/** Proxies end a TCP connection that is silent for a minute. Milliseconds. */
const keepAliveMs = 15_000;
const mostWaiting = 100;
/** Each stream queries the database once a second. */
const mostStreams = 20;

/** The source of a stream of events. */
export interface EventSource {
  /** Whether a caller may still read it: its API key or token may have expired since. */
  mayRead(caller: Caller): boolean | Promise<boolean>;
  /** Yields each event as it is sent, until there are no more or `signal` is aborted. */
  events(signal: AbortSignal): AsyncIterable<string>;
}

/** Opens streams of events, a limited number for each caller. `what` names the objects that they follow. */
export function openEventStreams({ calls, state, ending, log, readToken }: AppContext, what: string) {
  const streams = new Map<string, ConcurrencyLimit>();
  /** @see https://html.spec.whatwg.org/multipage/server-sent-events.html */
  return (c: Context<Env>, source: EventSource): Response => {
    const headers = { "content-type": "text/event-stream", "x-accel-buffering": "no" };
    if (c.req.method === "HEAD") return new Response(null, { headers });
    const owner = c.get("caller").id;
    const places = streams.get(owner) ?? openConcurrencyLimit(mostStreams);
    streams.set(owner, places);
    const leave = places.take();
    if (leave === undefined) {
      const failure = new Failure("busy", `This caller already follows ${mostStreams} ${what}, the maximum per caller.`);
      return refuse(c, failure, { status: 429, headers: { "retry-after": "5" } });
    }
    const stop = new AbortController();
    const end = () => stop.abort();
    ending.addEventListener("abort", end);
    c.req.raw.signal.addEventListener("abort", end);
    const unwatch = calls.revocations.watch(owner, end);
    // A caller whose API key or token has expired meanwhile gets no more events.
    const isStillLet = async () => {
      const caller = await authenticateCaller(c.req.header("authorization"), state.keys, readToken);
      return caller !== undefined && (await source.mayRead(caller));
    };
    let gone = false;
    const stream = new ReadableStream<Uint8Array>({
      async start(controller) {
        const write = (piece: string) => {
          // Events that the client does not read are not queued without limit, and a client that disconnected gets none.
          if (!gone && (controller.desiredSize ?? 0) > -mostWaiting) controller.enqueue(Buffer.from(piece));
        };
        const breath = setInterval(() => {
          write(": still here\n\n");
          isStillLet().then((still) => still || end(), end);
        }, keepAliveMs);
        try {
          for await (const event of source.events(stop.signal)) {
            if (!(await isStillLet())) break;
            write(event);
          }
        } catch (thrown) {
          // The head was sent already: the client sees a stream that ended early, and requests it again.
          log.error(errorLine(asFailure(thrown), c.get("requestId")));
        } finally {
          clearInterval(breath);
          leave();
          unwatch();
          if (places.taken === 0) streams.delete(owner);
          ending.removeEventListener("abort", end);
          c.req.raw.signal.removeEventListener("abort", end);
          if (!gone) controller.close();
        }
      },
      cancel() {
        gone = true;
        end();
      },
    });
    return new Response(stream, { headers });
  };
}
