import { Failure } from "../../failure.ts";
import { sliceLength, textSlices, yieldToEventLoop } from "../../text/slices.ts";
import { encodeBase64, encodedLength } from "../mime/base64.ts";

/** Bytes of known length that can be opened again. */
export interface ByteSource {
  /** Bytes, exactly. */
  readonly size: number;
  open(): AsyncIterable<Uint8Array>;
}

/** A document ready to be sent: its size in bytes is exact, and it can be opened again. */
export interface Document {
  readonly size: number;
  open(): AsyncIterable<Uint8Array>;
}

const pieces = Symbol("pieces");

/** A long text is escaped in slices, when the document is measured and again when it is sent. */
interface LongText {
  readonly text: string;
  /** Name of the element around it. */
  readonly where: string;
}
type Piece = string | ByteSource | LongText;

/** Opaque, so that a plain string is never accepted as XML. */
export interface Xml {
  readonly [pieces]: readonly Piece[];
}

/** The content of an element: other elements, or text, which is escaped. `undefined` is left out. */
export type XmlChild = Xml | string | number | boolean | undefined;

// Char of XML 1.0 section 2.2. With the u flag a surrogate matches only when it stands alone.
const notXml = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;
const inText = /[&<>\r]/;
const inAttribute = /[&<>"\t\n\r]/;
const references: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\t": "&#x9;",
  "\n": "&#xA;",
  // A reader turns a CR that is written plainly into LF (XML 1.0 section 2.11), and any white space in an attribute into a space (3.3.3).
  "\r": "&#xD;",
};

/**
 * Returns an element. `name` is a prefixed literal of ours ("t:ItemId"). Escapes strings; omits attributes that are `undefined`. Failure
 * `invalid-input` if a string contains a character that XML 1.0 cannot carry (`xmlDocument` checks long ones), or a number is not finite.
 */
export function element(
  name: string,
  attributes?: Readonly<Record<string, string | number | boolean | undefined>>,
  ...children: readonly (XmlChild | readonly XmlChild[])[]
): Xml {
  let open = `<${name}`;
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value !== undefined) open += ` ${key}="${escaped(value, inAttribute, `the attribute ${key} of ${name}`)}"`;
  }
  const made: Piece[] = [];
  let current = "";
  for (const child of children.flat()) {
    if (child === undefined) continue;
    if (typeof child === "string" && child.length > sliceLength) {
      made.push(current, { text: child, where: name });
      current = "";
      continue;
    }
    if (typeof child !== "object") {
      current += escaped(child, inText, name);
      continue;
    }
    for (const piece of child[pieces]) {
      if (typeof piece === "string") current += piece;
      else {
        made.push(current, piece);
        current = "";
      }
    }
  }
  if (made.length === 0) return { [pieces]: [current === "" ? `${open}/>` : `${open}>${current}</${name}>`] };
  made[0] = `${open}>${made[0]}`;
  return { [pieces]: [...made, `${current}</${name}>`] };
}

function escaped(value: string | number | boolean, special: RegExp, where: string): string {
  if (typeof value === "boolean") return value ? "true" : "false";
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new Failure("invalid-input", `The number for ${where} is not finite.`);
    return String(value);
  }
  const illegal = notXml.exec(value);
  if (illegal !== null) {
    const code = (illegal[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
    throw new Failure("invalid-input", `The text for ${where} has the character U+${code}, which cannot be sent to Exchange.`, {
      hint: "Remove the character.",
    });
  }
  if (!special.test(value)) return value;
  return value.replace(special === inText ? /[&<>\r]/g : /[&<>"\t\n\r]/g, (character) => references[character] ?? character);
}

/** Returns Base64 of bytes that are opened when the document is sent and never held in full. */
export function base64Content(source: ByteSource): Xml {
  return { [pieces]: ["", source, ""] };
}

const declaration = '<?xml version="1.0" encoding="utf-8"?>';

/** Returns a whole document with its XML declaration. Throws Failure `invalid-input` as `element`. Opening it fails with `invalid-input` if a source returns other than its `size` bytes. */
export async function xmlDocument(root: Xml): Promise<Document> {
  const all = [declaration, ...root[pieces]];
  let size = 0;
  for (const piece of all) {
    if (typeof piece === "string") size += Buffer.byteLength(piece);
    else if ("text" in piece) for await (const bytes of escapedSlices(piece)) size += bytes.length;
    else size += encodedLength(piece.size);
  }
  return {
    size,
    async *open() {
      for (const piece of all) {
        if (typeof piece === "object") yield* "text" in piece ? escapedSlices(piece) : encodeBase64(exactly(piece));
        else if (piece !== "") yield Buffer.from(piece);
      }
    },
  };
}

async function* escapedSlices({ text, where }: LongText): AsyncGenerator<Buffer> {
  for (const slice of textSlices(text)) {
    yield Buffer.from(escaped(slice, inText, where));
    await yieldToEventLoop();
  }
}

async function* exactly(source: ByteSource): AsyncIterable<Uint8Array> {
  let left = source.size;
  for await (const bytes of source.open()) {
    left -= bytes.length;
    if (left < 0) break;
    yield bytes;
  }
  if (left !== 0) throw new Failure("invalid-input", "A file to send does not have the announced size; it may have changed meanwhile.");
}

/** Returns the text of an element that contains no `base64Content`. */
export function xmlText(root: Xml): string {
  const textOf = (piece: Piece) => (typeof piece === "string" ? piece : "text" in piece ? escaped(piece.text, inText, piece.where) : "");
  return root[pieces].map(textOf).join("");
}
