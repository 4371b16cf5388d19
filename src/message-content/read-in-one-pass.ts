import { asFailure, Failure } from "../failure.ts";
import { attempt } from "../outcome.ts";
import type { PartKeeper } from "../wire/mime/keep-parts.ts";
import { type Part, type PartPath, partAt, partOf, streamMovedOn } from "../wire/mime/mime-parts.ts";

/** A part of an attached message, with its transfer encoding undone. */
export interface OpenedPart {
  /** Whether the part's type says that it is a message. */
  readonly isMessage: boolean;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** How often one attached message has been read. */
export interface ReadTally {
  passes: number;
  /** Number of broken downloads since a part was read to its end. */
  broken: number;
  failure: Failure | undefined;
}

export function noteBroken(tally: ReadTally, thrown: unknown): void {
  tally.broken += 1;
  tally.failure = asFailure(thrown);
}

/** A content that is not read for this long is given up, in milliseconds: it occupies a connection and a place in the queue. */
const unreadMs = 60_000;

/** An attached message, downloaded once from its beginning. It ends with the last requested part. */
export class SinglePass {
  readonly name: string;
  readonly #keeping: PartKeeper;
  readonly #tally: ReadTally;
  readonly #reading: AsyncIterator<Uint8Array>;
  readonly #message: Part;
  /** Path of the part returned last; a new object for each part. */
  #handed: { readonly path: PartPath } | undefined;
  #isRead = true;
  #isLast = false;
  #hasBegun = false;
  #isClosed = false;
  #late: Failure | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(name: string, bytes: AsyncIterable<Uint8Array>, keeping: PartKeeper, tally: ReadTally) {
    this.name = name;
    this.#keeping = keeping;
    this.#tally = tally;
    this.#reading = bytes[Symbol.asyncIterator]();
    this.#message = partOf({ next: () => this.#next() });
  }

  async #next(): Promise<IteratorResult<Uint8Array, undefined>> {
    // A content that ends early must not look complete.
    if (this.#isClosed) throw this.#late ?? streamMovedOn();
    this.#hasBegun = true;
    try {
      const next = await this.#reading.next();
      if (next.done !== true) {
        this.#keeping.write(next.value);
        return { done: false, value: next.value };
      }
      this.#keeping.end();
      return { done: true, value: undefined };
    } catch (thrown) {
      noteBroken(this.#tally, thrown);
      await this.close();
      throw thrown;
    }
  }

  /** Tells whether a part can be read without another download. */
  async canGive(path: PartPath): Promise<boolean> {
    const handed = this.#handed?.path ?? [];
    this.#handed = undefined;
    clearTimeout(this.#timer);
    if (this.#keeping.has(path)) return true;
    if (this.#isClosed) return false;
    // The part that contains it was left half read, so it is still to come.
    const isInside = handed.length > 0 && handed.length < path.length && handed.every((number, at) => path[at] === number);
    if (isInside && this.#keeping.mayCome(path)) {
      const finished = await attempt(async () => (await partAt(this.#message, handed.slice(0, -1)))?.finish());
      if (!finished.ok && finished.failure.code === "cancelled") throw finished.failure;
      if (this.#keeping.has(path)) return true;
    }
    return this.#message.failure() === undefined && !this.#isClosed && this.#message.reaches(path);
  }

  /** Opens a part. `isLast`: nothing more will be requested. Throws Failure. */
  async open(path: PartPath, isLast: boolean): Promise<OpenedPart> {
    this.#isLast = isLast;
    const kept = this.#keeping.take(path);
    if (kept !== undefined) {
      if (isLast) await this.close();
      else this.#wait();
      return { isMessage: kept.isMessage, bytes: fromMemory(kept.pieces) };
    }
    try {
      const part = await partAt(this.#message, path);
      if (part === undefined) throw new Failure("not-found", "The attached message has no such part.");
      return { isMessage: part.isMessage, bytes: this.#hand(part, path) };
    } catch (thrown) {
      // A failure of the message itself, not of a nested message, nor of the download, which has been counted already.
      if (this.#message.failure() === thrown && !this.#isClosed) {
        noteBroken(this.#tally, thrown);
        await this.close();
      } else if (isLast) await this.close();
      else this.#wait();
      throw thrown;
    }
  }

  #hand(part: Part, path: PartPath): AsyncIterable<Uint8Array> {
    const handed = { path };
    this.#handed = handed;
    this.#isRead = false;
    this.#wait();
    const pass = this;
    return {
      async *[Symbol.asyncIterator]() {
        if (pass.#handed !== handed) throw pass.#late ?? streamMovedOn();
        clearTimeout(pass.#timer);
        try {
          yield* part.whole();
          pass.#tally.broken = 0;
        } finally {
          if (pass.#handed === handed) await pass.#afterReading();
        }
      },
    };
  }

  async #afterReading(): Promise<void> {
    this.#isRead = true;
    if (this.#isLast) await this.close();
    else this.#wait();
  }

  /** Ends the requests. The part returned last may still be read. */
  async leave(): Promise<void> {
    this.#isLast = true;
    if (this.#isRead || this.#handed === undefined) await this.close();
  }

  #wait(): void {
    clearTimeout(this.#timer);
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => {
      this.#late = new Failure("timeout", `The content was not read within ${unreadMs / 1000} s after it was requested.`);
      this.#handed = undefined;
      // A failure of the connection is of no interest any more: the reader gets the time-out.
      this.close().catch(() => undefined);
    }, unreadMs);
    // The timer must not keep the process alive.
    this.#timer.unref();
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#isClosed) return;
    this.#isClosed = true;
    // An iterator can be ended only after it has begun.
    if (!this.#hasBegun) await this.#reading.next();
    await this.#reading.return?.();
  }
}

async function* fromMemory(pieces: readonly Uint8Array[]): AsyncIterable<Uint8Array> {
  yield* pieces;
}
