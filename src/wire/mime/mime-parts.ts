import { Failure } from "../../failure.ts";
import { openPartDecoder } from "./decode-part.ts";
import { AnySplitter } from "./split-any-format.ts";
import type { MimeEvent, PartHead } from "./split-mime.ts";

/** The position of a part: `[2, 3]` is the third part of the message that is the second part. Empty: the message itself. */
export type PartPath = readonly number[];

/** One part of a streamed message, or the message itself. Its contents can be read only in their order, and once. */
export interface Part {
  readonly isMessage: boolean;
  /** Returns the whole part with its transfer encoding decoded. Stopping early does not end the stream. */
  whole(): AsyncIterable<Uint8Array>;
  /** Returns the part with this number inside this one, and skips the parts before it. Throws Failure `too-large`, or what the stream throws. */
  find(number: number): Promise<Part | undefined>;
  /** Skips the rest of the inner part found last. Throws Failure, as `find`. */
  finish(): Promise<void>;
  /** Returns whether the part at `path` has not passed yet. */
  reaches(path: PartPath): boolean;
  /** The error that `find` threw: no further part can be found. */
  failure(): unknown;
}

/** Exchange Online accepts messages of at most 150 MB; base64 makes attachments a third larger. */
const maxMessageBytes = 256 * 1024 * 1024;

export function isMessage({ type }: PartHead): boolean {
  return type === "message/rfc822" || type === "message/global";
}

/** Splits an attachment as its bytes arrive. `isAMessage`: content of no other kind is a message. Throws Failure `too-large`. */
export async function* split(message: AsyncIterable<Uint8Array>, isAMessage: boolean): AsyncGenerator<MimeEvent> {
  const splitter = new AnySplitter(isAMessage);
  let size = 0;
  for await (const bytes of message) {
    size += bytes.length;
    if (size > maxMessageBytes) {
      throw new Failure("too-large", `Attachments of more than ${maxMessageBytes / 1024 / 1024} MB are not opened.`);
    }
    yield* splitter.write(bytes);
  }
  yield* splitter.end();
}

/** Returns the part at `path` of a message, which must not have passed yet; undefined if it does not exist. Throws Failure, as `find`. */
export async function partAt(message: Part, path: PartPath): Promise<Part | undefined> {
  let part: Part | undefined = message;
  for (const number of path) part = await part?.find(number);
  return part;
}

/** Returns the part with this content. Never ends the stream: other parts may follow. */
export function partOf(content: AsyncIterator<Uint8Array>, isOfMessage = true): Part {
  const bytes = { [Symbol.asyncIterator]: () => ({ next: () => content.next() }) };
  let begun: "whole" | "parts" | undefined;
  let events: AsyncIterator<MimeEvent> | undefined;
  let broken: unknown;
  let found: { readonly number: number; readonly part: Part } | undefined;
  /** The part that begins after this one, once it was read. */
  let ahead: PartHead | undefined;

  async function next(): Promise<MimeEvent | undefined> {
    if (broken !== undefined) throw broken;
    events ??= split(bytes, isOfMessage);
    try {
      const event = await events.next();
      return event.done === true ? undefined : event.value;
    } catch (thrown) {
      broken = thrown;
      throw thrown;
    }
  }

  async function* contentOf({ number, encoding }: PartHead): AsyncGenerator<Uint8Array> {
    const decoder = openPartDecoder(encoding);
    for (;;) {
      if (found?.number !== number) throw streamMovedOn();
      const event = await next();
      if (event?.kind === "again") continue;
      if (event?.kind !== "bytes") {
        ahead = event?.kind === "part" ? event.part : undefined;
        break;
      }
      const decoded = decoder.write(event.bytes);
      if (decoded.length > 0) yield decoded;
    }
    const last = decoder.end();
    if (last.length > 0) yield last;
  }

  async function nextHead(): Promise<PartHead | undefined> {
    while (ahead === undefined) {
      const event = await next();
      if (event === undefined) return undefined;
      if (event.kind === "part") ahead = event.part;
    }
    return ahead;
  }

  return {
    isMessage: isOfMessage,
    whole() {
      begun = "whole";
      return bytes;
    },
    async find(number) {
      begun = "parts";
      while (found === undefined || found.number < number) {
        const head = await nextHead();
        if (head === undefined) return undefined;
        ahead = undefined;
        found = { number: head.number, part: partOf(contentOf(head), isMessage(head)) };
      }
      return found.number === number ? found.part : undefined;
    },
    async finish() {
      await nextHead();
    },
    reaches([number, ...rest]) {
      if (number === undefined) return begun === undefined;
      if (begun === "whole") return false;
      if (found === undefined || number > found.number) return true;
      return number === found.number && found.part.reaches(rest);
    },
    failure: () => broken,
  };
}

/** Returns the failure of a reader that comes after the stream has moved on. */
export function streamMovedOn(): Failure {
  return new Failure("invalid-input", "The content was not read before the next one was requested, so it is no longer available.", {
    hint: "Read each content to its end before you request the next.",
  });
}
