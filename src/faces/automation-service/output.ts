import * as z from "zod";
import { type Action, effects } from "../../catalogue/action-definition.ts";
import { Answer, answerSchema } from "../../catalogue/answer-envelope.ts";
import { MessageRow } from "../../catalogue/message-row.ts";
import type { ActionDefinition } from "./definition.ts";
import { labelOf } from "./label.ts";

/** The parts of a JSON Schema that are read here. */
interface Schema {
  readonly type?: string | undefined;
  readonly items?: Schema | undefined;
  readonly properties?: Readonly<Record<string, Schema>> | undefined;
}

/** Maximum number of columns of a readable table. */
const mostColumns = 12;

/** A list of objects in an answer: its name and the schema of one of its items. */
interface List {
  readonly name: string;
  readonly item: Schema;
}

/** Schema of an action's answers. */
export interface Output {
  readonly root: Schema;
  readonly action: Action;
}

/** The schema of an action's answers. The action's own columns are listed beside those that name an item. */
export function outputOf(action: Action): Output {
  const root = jsonSchema(answerSchema(action));
  const results = root.properties?.results;
  if (action.each === undefined || results?.items === undefined) return { action, root: omitProperties(root, "results") };
  const messages = jsonSchema(MessageRow).properties ?? {};
  const known = [...(action.glance?.columns ?? []), ...Object.keys(action.input.shape).filter((name) => name.endsWith("_id"))];
  const naming = Object.fromEntries(known.flatMap((name) => (messages[name] === undefined ? [] : [[name, messages[name]]])));
  const { status = {}, ...own } = omitProperties(results.items, ...absentMembers(action)).properties ?? {};
  const items = { ...results.items, properties: { status, ...naming, ...own } };
  return { action, root: { ...root, properties: { ...root.properties, results: { ...results, items } } } };
}

/** Returns members of the envelope that this effect never has: a read is not verified, and only deleted items are kept as evidence first. */
function absentMembers({ effect }: Action): readonly string[] {
  const { readOnly, destructive } = effects[effect];
  return [...(readOnly ? ["verified"] : []), ...(destructive ? [] : ["evidence"])];
}

/** Whether items of the answer have bytes that were kept: a hash, and where they lie. */
export function carriesEvidence({ each }: Action): boolean {
  return each !== undefined && "file_ref" in each.shape && "sha256" in each.shape;
}

/** Every path that a later node may use. */
export function pathsOf({ root }: Output): readonly string[] {
  return paths(root, "");
}

/** The paths of an answer that does not belong to an action. */
export function pathsIn(noun: z.ZodObject): readonly string[] {
  return paths(jsonSchema(noun), "");
}

function paths(schema: Schema, prefix: string): string[] {
  if (schema.type === "array") {
    // A list of texts has a path as a whole, and one for its items.
    const whole = isObject(schema.items) ? [] : [prefix];
    return [...whole, ...(schema.items === undefined ? [] : paths(schema.items, `${prefix}.[]`))];
  }
  if (!isObject(schema)) return [prefix];
  return Object.entries(schema.properties ?? {}).flatMap(([name, member]) => paths(member, joinPath(prefix, name)));
}

function joinPath(prefix: string, name: string): string {
  const segment = /^[A-Za-z_]\w*$/.test(name) ? name : `"${name}"`;
  return prefix === "" ? segment : `${prefix}.${segment}`;
}

/** The columns of the table: the most informative list if there is one, otherwise the single values. */
export function tableOf(output: Output): ActionDefinition["table_view"] {
  const [list] = listsOf(output);
  if (list === undefined) return valuesOf(output).map((name) => ({ display_name: labelOf(name), value: name }));
  return columnsOf(output, list).flatMap((name) => {
    const path = cellPath(list.item.properties?.[name], `${list.name}.[].${name}`);
    return path === undefined
      ? []
      : [{ display_name: labelOf(name), value: path, ...(name.endsWith("_link") ? { type: "link" as const } : {}) }];
  });
}

/** Returns the path of one value per row: the text of an address, the message of a failure. A list of objects has no such value. */
function cellPath(schema: Schema | undefined, path: string): string | undefined {
  if (schema === undefined || (schema.type === "array" && isObject(schema.items))) return undefined;
  if (!isObject(schema)) return path;
  const telling = ["address", "message"].find((name) => schema.properties?.[name] !== undefined);
  return telling === undefined ? undefined : `${path}.${telling}`;
}

/** The lists of objects in an answer, the one with the action's own columns first. */
export function listsOf({ root, action }: Output): readonly List[] {
  const lists = Object.entries(root.properties ?? {}).flatMap(([name, { type, items }]) =>
    type === "array" && items !== undefined && isObject(items) ? [{ name, item: items }] : [],
  );
  const having = ({ item }: List) => (action.glance?.columns ?? []).filter((column) => item.properties?.[column] !== undefined).length;
  return lists.sort((a, b) => having(b) - having(a));
}

/** The columns of a list that tell most, in their order. */
export function columnsOf({ action }: Output, { name, item }: List): readonly string[] {
  const members = Object.keys(item.properties ?? {});
  const hidden = new Set(action.glance?.hidden);
  const first = (action.glance?.columns ?? []).filter((column) => members.includes(column));
  const own = first.length === 0 || name === "results" ? members.filter((member) => !(member in MessageRow.shape)) : [];
  const status = members.includes("status") ? ["status"] : [];
  const error = members.includes("error") ? ["error"] : [];
  const columns = [...new Set([...status, ...first, ...own])].filter((column) => !hidden.has(column) && !error.includes(column));
  return [...columns.slice(0, mostColumns - error.length), ...error];
}

/** The members of a list's items that are too long for a cell, and plain text: `body_text`. */
export function textsOf({ item }: List): readonly string[] {
  return Object.keys(item.properties ?? {}).filter((name) => /_(text|preview)$/.test(name));
}

/** Returns the action's own single values. For a text in HTML that also exists as plain text, only the plain text. */
export function valuesOf({ root }: Output): readonly string[] {
  const members = root.properties ?? {};
  return Object.entries(members)
    .filter(([name, { type }]) => !(name in Answer.shape) && type !== "array" && type !== "object" && !(`${name}_text` in members))
    .map(([name]) => name);
}

function isObject(schema: Schema | undefined): boolean {
  return schema?.type === "object" && schema.properties !== undefined;
}

function omitProperties(schema: Schema, ...names: readonly string[]): Schema {
  return { ...schema, properties: Object.fromEntries(Object.entries(schema.properties ?? {}).filter(([name]) => !names.includes(name))) };
}

function jsonSchema(schema: z.ZodObject): Schema {
  // The cast is safe: zod writes JSON Schema, and the schema of an object is read here.
  return z.toJSONSchema(schema, { io: "output", unrepresentable: "any" }) as Schema;
}
