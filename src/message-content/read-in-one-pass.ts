import { asFailure, Failure } from "../failure.ts";
import { attempt } from "../outcome.ts";
import type { PartKeeper } from "../wire/mime/keep-parts.ts";
import { type Part, type PartPath, partAt, partOf, streamMovedOn } from "../wire/mime/mime-parts.ts";

/** What an attached message has at a place, its transfer encoding undone. */
export interface OpenedPart {
  /** Of a part of MIME, whether its type says so. */
  readonly isMessage: boolean;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** How one attached message has been read. */
export interface ReadTally {
  passes: number;
  /** How often it broke off since something of it was read to its end. */
  broken: number;
  failure: Failure | undefined;
}

export function noteBroken(tally: ReadTally, thrown: unknown): void {
  tally.broken += 1;
  tally.failure = asFailure(thrown);
}

/** A content that nobody goes on reading for so long is given up, in milliseconds: it keeps a connection and a place. */
const unreadMs = 60_000;

/** An attached message, read once from its beginning; it ends with the last part that is asked for. */
export class SinglePass {
  readonly name: string;
  readonly #keeping: PartKeeper;
  readonly #tally: ReadTally;
  readonly #reading: AsyncIterator<Uint8Array>;
  readonly #message: Part;
  /** Where what was handed out stands; another object for each time. */
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
    // What ends early must not look as if it were whole.
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

  /** Whether this can be had without reading the message again. */
  async canGive(path: PartPath): Promise<boolean> {
    const handed = this.#handed?.path ?? [];
    this.#handed = undefined;
    clearTimeout(this.#timer);
    if (this.#keeping.has(path)) return true;
    if (this.#isClosed) return false;
    // What holds it was left in the middle: it is still to come.
    const isInside = handed.length > 0 && handed.length < path.length && handed.every((number, at) => path[at] === number);
    if (isInside && this.#keeping.mayCome(path)) {
      const finished = await attempt(async () => (await partAt(this.#message, handed.slice(0, -1)))?.finish());
      if (!finished.ok && finished.failure.code === "cancelled") throw finished.failure;
      if (this.#keeping.has(path)) return true;
    }
    return this.#message.failure() === undefined && !this.#isClosed && this.#message.reaches(path);
  }

  /** What stands there; `isLast`: nothing more will be asked for. Throws Failure. */
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
      // Of the message itself, not of one in it, nor of how the bytes came: that has been noted.
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

  /** Nothing more is asked for: what was handed out last may still be read. */
  async leave(): Promise<void> {
    this.#isLast = true;
    if (this.#isRead || this.#handed === undefined) await this.close();
  }

  #wait(): void {
    clearTimeout(this.#timer);
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => {
      this.#late = new Failure("timeout", `The content was not read within ${unreadMs / 1000} s after it was asked for.`);
      this.#handed = undefined;
      // What the connection says now is told to nobody: whoever reads is told that it is too late.
      this.close().catch(() => undefined);
    }, unreadMs);
    // It must not keep a process that has nothing else to do.
    this.#timer.unref();
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#isClosed) return;
    this.#isClosed = true;
    // To end what has not begun, it must begin.
    if (!this.#hasBegun) await this.#reading.next();
    await this.#reading.return?.();
  }
}

async function* fromMemory(pieces: readonly Uint8Array[]): AsyncIterable<Uint8Array> {
  yield* pieces;
}
