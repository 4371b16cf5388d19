import { describe, expect, test } from "vitest";
import * as z from "zod";
import { catalogue } from "../../src/actions/index.ts";
import { deepestInput, mostBytesOf, mostCharacters, mostNames, mostValues } from "../../src/catalogue/limits.ts";
import { readInput } from "../../src/catalogue/read-input.ts";
import { Failure } from "../../src/failure.ts";

interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: unknown;
  readonly anyOf?: readonly Schema[];
}

/** The places of a schema that let in more than any number that it states. */
function unbounded(schema: Schema, path: string): string[] {
  if (schema.enum !== undefined || schema.const !== undefined) return [];
  switch (schema.type) {
    case "string":
      return schema.maxLength === undefined ? [path] : [];
    case "array":
      return [...(schema.maxItems === undefined ? [path] : []), ...unbounded(schema.items ?? {}, `${path}[]`)];
    case "object":
      return [
        ...(schema.additionalProperties === false ? [] : [`${path}.*`]),
        ...Object.entries(schema.properties ?? {}).flatMap(([name, member]) => unbounded(member, `${path}.${name}`)),
      ];
    case "boolean":
    case "number":
    case "integer":
      return [];
    default:
      return (schema.anyOf ?? [undefined]).flatMap((one) => (one === undefined ? [path] : unbounded(one, path)));
  }
}

const schemaOf = (input: z.ZodType) => z.toJSONSchema(input, { io: "input" }) as Schema;

function failureOf(work: () => unknown): Failure {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof Failure) return thrown;
    throw thrown;
  }
  throw new Error("Nothing was refused.");
}

test("the check of schemas finds a field without a limit", () => {
  const open = z.strictObject({ a: z.string(), b: z.array(z.string().max(1)), c: z.array(z.object({ d: z.string() })).max(1), e: z.any() });
  expect(unbounded(schemaOf(open), "input")).toEqual(["input.a", "input.b", "input.c[].*", "input.c[].d", "input.e"]);
});

describe.each(catalogue.map((action) => [action.name, action] as const))("%s", (_name, action) => {
  test("limits every text and every list", () => {
    expect(unbounded(schemaOf(action.input), "input")).toEqual([]);
  });

  test("refuses a mailbox of more than 320 characters and names the limit", () => {
    const raw = { ...action.example, mailbox: `${"a".repeat(mostCharacters.mailbox)}@` };
    const { code, message } = failureOf(() => action.prepare(raw));
    expect([code, message]).toEqual(["invalid-input", expect.stringMatching(/^mailbox: has more than 320 characters/)]);
  });

  test("refuses an input that is longer than all its fields may be together", () => {
    const most = mostBytesOf(action.input);
    expect(most).toBeGreaterThanOrEqual(256 * 1024);
    const { code, message } = failureOf(() => action.prepare({ ...action.example, mailbox: "a".repeat(most + 1) }));
    expect([code, message]).toEqual(["invalid-input", `The input has more than ${most} bytes.`]);
  });
});

test("the input of an action without large fields has at most 256 KB", () => {
  const small = catalogue.filter(({ input }) => mostBytesOf(input) === 256 * 1024).map(({ name }) => name);
  expect(small).toEqual(["get-contacts", "get-out-of-office", "get-searchable-mailboxes"]);
});

test("a deletion accepts ten thousand messages", () => {
  const deleting = catalogue.find(({ name }) => name === "delete-email");
  const item_id = Array.from({ length: mostNames }, (_, at) => `AAMk${"A".repeat(200)}${at}`);
  expect(deleting?.prepare({ item_id }).input.item_id).toHaveLength(mostNames);
  expect(deleting?.prepare({ item_id: item_id.join(", ") }).input.item_id).toHaveLength(mostNames);
  const { message } = failureOf(() => deleting?.prepare({ item_id: [...item_id, "AAMk"] }));
  expect(message).toBe("item_id: has more than 10000 items.");
});

describe("an input of any schema", () => {
  const schema = z.strictObject({
    list: z
      .array(z.array(z.string().max(10)).max(10))
      .max(10)
      .optional(),
  });
  const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;

  test.each([
    ["as values", (depth: number) => JSON.parse(nested(depth)) as unknown],
    ["as JSON in a text", nested],
  ])("is refused if it is nested too deep, %s", (_name, make) => {
    const { message } = failureOf(() => readInput(schema, { list: make(200_000 > mostValues ? 50_000 : 1) }));
    expect(message).toBe(`The input is nested more than ${deepestInput} levels deep.`);
  });

  test("is refused if it contains itself", () => {
    const list: unknown[] = [];
    list.push(list);
    expect(failureOf(() => readInput(schema, { list })).message).toContain("levels deep");
  });

  test("is refused if it has too many values", () => {
    const list = Array.from({ length: 400 }, () => Array(400).fill(""));
    expect(failureOf(() => readInput(schema, { list })).message).toBe(`The input has more than ${mostValues} values.`);
  });
});
