import * as z from "zod";
import type { Action } from "../catalogue/action-definition.ts";
import { unwrapSchema } from "../catalogue/limits.ts";

/** One field of an action's input as a flag needs it. */
export interface FlagField {
  readonly field: string;
  readonly kind: "boolean" | "number" | "text" | "list" | "object";
}

/** One field of an action's input as a face needs it. */
export interface Parameter extends FlagField {
  readonly description: string;
  readonly required: boolean;
  readonly byDefault: unknown;
  /** The values that are allowed, where there are only some. */
  readonly choices: readonly string[] | undefined;
  /** Further limits of a value: `at least 1`, `1 to 3600`, `at most 320 characters`. */
  readonly bounds: string | undefined;
}

/** The part that we read of a JSON Schema (draft 2020-12) as zod writes it. */
interface Schema {
  readonly type?: string | undefined;
  readonly enum?: readonly unknown[] | undefined;
  readonly const?: unknown;
  readonly description?: string | undefined;
  readonly default?: unknown;
  readonly items?: unknown;
  readonly anyOf?: readonly unknown[] | undefined;
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
  readonly maxLength?: number | undefined;
  readonly maxItems?: number | undefined;
}

/** The input of an action as JSON Schema. */
function inputSchema(action: Pick<Action, "input">) {
  return z.toJSONSchema(action.input, { io: "input", unrepresentable: "any" });
}

/** The fields of an action's input, in the order in which they are declared. */
export function parametersOf(action: Pick<Action, "input">): readonly Parameter[] {
  const { properties = {}, required = [] } = inputSchema(action);
  return Object.entries(properties).map(([field, schema]) => parameter(field, schemaOf(schema), required));
}

/**
 * The fields of an action's input with their kinds, as `parametersOf` returns them. Reads the schema itself: writing it as JSON Schema takes 4 ms
 * (Node 20), which every start of the command line would wait for.
 */
export function flagFieldsOf(action: Pick<Action, "input">): readonly FlagField[] {
  return Object.entries(action.input.shape).map(([field, schema]) => ({ field, kind: kindOfField(schema) }));
}

/** If a field may have several shapes, a list takes precedence over a single value, as in `typical`. */
function kindOfField(field: z.core.$ZodType): FlagField["kind"] {
  const inner = unwrapSchema(field);
  if (inner instanceof z.ZodUnion) {
    const kinds = inner.options.map(kindOfField);
    return kinds.find((kind) => kind === "list") ?? kinds[0] ?? "text";
  }
  if (inner instanceof z.ZodArray) return "list";
  if (inner instanceof z.ZodObject || inner instanceof z.ZodRecord) return "object";
  if (inner instanceof z.ZodBoolean) return "boolean";
  return inner instanceof z.ZodNumber ? "number" : "text";
}

function parameter(field: string, schema: Schema, required: readonly string[]): Parameter {
  const core = typical(schema);
  const item = core.type === "array" && core.items !== undefined ? typical(schemaOf(core.items)) : core;
  return {
    field,
    kind: kindOf(core),
    description: schema.description ?? "",
    required: required.includes(field) && schema.default === undefined,
    byDefault: schema.default,
    choices: item.enum?.map(String) ?? (item.const === undefined ? undefined : [String(item.const)]),
    bounds: core.type === "array" ? sizeOf(core, item) : boundsOf(core),
  };
}

function schemaOf(value: unknown): Schema {
  return isSchema(value) ? value : {};
}

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Returns the shape that a flag writes, if a field may have several: a list before a single value. */
function typical(schema: Schema): Schema {
  const shapes = schema.anyOf?.filter(isSchema) ?? [];
  return shapes.find((shape) => shape.type === "array") ?? shapes.find((shape) => shape.type !== "null") ?? schema;
}

function kindOf({ type }: Schema): FlagField["kind"] {
  if (type === "boolean" || type === "object") return type;
  if (type === "array") return "list";
  return type === "integer" || type === "number" ? "number" : "text";
}

/** For a list: the maximum number of items, and the maximum length of each. */
function sizeOf({ maxItems }: Schema, { maxLength }: Schema): string | undefined {
  if (maxItems === undefined) return undefined;
  return `at most ${maxItems} items${maxLength === undefined ? "" : ` of ${maxLength} characters`}`;
}

function boundsOf({ minimum, maximum, maxLength }: Schema): string | undefined {
  // zod writes the bounds of a safe integer for every integer: that says nothing to a person.
  const least = minimum !== undefined && minimum > Number.MIN_SAFE_INTEGER ? minimum : undefined;
  const most = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER ? maximum : undefined;
  if (maxLength !== undefined) return `at most ${maxLength} characters`;
  if (least !== undefined && most !== undefined) return `${least} to ${most}`;
  if (least !== undefined) return `at least ${least}`;
  return most === undefined ? undefined : `at most ${most}`;
}
