import type { Window } from "./input-window.ts";
import { nameEnd, skipSpace, unfinished } from "./scan-names.ts";
import { malformed } from "./xml-characters.ts";
import { checkedName, type Scope } from "./xml-name.ts";

/** More attribute names than any schema has: beyond it they are checked anew. */
const maxNames = 1024;

/** The attributes of one tag after another: found first, decoded when the tag is complete, converted when needed. */
export class AttributeList {
  count = 0;
  readonly #maxCount: number;
  #source = "";
  #declares = false;
  readonly #names: string[] = [];
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  /** The values that had to be decoded. */
  readonly #values: (string | undefined)[] = [];
  /** Valid names, by their raw form. */
  readonly #checked = new Map<string, string>();

  constructor(maxCount: number) {
    this.#maxCount = maxCount;
  }

  /** Returns the value of the attribute with this written name. */
  get(name: string): string | undefined {
    for (let i = 0; i < this.count; i++) if (this.#names[i] === name) return this.#value(i);
    return undefined;
  }

  clear(): void {
    this.count = 0;
    this.#declares = false;
  }

  /** Finds the attributes; returns the position of `>` or `/>`. */
  find(source: string, start: number): number {
    this.#source = source;
    const length = source.length;
    let from = start;
    let nextTag = -2;
    for (;;) {
      const at = skipSpace(source, from);
      const code = source.charCodeAt(at);
      if (code === 0x3e /* > */) return at;
      if (at >= length) return unfinished;
      if (code === 0x2f /* / */) {
        if (source.charCodeAt(at + 1) === 0x3e) return at;
        if (at + 1 >= length) return unfinished;
        throw malformed("has a tag that is broken");
      }
      const end = nameEnd(source, at);
      if (end >= length) return unfinished;
      const equals = skipSpace(source, end);
      if (equals >= length) return unfinished;
      const open = skipSpace(source, equals + 1);
      if (open >= length) return unfinished;
      const quote = source.charCodeAt(open);
      const isQuote = quote === 0x22 || quote === 0x27;
      if (at === from || end === at || source.charCodeAt(equals) !== 0x3d /* = */ || !isQuote) throw malformed("has a tag that is broken");
      const close = source.indexOf(quote === 0x22 ? '"' : "'", open + 1);
      if (nextTag === -2) nextTag = source.indexOf("<", open);
      if (nextTag >= 0 && (close < 0 || nextTag < close)) throw malformed('has "<" in an attribute');
      if (close < 0) return unfinished;
      this.#add(source.slice(at, end), open + 1, close);
      from = close + 1;
    }
  }

  #add(raw: string, start: number, end: number): void {
    const i = this.count++;
    if (i >= this.#maxCount) throw malformed("has an element with too many attributes");
    const name = this.#checkedName(raw);
    for (let other = 0; other < i; other++) if (this.#names[other] === name) throw malformed("has an attribute twice");
    if (name.startsWith("xmlns") && (name.length === 5 || name.charCodeAt(5) === 0x3a)) this.#declares = true;
    this.#names[i] = name;
    this.#starts[i] = start;
    this.#ends[i] = end;
  }

  #checkedName(raw: string): string {
    const found = this.#checked.get(raw);
    if (found !== undefined) return found;
    const name = checkedName(raw);
    if (this.#checked.size >= maxNames) this.#checked.clear();
    this.#checked.set(raw, name);
    return name;
  }

  /** Decodes special values and returns the scope inside the tag, after checking that it binds every prefix. */
  settle(window: Window, outer: Scope): Scope {
    for (let i = 0; i < this.count; i++) {
      const start = this.#starts[i] ?? 0;
      const end = this.#ends[i] ?? 0;
      this.#values[i] = window.isSpecial(start, end) ? window.attribute(start, end) : undefined;
    }
    const scope = this.#declares ? outer.with(this.#declarations()) : outer;
    this.#checkPrefixes(scope);
    return scope;
  }

  #value(i: number): string {
    const decoded = this.#values[i];
    if (decoded !== undefined) return decoded;
    const plain = this.#source.slice(this.#starts[i], this.#ends[i]);
    return /[\t\n]/.test(plain) ? plain.replace(/[\t\n]/g, " ") : plain;
  }

  #declarations(): Map<string, string> {
    const declared = new Map<string, string>();
    for (let i = 0; i < this.count; i++) {
      const name = this.#names[i] ?? "";
      if (name === "xmlns") declared.set("", this.#value(i));
      else if (name.startsWith("xmlns:")) declared.set(name.slice(6), this.#value(i));
    }
    return declared;
  }

  /** Two prefixes may stand for one namespace, so differently written attributes can be equal. */
  #checkPrefixes(scope: Scope): void {
    let keys: Set<string> | undefined;
    for (let i = 0; i < this.count; i++) {
      const name = this.#names[i] ?? "";
      if (!name.includes(":") || name.startsWith("xmlns:")) continue;
      const key = scope.attributeKey(name);
      keys ??= new Set();
      if (keys.has(key)) throw malformed("has an attribute twice");
      keys.add(key);
    }
  }
}
