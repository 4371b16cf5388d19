import { Failure } from "../failure.ts";
import type { QName } from "./xml-name.ts";
import type { Reader } from "./xml-reader.ts";

export { type QName, qname } from "./xml-name.ts";
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
  within,
} from "./xml-reader.ts";

/** What a document may have at most; beyond it, Failure `broken-reply`. */
export interface Limits {
  /** Elements inside each other; default 200. */
  readonly maxDepth?: number | undefined;
  /** Bytes of one text; default 64 MiB. A streamed content has no limit. */
  readonly maxTextBytes?: number | undefined;
  /** Bytes of the whole document; default none. */
  readonly maxBytes?: number | undefined;
  /** Attributes of one element; default 256. */
  readonly maxAttributes?: number | undefined;
}

/** A document whose one big content is read while it comes. */
export interface Streamed<T> {
  /** The decoded bytes. Ends normally only when the whole document was well-formed to its end, else throws Failure `broken-reply`. */
  readonly content: AsyncIterable<Uint8Array> | undefined;
  /** The typed value of the document without the content; what was not yet read of the content is read and dropped. */
  value(): Promise<T>;
}

/** Reads a whole document into one value. Failure `broken-reply` when it is malformed, truncated, too large or has another root. */
export async function readXml<T>(_bytes: AsyncIterable<Uint8Array>, _root: QName, _reader: Reader<T>, _limits?: Limits): Promise<T> {
  throw new Failure("unsupported", "The reader comes next.");
}

/**
 * Reads a document that holds at most one big Base64 content, in constant memory. Resolves when the content begins, or when the
 * document ended without one. The content itself is left out of the value.
 */
export async function readXmlStream<T>(
  _bytes: AsyncIterable<Uint8Array>,
  _root: QName,
  _reader: Reader<T>,
  _content: readonly QName[],
  _limits?: Limits,
): Promise<Streamed<T>> {
  throw new Failure("unsupported", "The reader comes next.");
}
