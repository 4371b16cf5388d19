import { isObject, type Json, memberOf } from "../json.ts";
import type { Row } from "../row.ts";
import type { Comparison, Filter, Literal, Operand } from "./filter-syntax.ts";
import { invalidFilter, needsIndex, unknownProperty, unsupportedFilter } from "./refusals.ts";
import { canonical, type Kind, type Vocabulary } from "./vocabulary.ts";

/** A filter ready to be put to rows. */
export interface ReadyFilter {
  accepts(row: Row): boolean;
  /** The properties in the filter, in the order of their first mention. */
  readonly paths: readonly string[];
}

type PropertyRead = (row: Row, member: Json | undefined, extendedId: string | undefined) => Json | undefined;
type Test = (row: Row, member: Json | undefined, extendedId: string | undefined) => boolean;

/** The collection whose members an `any` checks. */
interface AnyScope {
  readonly variable: string;
  readonly collection: string;
  readonly members: Readonly<Record<string, Kind>>;
}

/** Checks that Graph supports a filter. `onIndex`: whether the directory may use its index. Throws GraphError. */
export function readyFilter(filter: Filter, vocabulary: Vocabulary, onIndex: boolean): ReadyFilter {
  const compiler = new Compiler(vocabulary, onIndex);
  const test = compiler.test(filter, undefined);
  return { accepts: (row) => test(row, undefined, undefined), paths: [...compiler.paths] };
}

class Compiler {
  readonly paths = new Set<string>();
  readonly #vocabulary: Vocabulary;
  readonly #onIndex: boolean;

  constructor(vocabulary: Vocabulary, onIndex: boolean) {
    this.#vocabulary = vocabulary;
    this.#onIndex = onIndex;
  }

  test(filter: Filter, scope: AnyScope | undefined): Test {
    switch (filter.kind) {
      case "and":
      case "or": {
        const [left, right] = [this.test(filter.left, scope), this.test(filter.right, scope)];
        return filter.kind === "and" ? (...of) => left(...of) && right(...of) : (...of) => left(...of) || right(...of);
      }
      case "not": {
        this.#index();
        const inner = this.test(filter.inner, scope);
        return (...of) => !inner(...of);
      }
      case "compare": {
        const { read, kind } = this.#operand(filter.operand, scope);
        if (filter.by === "ne") this.#index();
        const compare = comparison(filter.by, filter.value, filter.operand.isNumber ? "number" : kind, this.#vocabulary);
        return (...of) => compare(read(...of));
      }
      case "in": {
        const { read, kind } = this.#operand(filter.operand, scope);
        const all = filter.values.map((value) => comparison("eq", value, kind, this.#vocabulary));
        return (...of) => all.some((one) => one(read(...of)));
      }
      case "call":
        return this.#call(filter.name, filter.operand, filter.value, scope);
      case "any":
      case "all":
        return this.#lambda(filter, scope);
    }
  }

  #index(): void {
    if (this.#vocabulary.of === "directory" && !this.#onIndex) throw needsIndex();
  }

  #call(name: string, operand: Operand, value: string, scope: AnyScope | undefined): Test {
    const known = this.#vocabulary.functions.find((one) => one === name);
    if (known === undefined) {
      // Other functions of OData are known by their names, and not done.
      if (/^(endswith|contains|startswith|substringof|indexof|tolower|toupper|trim|concat|length|year|month|day)$/.test(name))
        throw unsupportedFilter(this.#vocabulary);
      throw invalidFilter(`An unknown function with name '${name}' was found.`);
    }
    if (known === "endswith") this.#index();
    const { read, kind } = this.#operand(operand, scope);
    if (kind !== "text") throw unsupportedFilter(this.#vocabulary);
    const wanted = value.toLowerCase();
    return (...of) => {
      const found = read(...of);
      if (typeof found !== "string") return false;
      const text = found.toLowerCase();
      return known === "startswith" ? text.startsWith(wanted) : known === "endswith" ? text.endsWith(wanted) : text.includes(wanted);
    };
  }

  #lambda({ kind, path, variable, inner }: Extract<Filter, { kind: "any" | "all" }>, scope: AnyScope | undefined): Test {
    const { collections = {}, properties, navigation } = this.#vocabulary;
    const name = canonical(Object.keys(collections), path.join("/"));
    if (name === undefined) {
      const [first = ""] = path;
      if (canonical([...properties, ...navigation], first) === undefined) throw unknownProperty(first, this.#vocabulary);
      throw unsupportedFilter(this.#vocabulary);
    }
    if (scope !== undefined || kind === "all") throw unsupportedFilter(this.#vocabulary);
    this.paths.add(name);
    if (name === "singleValueExtendedProperties") return this.#extended(variable, inner);
    const test = inner && this.test(inner, { variable, collection: name, members: collections[name] ?? {} });
    return (row) => {
      const members = memberOf(row.properties, name);
      return Array.isArray(members) && members.some((member: Json) => test === undefined || test(row, member, undefined));
    };
  }

  /** Reads `any(p:p/id eq 'String 0x001A' and p/value eq 'IPM.Note')`: one id, and the condition on its value. */
  #extended(variable: string, inner: Filter | undefined): Test {
    const ids = inner === undefined ? [] : idsOf(inner, variable);
    const [id] = ids;
    if (inner === undefined || id === undefined || ids.length !== 1) throw unsupportedFilter(this.#vocabulary);
    const members = this.#vocabulary.collections?.singleValueExtendedProperties ?? {};
    const test = this.test(inner, { variable, collection: "singleValueExtendedProperties", members });
    return (row) => row.extended?.(id) !== undefined && test(row, undefined, id);
  }

  #operand({ path }: Operand, scope: AnyScope | undefined): { readonly read: PropertyRead; readonly kind: Kind } {
    if (scope !== undefined && path[0] === scope.variable) {
      const inside = path.slice(1).join("/");
      const name = canonical(Object.keys(scope.members), inside);
      const kind = name === undefined ? undefined : scope.members[name];
      if (name === undefined || kind === undefined) throw unknownProperty(inside, this.#vocabulary);
      if (scope.collection !== "singleValueExtendedProperties") return { kind, read: (_, member) => valueAt(member, name) };
      return { kind, read: (row, _, id) => (id === undefined ? undefined : name === "id" ? id : row.extended?.(id)) };
    }
    const name = canonical(Object.keys(this.#vocabulary.compared), path.join("/"));
    const kind = name === undefined ? undefined : this.#vocabulary.compared[name];
    if (name === undefined || kind === undefined) {
      const [first = ""] = path;
      if (canonical(this.#vocabulary.properties, first) === undefined) throw unknownProperty(first, this.#vocabulary);
      throw unsupportedFilter(this.#vocabulary);
    }
    this.paths.add(name);
    return { kind, read: (row) => comparedValue(row, name) };
  }
}

/** Returns the ids that an `any` on extended properties requires, if they must all match. */
function idsOf(filter: Filter, variable: string): readonly string[] {
  if (filter.kind === "and") return [...idsOf(filter.left, variable), ...idsOf(filter.right, variable)];
  if (filter.kind !== "compare" || filter.by !== "eq" || typeof filter.value !== "string") return [];
  const [first, second] = filter.operand.path;
  return first === variable && second?.toLowerCase() === "id" ? [filter.value] : [];
}

/** The value at a path such as `from/emailAddress/address`; the empty path is the value itself. */
export function valueAt(value: Json | undefined, path: string): Json | undefined {
  if (path === "") return value;
  let found = value;
  for (const name of path.split("/")) found = isObject(found) ? memberOf(found, name) : undefined;
  return found;
}

/** Returns the value for a filter or an order: times are more precise than in the reply. */
export function comparedValue(row: Row, path: string): Json | undefined {
  return row.exact?.[path]?.toISOString() ?? valueAt(row.properties, path);
}

function edmType(value: Literal): string {
  if (value instanceof Date) return "Edm.DateTimeOffset";
  return typeof value === "string" ? "Edm.String" : typeof value === "boolean" ? "Edm.Boolean" : "Edm.Int32";
}

const wanted = { text: "Edm.String", word: "Edm.String", flag: "Edm.Boolean", time: "Edm.DateTimeOffset", number: "Edm.Int32" } as const;
const operators = {
  eq: "Equal",
  ne: "NotEqual",
  gt: "GreaterThan",
  ge: "GreaterThanOrEqual",
  lt: "LessThan",
  le: "LessThanOrEqual",
} as const;

function comparison(by: Comparison, value: Literal, kind: Kind | "number", vocabulary: Vocabulary): (found: Json | undefined) => boolean {
  const isEquality = by === "eq" || by === "ne";
  if (value === null) {
    if (!isEquality) throw unsupportedFilter(vocabulary);
    return (found) => ((found ?? null) === null) === (by === "eq");
  }
  if (edmType(value) !== wanted[kind]) {
    const types = `'${wanted[kind]}' and '${edmType(value)}'`;
    throw invalidFilter(
      `A binary operator with incompatible types was detected. Found operand types ${types} for operator kind '${operators[by]}'.`,
    );
  }
  if (!isEquality && (kind === "word" || kind === "flag")) throw unsupportedFilter(vocabulary);
  const right = comparable(value);
  return (found) => {
    const left = found === undefined || found === null ? undefined : leftOf(found, kind);
    if (left === undefined) return by === "ne";
    const order = left === right ? 0 : left < right ? -1 : 1;
    switch (by) {
      case "eq":
        return order === 0;
      case "ne":
        return order !== 0;
      case "gt":
        return order > 0;
      case "ge":
        return order >= 0;
      case "lt":
        return order < 0;
      case "le":
        return order <= 0;
    }
  };
}

/** Exchange and the directory both ignore case. */
function comparable(value: Exclude<Literal, null>): string | number {
  if (value instanceof Date) return value.getTime();
  return typeof value === "string" ? value.toLowerCase() : Number(value);
}

function leftOf(found: Json, kind: Kind | "number"): string | number | undefined {
  if (kind === "time") return typeof found === "string" ? Date.parse(found) : undefined;
  if (kind === "number") return typeof found === "string" && found !== "" ? Number(found) : undefined;
  return typeof found === "string" ? found.toLowerCase() : typeof found === "boolean" ? Number(found) : undefined;
}
