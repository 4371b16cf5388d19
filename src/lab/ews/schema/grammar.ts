// What a request may hold, as facts in a notation of our own, one type each; a line that begins with a space continues the one before:
//
//   Operation -> Type                      the element in the messages namespace that is a request, and its type
//   $Name = (A | B)                        a choice that several types share
//   Name : enum A B item:{C D}             a simple type: one of A, B, item:C, item:D
//   Name : int min 1 max 512               a simple type with limits; also `length 1` (at least), `/pattern/`, `list T`, `union T T`
//   Name < Base = A, B=T?, (C | D=T)* @ K=T! L=T
//                                          a complex type: what Base has, then A (of type A), at most one B (of type T), any number of C or D;
//                                          attribute K required, L not. `+` at least one, `{1,3}` from one to three.
//   Name = ~T @ …                          text of type T with attributes;  #open: anything
//
// A type `m.Name` has its elements in the messages namespace, every other in the types namespace; `t:Name` in one of the former is of the
// latter. Names in lower case are the simple types of XML Schema: https://www.w3.org/TR/xmlschema-2/

import { messagesNamespace, typesNamespace } from "../operation.ts";

export interface ElementParticle {
  readonly kind: "element";
  readonly ns: string;
  readonly name: string;
  readonly type: string;
}
export interface GroupParticle {
  readonly kind: "sequence" | "choice";
  readonly parts: readonly Particle[];
}
export type Particle = (ElementParticle | GroupParticle) & {
  readonly min: number;
  readonly max: number;
  /** `namespace name` of every element it can begin with. */
  readonly first: ReadonlySet<string>;
  /** Whether nothing at all satisfies it. */
  readonly nullable: boolean;
};

export interface SimpleType {
  readonly kind: "simple";
  readonly name: string;
  readonly base?: string;
  readonly values?: ReadonlySet<string>;
  readonly min?: number;
  readonly max?: number;
  readonly minLength?: number;
  readonly pattern?: RegExp;
  readonly list?: string;
  readonly union?: readonly string[];
}

export interface AttributeRule {
  readonly type: string;
  readonly required: boolean;
}

export interface ComplexType {
  readonly kind: "complex";
  readonly name: string;
  readonly content: Particle;
  /** The simple type of its text; undefined: only elements. */
  readonly text: string | undefined;
  readonly open: boolean;
  readonly attributes: ReadonlyMap<string, AttributeRule>;
}

export type Type = SimpleType | ComplexType;

export interface Grammar {
  /** By the name of the request element. */
  readonly operations: ReadonlyMap<string, string>;
  readonly types: ReadonlyMap<string, Type>;
}

export const key = (ns: string, name: string): string => `${ns} ${name}`;

function group(kind: "sequence" | "choice", parts: readonly Particle[], min = 1, max = 1): Particle {
  const first = new Set<string>();
  for (const part of parts) {
    for (const name of part.first) first.add(name);
    if (kind === "sequence" && !part.nullable) break;
  }
  const inner = kind === "sequence" ? parts.every((part) => part.nullable) : parts.some((part) => part.nullable);
  return { kind, parts, min, max, first, nullable: min === 0 || inner };
}

/** Reads the part of a complex type between `=` and `@`. */
class ParticleReader {
  readonly #tokens: readonly string[];
  #at = 0;
  readonly #ns: string;
  readonly #groups: ReadonlyMap<string, string>;
  readonly #typeOf: (name: string, ns: string) => string;

  constructor(text: string, ns: string, groups: ReadonlyMap<string, string>, typeOf: (name: string, ns: string) => string) {
    this.#tokens = text.match(/[$\w.:=]+|\{\d*,\d*\}|[(),|?*+]/g) ?? [];
    this.#ns = ns;
    this.#groups = groups;
    this.#typeOf = typeOf;
  }

  parts(): Particle[] {
    return this.#list(",");
  }

  #list(separator: string): Particle[] {
    const parts: Particle[] = [];
    while (this.#at < this.#tokens.length && this.#tokens[this.#at] !== ")") {
      parts.push(this.#one());
      if (this.#tokens[this.#at] === separator) this.#at += 1;
    }
    return parts;
  }

  #one(): Particle {
    const token = this.#tokens[this.#at] ?? "";
    this.#at += 1;
    if (token === "(") {
      const end = this.#closing();
      const separator = this.#separatorBefore(end);
      const parts = this.#list(separator);
      this.#at += 1;
      const [min, max] = this.#occurrence();
      return group(separator === "|" ? "choice" : "sequence", parts, min, max);
    }
    if (token.startsWith("$")) {
      const parts = new ParticleReader(this.#groups.get(token) ?? "", typesNamespace, this.#groups, this.#typeOf).parts();
      const [min, max] = this.#occurrence();
      return group("sequence", parts, min, max);
    }
    const [, prefix, name = "", type = name] = /^(t:)?([\w.]+)(?:=([\w.]+))?$/.exec(token) ?? [];
    const ns = prefix === undefined ? this.#ns : typesNamespace;
    const [min, max] = this.#occurrence();
    return {
      kind: "element",
      ns,
      name,
      type: this.#typeOf(type, this.#ns),
      min,
      max,
      first: new Set([key(ns, name)]),
      nullable: min === 0,
    };
  }

  #closing(): number {
    let depth = 1;
    let at = this.#at;
    for (; depth > 0 && at < this.#tokens.length; at += 1) {
      if (this.#tokens[at] === "(") depth += 1;
      if (this.#tokens[at] === ")") depth -= 1;
    }
    return at - 1;
  }

  #separatorBefore(end: number): string {
    let depth = 0;
    for (let at = this.#at; at < end; at += 1) {
      const token = this.#tokens[at] ?? "";
      if (token === "(") depth += 1;
      if (token === ")") depth -= 1;
      if (depth === 0 && (token === "|" || token === ",")) return token;
    }
    return ",";
  }

  #occurrence(): [number, number] {
    const token = this.#tokens[this.#at] ?? "";
    const counted = /^\{(\d*),(\d*)\}$/.exec(token);
    const found: [number, number] | undefined =
      token === "?"
        ? [0, 1]
        : token === "*"
          ? [0, Number.POSITIVE_INFINITY]
          : token === "+"
            ? [1, Number.POSITIVE_INFINITY]
            : counted
              ? [Number(counted[1] || 0), counted[2] ? Number(counted[2]) : Number.POSITIVE_INFINITY]
              : undefined;
    if (found === undefined) return [1, 1];
    this.#at += 1;
    return found;
  }
}

function readSimple(name: string, text: string): SimpleType {
  const [base = "", ...rest] = text.split(" ");
  if (base === "enum") {
    const values = new Set<string>();
    for (const [, prefix, inner, plain] of text.slice(5).matchAll(/([\w]+:)\{([^}]*)\}|(\S+)/g)) {
      if (plain !== undefined) values.add(plain);
      else for (const value of (inner ?? "").split(" ")) values.add(`${prefix}${value}`);
    }
    return { kind: "simple", name, values };
  }
  if (base === "list") return { kind: "simple", name, list: rest.join("") };
  if (base === "union") return { kind: "simple", name, union: rest };
  const limit = (word: string): number | undefined => {
    const found = new RegExp(`\\b${word} (\\d+)`).exec(text);
    return found ? Number(found[1]) : undefined;
  };
  const pattern = /\/(.*)\/$/.exec(text)?.[1];
  const min = limit("min");
  const max = limit("max");
  const minLength = limit("length");
  return {
    kind: "simple",
    name,
    base,
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(minLength === undefined ? {} : { minLength }),
    ...(pattern === undefined ? {} : { pattern: new RegExp(`^(?:${pattern})$`) }),
  };
}

/** Compiles facts. The texts are ours, so a mistake in them is a defect that the tests find. */
export function readGrammar(texts: readonly string[]): Grammar {
  const operations = new Map<string, string>();
  const groups = new Map<string, string>();
  const lines = new Map<string, string>();
  const types = new Map<string, Type>();
  for (const line of texts.join("\n").replace(/\n +/g, " ").split("\n")) {
    const [, name = "", operator, text = ""] = /^(\S+)(?: (->|:|=|<)(?: |$)(.*))?$/.exec(line) ?? [];
    if (operator === "->") operations.set(name, text);
    else if (operator === ":") types.set(name, readSimple(name, text));
    else if (name.startsWith("$")) groups.set(name, text);
    else if (operator !== undefined) lines.set(name, operator === "<" ? text : `= ${text}`);
  }
  const typeOf = (name: string, ns: string): string => (ns === messagesNamespace && lines.has(`m.${name}`) ? `m.${name}` : name);
  const complex = (name: string): ComplexType | undefined => {
    const known = types.get(name);
    if (known !== undefined) return known.kind === "complex" ? known : undefined;
    const line = lines.get(name);
    if (line === undefined) return undefined;
    const [, baseName, content = "", attributeText = ""] = /^(?:(\S+) )?= ?([^@]*?) ?(?:@ ?(.*))?$/.exec(line) ?? [];
    const base = baseName === undefined ? undefined : complex(baseName);
    const ns = name.startsWith("m.") ? messagesNamespace : typesNamespace;
    const text = content.startsWith("~") ? content.slice(1).trim() : base?.text;
    const open = content.startsWith("#");
    const own = content.startsWith("~") || open ? [] : new ParticleReader(content, ns, groups, typeOf).parts();
    const attributes = new Map(base?.attributes);
    for (const [, attribute = "", type = attribute, required] of attributeText.matchAll(/((?:xml:)?\w+)(?:=([\w.]+))?(!)?/g)) {
      attributes.set(attribute, { type, required: required !== undefined });
    }
    const type: ComplexType = {
      kind: "complex",
      name,
      content: group("sequence", base ? [base.content, ...own] : own),
      text,
      open,
      attributes,
    };
    types.set(name, type);
    return type;
  };
  for (const name of lines.keys()) complex(name);
  return { operations, types };
}
