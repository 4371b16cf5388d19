import * as z from "zod";
import { spellings } from "../catalogue/read-input.ts";

/**
 * Lets the JSON Schema of a list of texts accept one text as well, as the input does: `mailboxes: "all"`. For the `override` of `z.toJSONSchema`.
 * `types`: how to write it; OpenAPI 3.0 has no list of types.
 */
export function allowOneText(list: z.core.$ZodType, schema: z.core.JSONSchema.BaseSchema, types: "type" | "anyOf"): void {
  const { items } = schema;
  const ofTexts = typeof items === "object" && !Array.isArray(items) && items.type === "string";
  if (!(list instanceof z.ZodArray) || !spellings.has(list) || schema.type !== "array" || !ofTexts) return;
  if (types === "type") Object.assign(schema, { type: ["array", "string"] });
  else {
    const { type, maxItems, minItems } = schema;
    for (const name of ["type", "items", "maxItems", "minItems"]) delete schema[name];
    schema.anyOf = [
      { type, items, ...(maxItems === undefined ? {} : { maxItems }), ...(minItems === undefined ? {} : { minItems }) },
      { type: "string" },
    ];
  }
}
