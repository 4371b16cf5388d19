import type { Operation } from "./operation.ts";

/** The operation of a request, and the values of the names in its path. */
export interface Route {
  readonly operation: Operation;
  readonly parameters: ReadonlyMap<string, string>;
}

interface Template {
  readonly operation: Operation;
  readonly segments: readonly string[];
}

/** Returns the decoded segments of a path after `/v1.0`; undefined for another path. `users('a')` counts as two, `delta()` as `delta`. */
export function segmentsOf(pathname: string): readonly string[] | undefined {
  const [empty, version, ...rest] = pathname.split("/");
  if (empty !== "" || version?.toLowerCase() !== "v1.0") return undefined;
  return rest.flatMap((segment) => {
    const text = decoded(segment);
    const [, collection, key] = /^(\w+)\('(.*)'\)$/.exec(text) ?? [];
    // A function may be written as a call without parameters: `delta()`.
    if (/^[\w.]+\(\)$/.test(text)) return [text.slice(0, -2)];
    return collection === undefined || key === undefined ? [text] : [collection, key.replaceAll("''", "'")];
  });
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (error) {
    // A malformed percent encoding cannot name anything, and neither can the unchanged text.
    if (error instanceof URIError) return segment;
    throw error;
  }
}

/** A table of operations by method and path. */
export class RoutingTable {
  readonly #templates: readonly Template[];

  constructor(operations: readonly Operation[]) {
    this.#templates = operations.flatMap((operation) =>
      operation.paths.map((path) => ({ operation, segments: path.split("/").filter((segment) => segment !== "") })),
    );
  }

  /** Finds the route. `methods`: the methods of the path, if this one is not among them. Undefined if there is no such path. */
  find(method: string, segments: readonly string[]): Route | { readonly methods: readonly string[] } | undefined {
    const matching = this.#templates.filter((template) => matches(template.segments, segments));
    // A literal segment takes precedence over a name in braces: `mailFolders/delta` is not a folder called delta.
    const literals = (template: Template): number => template.segments.filter((segment) => !isName(segment)).length;
    const most = Math.max(...matching.map(literals));
    const best = matching.filter((template) => literals(template) === most);
    const found = best.find(({ operation }) => operation.method === method);
    if (found === undefined) return best.length === 0 ? undefined : { methods: best.map(({ operation }) => operation.method) };
    const parameters = new Map<string, string>();
    for (const [at, name] of found.segments.entries()) if (isName(name)) parameters.set(name.slice(1, -1), segments[at] ?? "");
    return { operation: found.operation, parameters };
  }
}

function isName(segment: string): boolean {
  return segment.startsWith("{");
}

/** Whether segments are those of a template. */
export function matches(template: readonly string[], segments: readonly string[]): boolean {
  if (template.length !== segments.length) return false;
  return template.every((wanted, at) => {
    const given = segments[at] ?? "";
    if (isName(wanted)) return given !== "";
    // An action may be named with its namespace.
    return given.toLowerCase().replace(/^microsoft\.graph\./, "") === wanted.toLowerCase();
  });
}
