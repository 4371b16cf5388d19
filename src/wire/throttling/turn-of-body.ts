import { Failure } from "../../failure.ts";
import type { RequestTurn } from "./request-queue.ts";

/** In milliseconds: content that nobody begins to read for this long is abandoned, since it occupies a connection, a turn and the server. */
const unreadMs = 60_000;

/** Returns the bytes of a reply, and ends its turn in the queue once they are read. */
export function releaseTurnAtEnd(bytes: AsyncIterable<Uint8Array>, turn: RequestTurn): AsyncIterable<Uint8Array> {
  const reading = bytes[Symbol.asyncIterator]();
  let late: Failure | undefined;
  const timer = setTimeout(() => {
    late = new Failure("timeout", `The content was not read within ${unreadMs / 1000} s after it was asked for.`);
    abandon(reading, turn);
  }, unreadMs);
  // It must not keep a process alive that is otherwise finished.
  timer.unref();
  return {
    async *[Symbol.asyncIterator]() {
      clearTimeout(timer);
      if (late !== undefined) throw late;
      try {
        yield* { [Symbol.asyncIterator]: () => reading };
      } finally {
        turn.end(true);
      }
    },
  };
}

/** Starts to read the content, because a stream that was never started cannot be ended. */
function abandon(reading: AsyncIterator<Uint8Array>, turn: RequestTurn): void {
  const ended = reading.next().then(() => reading.return?.());
  // The connection's error is ignored: a reader gets the time-out.
  ended.then(
    () => turn.end(true),
    () => turn.end(true),
  );
}
