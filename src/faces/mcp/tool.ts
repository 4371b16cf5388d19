import type { Tool } from "@modelcontextprotocol/sdk/types.js";
import * as z from "zod";
import { type Action, effects } from "../../catalogue/action-definition.ts";
import { answerSchema } from "../../catalogue/answer-envelope.ts";
import { toolOf } from "../field-spellings.ts";
import { allowOneText } from "../list-or-text.ts";

/** The answer to an unconfirmed call, in addition to the dry run. */
export const Confirmation = z.strictObject({
  token: z
    .string()
    .describe("Value for `confirmation` in a second call with the other arguments unchanged, which runs the planned action."),
  expires_at: z.string().describe("ISO 8601. The token can be used once."),
  targets: z.number().int().describe("Number of targets; results names them."),
  question: z
    .string()
    .describe(
      "What a person must read before a yes: the details and every target, in plain lines. Show it unchanged to the user, and ask.",
    ),
});
export type Confirmation = z.output<typeof Confirmation>;

/** The argument that takes the place of the input's own `confirm`, which a model could give by itself. */
export const confirmationField = "confirmation";

const confirmationProperty = {
  type: "string",
  maxLength: 100,
  description:
    "Token from the first call. Without it nothing is done: the answer is a dry run that names the targets, and has the question to show to the user.",
};

/**
 * An action as a tool.
 * https://modelcontextprotocol.io/specification/2025-11-25/server/tools
 */
export function toolFrom(action: Action): Tool {
  const { name, title, summary, effect } = action;
  const { readOnly, destructive, idempotent, openWorld } = effects[effect];
  return {
    name: toolOf(name),
    title,
    description: `${summary}${readOnly ? "" : first}`,
    inputSchema: inputSchema(action, readOnly),
    outputSchema: { ...jsonSchema(answerSchema(action).extend({ confirmation: Confirmation.optional() }), "output"), type: "object" },
    annotations: { title, readOnlyHint: readOnly, destructiveHint: destructive, idempotentHint: idempotent, openWorldHint: openWorld },
  };
}

const toolCache = new WeakMap<Action, Tool>();

/** The same, made once for each action: its schemas cost milliseconds of a thread that all callers share. */
export function cachedTool(action: Action): Tool {
  const tool = toolCache.get(action) ?? toolFrom(action);
  toolCache.set(action, tool);
  return tool;
}

const first =
  " The first call is a dry run: show its confirmation.question to the user, and call again with its confirmation.token only if the user agrees.";

function inputSchema(action: Action, readOnly: boolean): Tool["inputSchema"] {
  const { properties = {}, ...schema } = jsonSchema(action.input, "input");
  const { confirm, ...own } = properties;
  return { ...schema, type: "object", properties: readOnly ? own : { ...own, [confirmationField]: confirmationProperty } };
}

function jsonSchema(schema: z.ZodObject, io: "input" | "output"): { properties?: Record<string, object> } {
  const {
    $schema,
    properties = {},
    ...written
  } = z.toJSONSchema(schema, {
    io,
    unrepresentable: "any",
    // Absence also means that further members are allowed, and some clients warn about an empty schema.
    override: ({ zodSchema, jsonSchema: { additionalProperties: more }, jsonSchema }) => {
      if (io === "input") allowOneText(zodSchema, jsonSchema, "type");
      if (typeof more === "object" && Object.keys(more).length === 0) delete jsonSchema.additionalProperties;
    },
  });
  // A schema that is `true` or `false` stands for anything or nothing; the protocol wants objects.
  const objects = Object.entries(properties).map(([name, property]) => [name, typeof property === "object" ? property : {}]);
  return { ...written, properties: Object.fromEntries(objects) };
}
