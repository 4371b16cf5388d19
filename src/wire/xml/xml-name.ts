import { malformed } from "./xml-characters.ts";

/** An element's namespace and local name ("Namespaces in XML 1.0", https://www.w3.org/TR/xml-names/). */
export interface QName {
  readonly ns: string;
  readonly local: string;
}

export function qname(ns: string, local: string): QName {
  return { ns, local };
}

// Only names that our own readers request are registered, so a document cannot make this grow.
const known = new Map<string, number>();

const keyOf = (ns: string, local: string): string => `${ns}\n${local}`;

/** Returns the number of a name that readers request. Never 0. */
export function register(name: QName): number {
  const key = keyOf(name.ns, name.local);
  const id = known.get(key) ?? known.size + 1;
  known.set(key, id);
  return id;
}

/** An element or attribute name of a document, resolved once for all its occurrences in one scope. */
export interface Name {
  /** As written, with its prefix, one character per UTF-8 byte. */
  readonly raw: string;
  /** Its tag without attributes and white space. */
  readonly openTag: Uint8Array;
  readonly closeTag: Uint8Array;
  readonly local: string;
  readonly ns: string;
  /** The registered number, or 0 for a name that no reader requests. */
  readonly id: number;
  /** The name that followed this one last time: records repeat, so it is the best guess for the next one. */
  next: Name | undefined;
}

const xmlNs = "http://www.w3.org/XML/1998/namespace";
const xmlnsNs = "http://www.w3.org/2000/xmlns/";
/** Prefixes that are bound without a declaration. */
const reserved: ReadonlyMap<string, string> = new Map([
  ["xml", xmlNs],
  ["", ""],
]);
/** More distinct names than any schema has: beyond it the table starts anew, so hostile names cannot fill the memory. */
const maxNames = 4096;

const asciiName = /^[A-Za-z_][A-Za-z0-9._-]*(?::[A-Za-z_][A-Za-z0-9._-]*)?$/;
// NameStartChar and NameChar of XML 1.0 (fifth edition) section 2.3, without the colon, which separates the prefix.
const start =
  "A-Z_a-z\\xC0-\\xD6\\xD8-\\xF6\\xF8-\\u02FF\\u0370-\\u037D\\u037F-\\u1FFF\\u200C\\u200D\\u2070-\\u218F\\u2C00-\\u2FEF\\u3001-\\uD7FF\\uF900-\\uFDCF\\uFDF0-\\uFFFD\\u{10000}-\\u{EFFFF}";
const more = `${start}.0-9\\-\\xB7\\u0300-\\u036F\\u203F-\\u2040`;
let anyName: RegExp | undefined;

/** Returns a name, given with one character per UTF-8 byte, as text; Failure `broken-reply` if it is invalid. */
export function checkedName(raw: string): string {
  if (asciiName.test(raw)) return raw;
  anyName ??= new RegExp(`^[${start}][${more}]*(?::[${start}][${more}]*)?$`, "u");
  const name = Buffer.from(raw, "latin1").toString("utf8");
  if (!anyName.test(name)) throw malformed("has an invalid name");
  return name;
}

/** A loop: `Uint8Array.from` with a function takes ten times as long, and each document has dozens of names. */
function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

/** The namespace declarations in force in one part of a document. */
export class Scope {
  readonly outer: Scope | undefined;
  /** Only its own declarations: copying the outer ones would let a small document cause much work. */
  readonly #declared: ReadonlyMap<string, string>;
  readonly #names = new Map<string, Name>();

  constructor(outer: Scope | undefined, declared: ReadonlyMap<string, string>) {
    this.outer = outer;
    this.#declared = declared;
  }

  /** Returns an element's name; one without a prefix is in the default namespace. */
  element(raw: string): Name {
    const found = this.#names.get(raw);
    if (found !== undefined) return found;
    const full = checkedName(raw);
    const colon = full.indexOf(":");
    const local = full.slice(colon + 1);
    const ns = this.#namespaceOf(colon < 0 ? "" : full.slice(0, colon));
    // A copy, since `raw` may be part of a large chunk and would keep it in memory.
    const copy = Buffer.from(raw, "latin1").toString("latin1");
    const id = known.get(keyOf(ns, local)) ?? 0;
    const name: Name = { raw: copy, openTag: bytesOf(`<${copy}>`), closeTag: bytesOf(`</${copy}>`), local, ns, id, next: undefined };
    if (this.#names.size >= maxNames) this.#names.clear();
    this.#names.set(name.raw, name);
    return name;
  }

  /** The namespace and local name of an attribute with a prefix, as one key. */
  attributeKey(name: string): string {
    const colon = name.indexOf(":");
    return keyOf(this.#namespaceOf(name.slice(0, colon)), name.slice(colon + 1));
  }

  #namespaceOf(prefix: string): string {
    const ns = this.#lookUp(prefix);
    if (ns === undefined) throw malformed("has a name whose prefix is not bound to a namespace");
    return ns;
  }

  #lookUp(prefix: string): string | undefined {
    for (let scope: Scope | undefined = this; scope !== undefined; scope = scope.outer) {
      const ns = scope.#declared.get(prefix);
      if (ns !== undefined) return ns;
    }
    return reserved.get(prefix);
  }

  /** Returns this scope with more declarations; itself if they change nothing. */
  with(declared: ReadonlyMap<string, string>): Scope {
    let changes = false;
    for (const [prefix, ns] of declared) {
      const wrong = prefix === "xmlns" || ns === xmlnsNs || (prefix === "xml") !== (ns === xmlNs) || (prefix !== "" && ns === "");
      if (wrong) throw malformed("has a namespace declaration that is not allowed");
      if (this.#lookUp(prefix) !== ns) changes = true;
    }
    return changes ? new Scope(this, declared) : this;
  }
}
