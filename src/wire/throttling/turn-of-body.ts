import { Failure } from "../../failure.ts";
import type { RequestTurn } from "./request-queue.ts";

/** A content that nobody begins to read for so long is given up, in milliseconds: it keeps a connection, a place and the server's time. */
const unreadMs = 60_000;

/** The bytes of a reply, and with them the place in the schedule until they have been read. */
export function releaseTurnAtEnd(bytes: AsyncIterable<Uint8Array>, turn: RequestTurn): AsyncIterable<Uint8Array> {
  const reading = bytes[Symbol.asyncIterator]();
  let late: Failure | undefined;
  const timer = setTimeout(() => {
    late = new Failure("timeout", `The content was not read within ${unreadMs / 1000} s after it was asked for.`);
    abandon(reading, turn);
  }, unreadMs);
  // It must not keep a process that has nothing else to do.
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

/** To end what has not begun, it must begin. */
function abandon(reading: AsyncIterator<Uint8Array>, turn: RequestTurn): void {
  const ended = reading.next().then(() => reading.return?.());
  // What the connection says now is told to nobody: whoever reads is told that it is too late.
  ended.then(
    () => turn.end(true),
    () => turn.end(true),
  );
}
