import { SaxesParser, type SaxesTagNS } from "saxes";

/** Deeper XML than any request of EWS needs (an attached mail in an attached mail … is limited to 10 levels by Exchange). */
const depthLimit = 256;

const xmlNamespace = "http://www.w3.org/XML/1998/namespace";
const xmlnsNamespace = "http://www.w3.org/2000/xmlns/";
const xsiNamespace = "http://www.w3.org/2001/XMLSchema-instance";

/** Text that is not XML, has a document type declaration, or is nested too deeply. Lines and columns count from 1. */
export class XmlError extends Error {
  override readonly name = "XmlError";
  readonly line: number;
  readonly column: number;
  /** The element that was open at the place of the error, from the root. */
  readonly openElements: readonly XmlElement[];

  constructor(message: string, line: number, column: number, openElements: readonly XmlElement[]) {
    super(message);
    this.line = line;
    this.column = column;
    this.openElements = openElements;
  }
}

/** One element, known by its namespace and local name; prefixes are gone. */
export class XmlElement {
  readonly ns: string;
  readonly name: string;
  /** By local name; attributes in a namespace as `xml:lang`, `xsi:type`, otherwise `{namespace}name`. Namespace declarations are left out. */
  readonly attributes: ReadonlyMap<string, string>;
  /** Line of the end of the start tag, from 1, as Exchange reports it in a schema fault. */
  readonly line: number;
  readonly column: number;
  readonly children: XmlElement[] = [];
  /** Character data directly inside, CDATA included, not that of children. */
  text = "";

  constructor(ns: string, name: string, attributes: ReadonlyMap<string, string>, line: number, column: number) {
    this.ns = ns;
    this.name = name;
    this.attributes = attributes;
    this.line = line;
    this.column = column;
  }

  /** The first child of this local name. */
  child(name: string): XmlElement | undefined {
    return this.children.find((child) => child.name === name);
  }

  all(name: string): XmlElement[] {
    return this.children.filter((child) => child.name === name);
  }

  /** The element at the end of a path of local names, first child each. */
  at(...path: readonly string[]): XmlElement | undefined {
    let here: XmlElement | undefined = this;
    for (const name of path) here = here?.child(name);
    return here;
  }

  /** The trimmed text at the end of a path of local names. */
  textAt(...path: readonly string[]): string | undefined {
    return this.at(...path)?.text.trim();
  }
}

function attributeKey(uri: string, local: string): string {
  if (uri === "") return local;
  if (uri === xmlNamespace) return `xml:${local}`;
  if (uri === xsiNamespace) return `xsi:${local}`;
  return `{${uri}}${local}`;
}

/** Reads XML in pieces. Throws XmlError. */
export class XmlReader {
  readonly #parser = new SaxesParser({ xmlns: true });
  readonly #open: XmlElement[] = [];
  #root: XmlElement | undefined;

  constructor() {
    const parser = this.#parser;
    const text = (data: string): void => {
      const top = this.#open.at(-1);
      if (top !== undefined) top.text += data;
    };
    parser.on("error", (error) => this.#refuse(error.message.replace(/^\d+:\d+: /, "")));
    parser.on("doctype", () => this.#refuse("For security reasons DTD is prohibited in this XML document."));
    parser.on("text", text);
    parser.on("cdata", text);
    parser.on("opentag", (tag: SaxesTagNS) => {
      const attributes = new Map<string, string>();
      for (const { uri, local, prefix, value } of Object.values(tag.attributes)) {
        if (uri !== xmlnsNamespace && prefix !== "xmlns") attributes.set(attributeKey(uri, local), value);
      }
      const element = new XmlElement(tag.uri, tag.local, attributes, parser.line, parser.column + 1);
      this.#open.at(-1)?.children.push(element);
      this.#root ??= element;
      this.#open.push(element);
      if (this.#open.length > depthLimit) this.#refuse(`The XML is nested deeper than ${depthLimit} elements.`);
    });
    parser.on("closetag", () => {
      this.#open.pop();
    });
  }

  write(text: string): void {
    this.#parser.write(text);
  }

  /** The root element of the finished document. */
  end(): XmlElement {
    this.#parser.close();
    if (this.#root === undefined) return this.#refuse("Root element is missing.");
    return this.#root;
  }

  #refuse(message: string): never {
    throw new XmlError(message, this.#parser.line, this.#parser.column + 1, [...this.#open]);
  }
}

/** Parses a whole document. Throws XmlError. */
export function parseXml(text: string): XmlElement {
  const reader = new XmlReader();
  reader.write(text);
  return reader.end();
}

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#xD;" };

/**
 * Text or an attribute value for a reply. Characters that XML 1.0 cannot carry become U+FFFD: the lab's replies are
 * well-formed unless a fault asks otherwise.
 */
export function esc(text: string): string {
  return text
    .replace(/[&<>"\r]/g, (character) => entities[character] ?? character)
    .replace(
      /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g,
      "\uFFFD",
    );
}

export type AttributeValues = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * One element as text, named with its prefix as replies declare it (`m:`, `t:`). Attributes that are undefined are left out; children are
 * XML already, undefined ones left out. Text goes through `esc` first, or is written by `textEl`.
 */
export function el(name: string, attributes: AttributeValues = {}, ...children: readonly (string | undefined)[]): string {
  let start = `<${name}`;
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined) start += ` ${key}="${esc(String(value))}"`;
  const inner = children.filter((child) => child !== undefined).join("");
  return inner === "" ? `${start}/>` : `${start}>${inner}</${name}>`;
}

/** An element with text; nothing at all when the text is undefined. */
export function textEl(name: string, text: string | number | boolean | undefined): string {
  return text === undefined ? "" : el(name, {}, esc(String(text)));
}
