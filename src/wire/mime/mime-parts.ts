import { Failure } from "../../failure.ts";
import { openPartDecoder } from "./decode-part.ts";
import { AnySplitter } from "./split-any-format.ts";
import type { MimeEvent, PartHead } from "./split-mime.ts";

/** Where a part is: `[2, 3]` is the third part of the message that is the second part. Empty: the message itself. */
export type PartPath = readonly number[];

/** One part of a message that comes as a stream, or the message itself. What is in it is read in the order in which it stands there, and once. */
export interface Part {
  readonly isMessage: boolean;
  /** All of it, its transfer encoding undone. To stop reading it ends nothing. */
  whole(): AsyncIterable<Uint8Array>;
  /** The part in it of this number: what stands before it is read over. Throws Failure `too-large`, or what the stream throws. */
  find(number: number): Promise<Part | undefined>;
  /** Reads over what is left of the part in it that was found last. Throws Failure, as `find`. */
  finish(): Promise<void>;
  /** Whether what is there has not gone by. */
  reaches(path: PartPath): boolean;
  /** What `find` threw: nothing more can be found. */
  failure(): unknown;
}

/** Exchange Online takes no message of more than 150 MB; base64 makes a third more of what hangs in it. */
const maxMessageBytes = 256 * 1024 * 1024;

export function isMessage({ type }: PartHead): boolean {
  return type === "message/rfc822" || type === "message/global";
}

/** What others hang in, taken apart while it comes; `isAMessage`: what is nothing else is a message. Throws Failure `too-large`. */
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

/** What stands at this place of a message, which must not have gone by; undefined when it has no such part. Throws Failure, as `find`. */
export async function partAt(message: Part, path: PartPath): Promise<Part | undefined> {
  let part: Part | undefined = message;
  for (const number of path) part = await part?.find(number);
  return part;
}

/** The part whose content these bytes are. They are never ended from here: other parts may stand behind it. */
export function partOf(content: AsyncIterator<Uint8Array>, isOfMessage = true): Part {
  const bytes = { [Symbol.asyncIterator]: () => ({ next: () => content.next() }) };
  let begun: "whole" | "parts" | undefined;
  let events: AsyncIterator<MimeEvent> | undefined;
  let broken: unknown;
  let found: { readonly number: number; readonly part: Part } | undefined;
  /** What begins behind it, when that has been read. */
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

/** What a reader is told who comes when the stream has gone on. */
export function streamMovedOn(): Failure {
  return new Failure("invalid-input", "The content was not read before the next one was requested, so it is no longer available.", {
    hint: "Read each content to its end before you request the next.",
  });
}
