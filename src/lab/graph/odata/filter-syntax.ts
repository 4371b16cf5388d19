import { invalidFilter } from "./refusals.ts";

export type Literal = string | number | boolean | Date | null;
export type Comparison = "eq" | "ne" | "gt" | "ge" | "lt" | "le";

/** A property, perhaps taken as a number. */
export interface Operand {
  /** Segments as they were written; the first may be the variable of an `any`. */
  readonly path: readonly string[];
  readonly isNumber: boolean;
}

export type Filter =
  | { readonly kind: "and" | "or"; readonly left: Filter; readonly right: Filter }
  | { readonly kind: "not"; readonly inner: Filter }
  | { readonly kind: "compare"; readonly operand: Operand; readonly by: Comparison; readonly value: Literal }
  | { readonly kind: "in"; readonly operand: Operand; readonly values: readonly Literal[] }
  | { readonly kind: "call"; readonly name: string; readonly operand: Operand; readonly value: string }
  | { readonly kind: "any" | "all"; readonly path: readonly string[]; readonly variable: string; readonly inner: Filter | undefined };

interface Token {
  readonly kind: "mark" | "name" | "literal";
  readonly text: string;
  readonly value?: Literal;
  readonly at: number;
}

const pattern =
  /\s*(?:(?<mark>[(),:/])|'(?<text>(?:[^']|'')*)'|(?<time>\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,7})?)?(?:Z|[+-]\d\d:\d\d))?)|(?<number>-?\d+(?:\.\d+)?)|(?<name>[A-Za-z_@][\w.@]*))/uy;

function tokensOf(text: string): readonly Token[] {
  const found: Token[] = [];
  const end = text.trimEnd().length;
  pattern.lastIndex = 0;
  while (pattern.lastIndex < end) {
    const at = pattern.lastIndex;
    const groups = pattern.exec(text)?.groups;
    if (groups === undefined) throw invalidFilter(`Syntax error at position ${at} in '${text}'.`);
    found.push(tokenOf(groups, at));
  }
  return found;
}

function tokenOf({ mark, text, time, number, name = "" }: Readonly<Record<string, string | undefined>>, at: number): Token {
  if (mark !== undefined) return { kind: "mark", text: mark, at };
  if (text !== undefined) return { kind: "literal", text, value: text.replaceAll("''", "'"), at };
  if (time !== undefined) {
    const date = new Date(time);
    if (Number.isNaN(date.getTime())) throw invalidFilter(`'${time}' is no time.`);
    return { kind: "literal", text: time, value: date, at };
  }
  if (number !== undefined) return { kind: "literal", text: number, value: Number(number), at };
  if (name === "null") return { kind: "literal", text: name, value: null, at };
  if (name === "true" || name === "false") return { kind: "literal", text: name, value: name === "true", at };
  return { kind: "name", text: name, at };
}

/** Deeper than any filter that a service takes. */
const depthLimit = 100;

/**
 * Reads the part of OData's filter language for messages. Throws GraphError.
 * @see https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part2-url-conventions.html#sec_SystemQueryOptionfilter
 */
export function parseFilter(text: string): Filter {
  const parser = new FilterParser(text);
  return parser.whole();
}

class FilterParser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokensOf(text);
  }

  whole(): Filter {
    const filter = this.#or();
    if (this.#tokens[this.#at] !== undefined) throw this.#error();
    return filter;
  }

  #error() {
    const at = this.#tokens[this.#at]?.at ?? this.#text.length;
    return invalidFilter(`Syntax error at position ${at} in '${this.#text}'.`);
  }

  #take(kind: Token["kind"], text?: string): Token {
    const token = this.#tokens[this.#at];
    if (token?.kind !== kind || (text !== undefined && token.text !== text)) throw this.#error();
    this.#at += 1;
    return token;
  }

  /** Returns whether the next token is this one, and consumes it if so. */
  #has(kind: Token["kind"], text: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.kind !== kind || token.text !== text) return false;
    this.#at += 1;
    return true;
  }

  #or(): Filter {
    let left = this.#and();
    while (this.#has("name", "or")) left = { kind: "or", left, right: this.#and() };
    return left;
  }

  #and(): Filter {
    let left = this.#one();
    while (this.#has("name", "and")) left = { kind: "and", left, right: this.#one() };
    return left;
  }

  #one(): Filter {
    this.#depth += 1;
    if (this.#depth > depthLimit) throw invalidFilter("The filter is too deep.");
    const filter = this.#unit();
    this.#depth -= 1;
    return filter;
  }

  #unit(): Filter {
    if (this.#has("name", "not")) return { kind: "not", inner: this.#one() };
    if (this.#has("mark", "(")) {
      const inner = this.#or();
      this.#take("mark", ")");
      return inner;
    }
    const name = this.#tokens[this.#at];
    const next = this.#tokens[this.#at + 1];
    if (name?.kind === "name" && name.text !== "cast" && next?.kind === "mark" && next.text === "(") return this.#call();
    const path = this.#path();
    const last = path.at(-1);
    if ((last === "any" || last === "all") && this.#has("mark", "(")) return this.#lambda(last, path.slice(0, -1));
    return this.#comparison(path);
  }

  /** Reads `startswith(subject,'x')`, with or without a following `eq true`. */
  #call(): Filter {
    const { text: name } = this.#take("name");
    this.#take("mark", "(");
    const operand: Operand = { path: this.#path(), isNumber: false };
    this.#take("mark", ",");
    const { value } = this.#take("literal");
    if (typeof value !== "string") throw this.#error();
    this.#take("mark", ")");
    const call: Filter = { kind: "call", name: name.toLowerCase(), operand, value };
    if (!this.#has("name", "eq")) return call;
    const truth = this.#take("literal").value;
    if (typeof truth !== "boolean") throw this.#error();
    return truth ? call : { kind: "not", inner: call };
  }

  #lambda(kind: "any" | "all", path: readonly string[]): Filter {
    if (this.#has("mark", ")")) return { kind, path, variable: "", inner: undefined };
    const { text: variable } = this.#take("name");
    this.#take("mark", ":");
    const inner = this.#or();
    this.#take("mark", ")");
    return { kind, path, variable, inner };
  }

  #comparison(path: readonly string[]): Filter {
    let operand: Operand = { path, isNumber: false };
    if (path.length === 1 && path[0] === "cast" && this.#has("mark", "(")) {
      operand = { path: this.#path(), isNumber: true };
      this.#take("mark", ",");
      if (!/^Edm\.(Int(16|32|64)|Double|Decimal|Single)$/.test(this.#take("name").text)) throw this.#error();
      this.#take("mark", ")");
    }
    const next = this.#tokens[this.#at];
    // A property that is true or false can stand alone.
    if (next === undefined || next.text === "and" || next.text === "or" || next.text === ")")
      return { kind: "compare", operand, by: "eq", value: true };
    const { text: by } = this.#take("name");
    if (by === "in") return { kind: "in", operand, values: this.#list() };
    if (!isComparison(by)) throw this.#error();
    const { value = null } = this.#take("literal");
    return { kind: "compare", operand, by, value };
  }

  #list(): readonly Literal[] {
    this.#take("mark", "(");
    const values = [this.#take("literal").value ?? null];
    while (this.#has("mark", ",")) values.push(this.#take("literal").value ?? null);
    this.#take("mark", ")");
    return values;
  }

  #path(): readonly string[] {
    const path = [this.#take("name").text];
    while (this.#has("mark", "/")) path.push(this.#take("name").text);
    return path;
  }
}

function isComparison(text: string): text is Comparison {
  return /^(eq|ne|gt|ge|lt|le)$/.test(text);
}
