import { Window } from "./input-window.ts";
import { afterDeclaration, endsName, heldBack, isSpace, nameEnd, skipSpace, unfinished } from "./scan-names.ts";
import { AttributeList } from "./xml-attributes.ts";
import { malformed, type Replacements } from "./xml-characters.ts";
import { checkedName, type Name, Scope } from "./xml-name.ts";

/** Receives the contents of the document, in order. */
export interface TokenHandler<LeafTarget> {
  /** Whether `text` is called from here on; unwanted text is still checked. */
  readonly wantsText: boolean;
  /** Whether the text is Base64, of which the handler itself checks every character. */
  readonly binary: boolean;
  open(name: Name, attributes: AttributeList): void;
  /**
   * Called before an element without attributes and children is opened. Returns the target of its whole text, `skip` if it is not wanted, or `open`
   * to open it like any other.
   */
  leaf(name: Name): LeafTarget | "skip" | "open";
  /** The whole text of such an element. */
  fill(target: LeafTarget, name: Name, text: string): void;
  /** A piece of the text of the open element. It may share the memory of its chunk. */
  text(piece: string): void;
  /** As `text` while `binary`; valid only during the call. */
  bytes(piece: Buffer): void;
  close(): void;
}

const LT = 0x3c;
const GT = 0x3e;
const SLASH = 0x2f;
const BANG = 0x21;
const QUESTION = 0x3f;
const AMPERSAND = 0x26;
/** Maximum number of characters of one reference: XML does not limit leading zeros. */
const maxReference = 64;

/** The usual size of a socket's chunks. */
const chunkBytes = 64 * 1024;

export interface TokenLimits {
  readonly maxDepth: number;
  readonly maxAttributes: number;
  /** Smaller chunks are collected: each pass has a fixed cost, and a server may send single bytes. */
  readonly leastBytes: number;
  /** Whether to drop everything after the root element. */
  readonly dropsRest: boolean;
}

/**
 * Push tokenizer for XML 1.0 (https://www.w3.org/TR/xml/) with namespaces, in UTF-8, without DTD. Accepts chunks cut anywhere, checks
 * well-formedness and calls a handler; a document that is not well-formed is Failure `broken-reply`.
 */
export class Tokenizer<LeafTarget extends object> {
  readonly #handler: TokenHandler<LeafTarget>;
  readonly #counter: Replacements;
  readonly #maxDepth: number;
  readonly #leastBytes: number;
  readonly #window: Window;
  readonly #attributes: AttributeList;
  #inside: "start" | "text" | "comment" | "cdata" | "instruction" = "start";
  #scope = new Scope(undefined, new Map());
  readonly #open: Name[] = [];
  /** The depths of the elements with their own scope. */
  readonly #scopeDepths: number[] = [];
  #last: Name | undefined;
  #rootSeen = false;
  readonly #dropsRest: boolean;

  constructor(handler: TokenHandler<LeafTarget>, counter: Replacements, limits: TokenLimits) {
    this.#handler = handler;
    this.#counter = counter;
    this.#maxDepth = limits.maxDepth;
    this.#leastBytes = limits.leastBytes;
    this.#dropsRest = limits.dropsRest;
    this.#window = new Window(counter, limits.leastBytes + chunkBytes);
    this.#attributes = new AttributeList(limits.maxAttributes);
  }

  /** The next bytes of the document. */
  write(chunk: Uint8Array): void {
    // The rest is dropped, so its encoding does not matter.
    if (this.#dropsRest && this.#rootSeen && this.#open.length === 0 && this.#window.isEmpty) return;
    if (this.#handler.binary && this.#window.isEmpty && this.#inside === "text" && !chunk.includes(AMPERSAND)) this.#skim(chunk);
    else this.#window.add(chunk);
    if (this.#window.fresh >= this.#leastBytes) this.#take();
  }

  /** The document is over. */
  end(): void {
    if (this.#window.fresh > 0) this.#take();
    if (this.#inside !== "text" || this.#open.length > 0 || !this.#rootSeen || !this.#window.isEmpty) throw malformed("ends too early");
  }

  /** Skips through a large content, of which only the end matters. */
  #skim(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    const markup = bytes.indexOf(LT);
    if (markup !== 0) this.#handler.bytes(markup < 0 ? bytes : bytes.subarray(0, markup));
    if (markup >= 0) this.#window.add(bytes.subarray(markup));
  }

  #take(): void {
    this.#window.open();
    this.#window.close(this.#run());
  }

  /** Reads as far as there is something whole; returns where it stopped. */
  #run(): number {
    const source = this.#window.source;
    const length = source.length;
    let at = 0;
    if (this.#inside === "start") {
      at = afterDeclaration(source);
      if (at === unfinished) return 0;
      this.#inside = "text";
    }
    while (at < length) {
      if (this.#dropsRest && this.#rootSeen && this.#open.length === 0) return length;
      if (this.#inside !== "text") {
        at = this.#goOn(at);
        if (!this.#isInText()) return at;
        continue;
      }
      if (source.charCodeAt(at) !== LT) {
        const markup = source.indexOf("<", at);
        // After the root there is nothing to wait for.
        const end = markup >= 0 ? markup : this.#open.length === 0 ? length : textEnd(source, at);
        if (end > at) this.#text(at, end);
        at = end;
        if (markup < 0) return at;
      }
      const after = this.#leaf(source, at);
      if (after > at) {
        at = after;
        continue;
      }
      const second = source.charCodeAt(at + 1);
      const next = second === SLASH ? this.#closeTag(at) : second === BANG || second === QUESTION ? this.#other(at) : this.#openTag(at);
      if (next === unfinished) return at;
      at = next;
    }
    return at;
  }

  #isInText(): boolean {
    return this.#inside === "text";
  }

  #text(from: number, end: number): void {
    const window = this.#window;
    const handler = this.#handler;
    if (this.#open.length === 0) {
      for (let at = from; at < end; at++) if (!isSpace(window.source.charCodeAt(at))) throw malformed("has text outside its root element");
    } else if (window.isSpecial(from, end)) {
      const text = window.text(from, end);
      if (handler.wantsText) handler.text(text);
    } else if (handler.wantsText) handler.text(window.source.slice(from, end));
  }

  /** Reads an element in one step if it is the expected one and contains only text, as most do. Returns its end, or `at` if it is another. */
  #leaf(source: string, at: number): number {
    const window = this.#window;
    const name = this.#last?.next;
    if (name === undefined || !window.has(name.openTag, at)) return at;
    const from = at + name.openTag.length;
    const end = source.indexOf("<", from);
    const depth = this.#open.length;
    if (end < 0 || !window.has(name.closeTag, end) || depth === 0 || depth >= this.#maxDepth || this.#handler.binary) return at;
    const target = this.#handler.leaf(name);
    if (target === "open") return at;
    if (window.isSpecial(from, end)) {
      const text = window.text(from, end);
      if (target !== "skip") this.#handler.fill(target, name, text);
    } else if (target !== "skip") this.#handler.fill(target, name, source.slice(from, end));
    this.#last = name;
    return end + name.closeTag.length;
  }

  #openTag(at: number): number {
    const window = this.#window;
    const source = window.source;
    const attributes = this.#attributes;
    const guess = this.#last?.next;
    let name: Name | undefined;
    let end = at + 1;
    if (
      guess !== undefined &&
      window.has(guess.openTag, at, guess.openTag.length - 1) &&
      endsName(source.charCodeAt(end + guess.raw.length))
    ) {
      name = guess;
      end += guess.raw.length;
    } else end = nameEnd(source, end);
    let close = end;
    attributes.clear();
    this.#counter.beforeTag = this.#counter.replaced;
    if (source.charCodeAt(end) !== GT) {
      close = attributes.find(source, end);
      if (close === unfinished) return unfinished;
      if (attributes.count > 0 && this.#enter(attributes.settle(window, this.#scope))) name = undefined;
    }
    name ??= this.#named(source.slice(at + 1, end));
    this.#last = name;
    this.#push(name);
    this.#handler.open(name, attributes);
    if (source.charCodeAt(close) === GT) return close + 1;
    this.#pop();
    return close + 2;
  }

  /** Returns whether the scope of the new element differs from the scope around it. */
  #enter(scope: Scope): boolean {
    if (scope === this.#scope) return false;
    this.#scopeDepths.push(this.#open.length);
    this.#scope = scope;
    this.#last = undefined;
    return true;
  }

  #named(raw: string): Name {
    const name = this.#scope.element(raw);
    if (this.#last !== undefined) this.#last.next = name;
    return name;
  }

  #push(name: Name): void {
    const depth = this.#open.length;
    if (depth >= this.#maxDepth) throw malformed("nests elements too deeply");
    if (depth === 0 && this.#rootSeen) throw malformed("has a second root element");
    this.#rootSeen = true;
    this.#open.push(name);
  }

  #pop(): void {
    this.#open.pop();
    if (this.#scopeDepths.length > 0 && this.#scopeDepths[this.#scopeDepths.length - 1] === this.#open.length) {
      this.#scopeDepths.pop();
      this.#scope = this.#scope.outer ?? this.#scope;
      this.#last = undefined;
    }
    this.#handler.close();
  }

  #closeTag(at: number): number {
    const source = this.#window.source;
    const name = this.#open[this.#open.length - 1];
    if (name === undefined) throw malformed("closes an element that is not open");
    if (this.#window.has(name.closeTag, at)) {
      this.#pop();
      return at + name.closeTag.length;
    }
    const after = at + 2 + name.raw.length;
    const end = skipSpace(source, after);
    if (end >= source.length) return unfinished;
    if (!source.startsWith(name.raw, at + 2) || source.charCodeAt(end) !== GT) {
      throw malformed("closes an element that is not the last one opened");
    }
    this.#pop();
    return end + 1;
  }

  /** Comment, CDATA section or processing instruction: only its beginning, since the rest may be long. */
  #other(at: number): number {
    const source = this.#window.source;
    for (const [opening, inside] of openings) {
      if (source.startsWith(opening, at)) {
        if (inside === "cdata" && this.#open.length === 0) throw malformed("has text outside its root element");
        this.#inside = inside;
        return at + opening.length;
      }
      if (opening.startsWith(source.slice(at, at + opening.length))) return unfinished;
    }
    if (source.charCodeAt(at + 1) === BANG) throw malformed("has a document type declaration, which is refused");
    const end = nameEnd(source, at + 2);
    const code = source.charCodeAt(end - 1) === QUESTION ? QUESTION : source.charCodeAt(end);
    if (end >= source.length) return unfinished;
    const target = source.slice(at + 2, code === QUESTION ? end - 1 : end);
    if (target.includes(":") || checkedName(target).toLowerCase() === "xml" || (code !== QUESTION && !isSpace(code))) {
      throw malformed("has a processing instruction that is not allowed");
    }
    this.#inside = "instruction";
    return at + 2 + target.length;
  }

  /** Continues the construct that `#other` began, up to its end if that has arrived. */
  #goOn(at: number): number {
    const source = this.#window.source;
    if (this.#inside === "cdata") {
      const close = source.indexOf("]]>", at);
      const end = close < 0 ? Math.max(at, source.length - heldBack(source)) : close;
      if (end > at) {
        const text = this.#window.cdata(at, end);
        if (this.#handler.wantsText) this.#handler.text(text);
      }
      if (close < 0) return end;
      this.#inside = "text";
      return close + 3;
    }
    const sign = this.#inside === "comment" ? "--" : "?>";
    const close = source.indexOf(sign, at);
    // The last character may be the first one of the sign.
    if (close < 0) return Math.max(at, source.length - 1);
    if (this.#inside === "comment") {
      if (close + 2 >= source.length) return close;
      if (source.charCodeAt(close + 2) !== GT) throw malformed('has "--" in a comment');
    }
    this.#inside = "text";
    return close + (sign === "--" ? 3 : 2);
  }
}

const openings = [
  ["<!--", "comment"],
  ["<![CDATA[", "cdata"],
] as const;

/** Returns the length of text at the chunk's end that can be passed on: text that may continue in the next chunk stays. */
function textEnd(source: string, from: number): number {
  const tail = Math.max(from, source.length - maxReference);
  const ampersand = source.slice(tail).lastIndexOf("&");
  const isCut = ampersand >= 0 && source.indexOf(";", tail + ampersand) < 0;
  return Math.max(from, Math.min(source.length - heldBack(source), isCut ? tail + ampersand : source.length));
}
