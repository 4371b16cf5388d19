import { spawnSync } from "node:child_process";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { catalogue } from "../../../src/actions/index.ts";
import { type Action, defineWholeAnswerAction } from "../../../src/catalogue/action-definition.ts";
import { unwrapSchema } from "../../../src/catalogue/limits.ts";
import { spellings } from "../../../src/catalogue/read-input.ts";
import { sameOverGraph } from "../../../src/exchange/port-methods.ts";
import type { Field } from "../../../src/faces/automation-service/definition.ts";
import { formOf, pythonText, separatorsOf } from "../../../src/faces/automation-service/form.ts";
import { prelude } from "../../../src/faces/automation-service/prelude.ts";
import { noPython, without } from "./stage.ts";

const fieldOf = (schema: z.ZodType): Field & { readonly python: string } => {
  const action: Action = defineWholeAnswerAction({
    name: "one",
    title: "One",
    summary: "One.",
    uses: [],
    overGraph: sameOverGraph,
    input: z.strictObject({ it: schema }),
    output: z.strictObject({ message: z.string() }),
  }).run(async () => ({ message: "." }));
  const [form] = formOf(action);
  if (form === undefined) throw new Error("no field");
  return { ...form.field, python: form.python };
};

describe("a field of an action becomes a field of a form:", () => {
  test.each<[string, z.ZodType, object]>([
    ["a switch that is off", z.boolean().default(false), { type: "checkbox", required: false }],
    ["a switch that is on", z.boolean().default(true), { type: "list", values: { true: "True", false: "False" }, default: "true" }],
    ["a choice", z.enum(["a_b", "c"]), { type: "list", values: { a_b: "A B", c: "C" }, required: true }],
    ["a choice with a default", z.enum(["a", "c"]).default("c"), { type: "list", default: "c", required: false }],
    ["a whole number", z.number().int().min(1).max(9).default(5), { type: "number", validator: "integer", default: "5", hint: "1 to 9." }],
    ["a number", z.number().optional(), { type: "number" }],
    ["a line", z.string().describe("Words."), { type: "text", hint: "Words.", required: true, incident_artifacts: true }],
    ["many lines", z.string().max(100_000).optional(), { type: "textarea" }],
    [
      "a hash",
      z
        .string()
        .regex(/^[0-9a-f]{64}$/)
        .optional(),
      { type: "text", validator: "sha256" },
    ],
    [
      "a time",
      z
        .string()
        .refine((text) => !Number.isNaN(Date.parse(text)))
        .optional(),
      { type: "datetime" },
    ],
    ["a list", z.array(z.string()).optional(), { type: "tag", incident_artifacts: true }],
    ["a list of choices", z.array(z.enum(["a", "b"])).optional(), { type: "multilist", values: { a: "A", b: "B" } }],
    [
      "a list of files",
      z.array(z.strictObject({ path: z.string().optional(), base64: z.string().optional() })).optional(),
      { type: "upload" },
    ],
    ["a list of objects", z.array(z.strictObject({ name: z.string() })).optional(), { type: "textarea" }],
    ["an object", z.strictObject({ name: z.string() }).optional(), { type: "textarea" }],
  ])("%s", (_, schema, expected) => {
    expect(fieldOf(schema)).toMatchObject(expected);
  });

  test("an optional boolean filter becomes a list of two without a default, so nothing is filtered by accident", () => {
    const field = fieldOf(z.boolean().optional());
    expect(field).toMatchObject({ type: "list", values: { true: "True", false: "False" }, required: false });
    expect(field.default).toBeUndefined();
  });
});

test("a text field reaches Python as one text, whatever it contains", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => /^'[\x20-\x7e]*'$/.test(pythonText(text))));
});

const lists = new Map(
  catalogue.flatMap(({ name, input }) =>
    Object.entries(input.shape).flatMap(([field, schema]) => {
      const inner = unwrapSchema(schema);
      return inner instanceof z.ZodArray && unwrapSchema(inner.element) instanceof z.ZodString
        ? [[`${name} ${field}`, inner] as const]
        : [];
    }),
  ),
);

test.skipIf(noPython)(`a script splits one text like the rule of its field, for every list of every action${without}`, () => {
  // Blanks at the ends are trimmed by both; a text that begins as JSON does is not split.
  const texts = fc.sample(fc.array(fc.constantFrom("a", "b@c.d", " ", ",", ";", "\n", "<", ">", '"', "(", "ü", "'"), { maxLength: 12 }), {
    numRuns: 400,
    seed: 7,
  });
  const whole = texts.map((parts) => parts.join(""));
  const fields = [...lists].map(([name, schema]) => ({ name, schema, separators: separatorsOf(schema) }));
  expect(fields.length).toBeGreaterThan(20);
  const distinct = [...new Set(fields.map(({ separators }) => JSON.stringify(separators)))];
  const check = `${prelude}
given = json.load(sys.stdin)
print(json.dumps([[listed(text, marks, quotes) or [] for text in given['texts']] for marks, quotes in given['rules']]))
`;
  const input = JSON.stringify({ texts: whole, rules: distinct.map((rule) => JSON.parse(rule)) });
  const { stdout, stderr } = spawnSync("python3", ["-c", check], { input, encoding: "utf8" });
  expect(stderr).toBe("");
  const split: unknown[][] = JSON.parse(stdout);
  for (const { name, schema, separators } of fields) {
    const own = whole.map((text) => spellings.get(schema)?.split(text));
    expect([name, split[distinct.indexOf(JSON.stringify(separators))]]).toEqual([name, own]);
  }
});
