import { Failure } from "../../failure.ts";
import type { Reader } from "./element-readers.ts";
import { Builder } from "./xml-build.ts";
import type { Replacements } from "./xml-characters.ts";
import type { QName } from "./xml-name.ts";
import { Tokenizer } from "./xml-tokenizer.ts";

export {
  attribute,
  bool,
  dateTime,
  deferred,
  eachOf,
  elementName,
  type Field,
  type FieldType,
  fromAttribute,
  integer,
  listOf,
  many,
  mapped,
  type NameValue,
  nameValues,
  type OneOf,
  oneOf,
  optional,
  ownText,
  type Reader,
  type Recorded,
  record,
  replacedCharacters,
  required,
  text,
  trimmedText,
  within,
} from "./element-readers.ts";
export { type QName, qname } from "./xml-name.ts";

/** Limits of a document. Beyond them: Failure `broken-reply`. */
export interface Limits {
  /** Elements inside each other; default 200. */
  readonly maxDepth?: number | undefined;
  /** Bytes of one text; default 64 MiB. A streamed content has no limit. */
  readonly maxTextBytes?: number | undefined;
  /** Bytes of the whole document; default none. */
  readonly maxBytes?: number | undefined;
  /** Attributes of one element; default 256. */
  readonly maxAttributes?: number | undefined;
  /** Not a limit: whether text after the root element is dropped. Default: such a document is malformed. */
  readonly dropsRest?: boolean | undefined;
  /** Not a limit: smaller chunks are joined to this many bytes before they are parsed; default 128 KiB, for a streamed document 16 KiB. */
  readonly gatherBytes?: number | undefined;
}

/** A document whose one big content is read while it comes. */
export interface Streamed<T> {
  /** The decoded bytes. Ends normally only when the whole document was well-formed to its end, else throws Failure `broken-reply`. */
  readonly content: AsyncIterable<Uint8Array> | undefined;
  /** Returns the typed value of the document without the content. Unread content is read and dropped. */
  value(): Promise<T>;
}

/** Reads a whole document into one value. Failure `broken-reply` when it is malformed, truncated, too large or has another root. */
export async function readXml<T>(bytes: AsyncIterable<Uint8Array>, root: QName, reader: Reader<T>, limits: Limits = {}): Promise<T> {
  const { builder, tokenizer } = begin(root, reader, [], limits, 128 * 1024);
  for await (const chunk of counted(bytes, limits.maxBytes)) tokenizer.write(chunk);
  tokenizer.end();
  return builder.value();
}

/**
 * Reads a document that holds at most one big Base64 content, in constant memory. Resolves when the content begins, or when the
 * document ended without one. The content itself is left out of the value. Whoever stops reading the content before its end ends the
 * source as well; without reading it, `value()` must be called.
 */
export async function readXmlStream<T>(
  bytes: AsyncIterable<Uint8Array>,
  root: QName,
  reader: Reader<T>,
  content: readonly QName[],
  limits: Limits = {},
): Promise<Streamed<T>> {
  const { builder, tokenizer } = begin(root, reader, content, limits, 16 * 1024);
  const chunks = counted(bytes, limits.maxBytes);
  let over = false;
  let failure: unknown;

  /** Reads one chunk more. */
  const step = async (): Promise<void> => {
    try {
      const next = await chunks.next();
      if (next.done === true) {
        tokenizer.end();
        over = true;
      } else tokenizer.write(next.value);
    } catch (thrown) {
      failure = thrown;
      await chunks.return();
      throw thrown;
    }
  };

  async function* decoded(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (;;) {
        yield* builder.decoded();
        if (over) return;
        await step();
      }
    } finally {
      if (!over && failure === undefined) {
        failure = new Failure("cancelled", "The content of the reply was not read to its end.");
        await chunks.return();
      }
    }
  }

  while (!builder.contentBegan && !over) await step();
  return {
    content: builder.contentBegan ? decoded() : undefined,
    async value() {
      if (failure !== undefined) throw failure;
      while (!over) {
        builder.decoded();
        await step();
      }
      return builder.value();
    },
  };
}

function begin<T>(root: QName, reader: Reader<T>, content: readonly QName[], limits: Limits, least: number) {
  const counter: Replacements = { replaced: 0, beforeTag: 0 };
  const builder = new Builder(root, reader, counter, limits.maxTextBytes ?? 64 * 1024 * 1024, content);
  const { maxDepth = 200, maxAttributes = 256, gatherBytes = least, dropsRest = false } = limits;
  const tokenizer = new Tokenizer(builder, counter, { maxDepth, maxAttributes, leastBytes: gatherBytes, dropsRest });
  return { builder, tokenizer };
}

async function* counted(
  bytes: AsyncIterable<Uint8Array>,
  maxBytes = Number.POSITIVE_INFINITY,
): AsyncGenerator<Uint8Array, void, undefined> {
  let total = 0;
  for await (const chunk of bytes) {
    total += chunk.length;
    if (total > maxBytes) throw new Failure("broken-reply", `The reply has more than ${maxBytes} bytes.`);
    yield chunk;
  }
}
