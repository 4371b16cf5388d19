import type { Tool } from "@modelcontextprotocol/sdk/types.js";
import { commonInputFields } from "../../perform/perform.ts";

/**
 * Maximum size of one page of `tools/list`, in bytes of JSON. A model reads the whole list before its first call, and pays for each word of it.
 * https://modelcontextprotocol.io/specification/2025-11-25/server/utilities/pagination
 */
export const mostListBytes = 32_000;
/** Characters of a description. */
const longestDescription = 90;
/** Limits that the server checks anyway; the complete schema has them. */
const leftOut: ReadonlySet<string> = new Set([
  "maxLength",
  "minLength",
  "maxItems",
  "minItems",
  "pattern",
  "maximum",
  "minimum",
  "exclusiveMinimum",
]);

/** Fields that an agent hardly needs: accepted, and described in the complete schema. */
const unlisted: ReadonlySet<string> = new Set(["access", "timeout_seconds"]);

interface Listed {
  readonly tool: Tool;
  /** Of its JSON. */
  readonly bytes: number;
}

const listed = new WeakMap<Tool, Listed>();

/** One page of a list. */
export interface ToolPage {
  readonly tools: Tool[];
  readonly nextCursor?: string;
}

/**
 * Returns the page of tools that begins at the cursor, each without its output schema and with short descriptions. Undefined: the cursor is not one of
 * ours.
 */
export function toolPage(tools: readonly Tool[], cursor: string | undefined): ToolPage | undefined {
  const begin = cursor === undefined ? 0 : Number(cursor);
  if (cursor !== undefined && (!/^[1-9]\d{0,5}$/.test(cursor) || begin >= tools.length)) return undefined;
  const page: Tool[] = [];
  // The members around the tools.
  let bytes = 100;
  for (const full of tools.slice(begin)) {
    const { tool, bytes: own } = listedTool(full);
    if (page.length > 0 && bytes + own + 1 > mostListBytes) return { tools: page, nextCursor: String(begin + page.length) };
    page.push(tool);
    bytes += own + 1;
  }
  return { tools: page };
}

/** Shortened once for each tool. */
function listedTool(full: Tool): Listed {
  const known = listed.get(full);
  if (known !== undefined) return known;
  const { outputSchema: _, inputSchema, annotations, ...rest } = full;
  // The tool has the same title.
  const { title: _title, ...hints } = annotations ?? {};
  const { additionalProperties: _more, properties = {}, ...schema } = inputSchema;
  const named = Object.entries(properties).filter(([name]) => !unlisted.has(name));
  const short = named.map(([name, property]) => {
    const { description, ...own } = shortened(property) as { readonly description?: unknown };
    // Every tool has these, and their names say what they are.
    const isPlain = commonInputFields.includes(name) && name !== "mailbox";
    return [name, isPlain || description === undefined ? own : { description, ...own }];
  });
  const tool = { ...rest, inputSchema: { ...schema, properties: Object.fromEntries(short) }, annotations: hints };
  const made = { tool, bytes: Buffer.byteLength(JSON.stringify(tool)) };
  listed.set(full, made);
  return made;
}

function shortened(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(shortened);
  if (typeof schema !== "object" || schema === null) return schema;
  const kept = Object.entries(schema).filter(
    ([name, value]) => !(leftOut.has(name) && typeof value !== "object") && !(name === "default" && value === false),
  );
  return Object.fromEntries(
    kept.map(([name, value]) => [name, name === "description" && typeof value === "string" ? firstSentence(value) : shortened(value)]),
  );
}

function firstSentence(text: string): string {
  const [sentence = text] = /^.*?[a-z)]{2}\.(?= )/s.exec(text) ?? [];
  return sentence.length <= longestDescription ? sentence : `${sentence.slice(0, longestDescription - 1)}…`;
}

/** The address of the complete description of a tool, with both schemas. */
export const toolTemplate = "mailcordon://tools/{name}";

/** Returns the name of the tool that a URI means. */
export function toolNameIn(uri: string): string | undefined {
  return /^mailcordon:\/\/tools\/([a-z][a-z\d_]{0,63})$/.exec(uri)?.[1];
}
