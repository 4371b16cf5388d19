import { expect, test } from "vitest";
import * as z from "zod";
import { catalogue } from "../../../src/actions/index.ts";
import { readFlags } from "../../../src/faces/cli/program-flags.ts";
import { flagFieldsOf, parametersOf } from "../../../src/faces/parameters.ts";
import { Failure } from "../../../src/failure.ts";
import { countSheep } from "../toy.ts";

const parameters = parametersOf(countSheep);
const fields = (...words: string[]) => readFlags(words, parameters).fields;
const refusal = (...words: string[]) => {
  try {
    readFlags(words, parameters);
  } catch (thrown) {
    if (thrown instanceof Failure) return `${thrown.code}: ${thrown.message}`;
    throw thrown;
  }
  return "accepted";
};

test("a flag takes its value from the next argument or after an equals sign", () => {
  expect(fields("--mailbox", "a@example.com", "--limit=3")).toEqual({ mailbox: "a@example.com", limit: "3" });
  expect(fields("--mailbox=a=b")).toEqual({ mailbox: "a=b" });
  expect(fields("--mailbox", "-dash")).toEqual({ mailbox: "-dash" });
  expect(fields("--mailbox=--two-dashes")).toEqual({ mailbox: "--two-dashes" });
});

test.each([
  [["--awake"], true],
  [["--no-awake"], false],
  [["--awake=false"], "false"],
  [["--awake", "true"], "true"],
])("a boolean flag is read as %j", (words, value) => {
  expect(fields(...words)).toEqual({ awake: value });
});

test("a boolean flag does not consume the flag after it", () => {
  expect(fields("--awake", "--limit", "3")).toEqual({ awake: true, limit: "3" });
});

test("a list is a repeated flag, with or without commas in each", () => {
  const { names } = fields("--names", "a,b", "--names=c");
  expect(countSheep.prepare({ names }).input).toMatchObject({ names: ["a", "b", "c"] });
});

test.each([
  [["--limmit", "3"], "invalid-input: Unknown flag: --limmit. Did you mean --limit?"],
  [["--zzzzzz"], "invalid-input: Unknown flag: --zzzzzz."],
  [["--no-limit"], "invalid-input: Unknown flag: --no-limit."],
  [["stray"], "invalid-input: Unexpected argument: stray. Every value needs a flag before it."],
  [["--"], "invalid-input: Unexpected argument: --. Every value needs a flag before it."],
  [["--mailbox"], "invalid-input: --mailbox needs a value."],
  [["--mailbox", "--limit"], "invalid-input: --mailbox needs a value; write a value that begins with -- as --mailbox=--limit."],
  [["--limit=1", "--limit=2"], "invalid-input: --limit is given twice; it accepts one value."],
  [["--json=maybe"], "invalid-input: --json takes no value."],
])("the arguments %j are refused with one sentence", (words, message) => {
  expect(refusal(...words)).toBe(message);
});

test("flags of the program are separated from flags of the action", () => {
  const { program, fields } = readFlags(["--json", "--out", "dir", "--yes", "--limit", "2", "-h"], parameters);
  expect(program).toEqual({ json: true, out: "dir", yes: true, help: true });
  expect(fields).toEqual({ limit: "2" });
});

test("a flag named like a member of Object.prototype is unknown", () => {
  expect(refusal("--constructor", "x")).toMatch(/^invalid-input: Unknown flag: --constructor/);
  expect(refusal("--__proto__=x")).toMatch(/^invalid-input: Unknown flag: --__proto__/);
});

test.each(catalogue.map((action) => [action.name, action] as const))(
  "the flags of %s are the fields of its JSON Schema",
  (_name, action) => {
    const flags = parametersOf(action).map(({ field, kind }) => ({ field, kind }));
    expect(flagFieldsOf(action)).toEqual(flags);
  },
);

test("a flag is a list if its field accepts a list or one value, and keeps its type under any wrapper of its schema", () => {
  const input = z.strictObject({
    either: z.union([z.string(), z.array(z.string())]).default([]),
    count: z.int().nullable().optional(),
    record: z.record(z.string(), z.string()).optional(),
    awake: z.boolean().prefault(false),
    word: z.enum(["a", "b"]).readonly(),
  });
  const action = { ...countSheep, input };
  expect(flagFieldsOf(action)).toEqual(parametersOf(action).map(({ field, kind }) => ({ field, kind })));
  expect(flagFieldsOf(action).map(({ kind }) => kind)).toEqual(["list", "number", "object", "boolean", "text"]);
});

test("--since and --until are other names of the bounds of a search, where an action has them", () => {
  const search = catalogue.find(({ name }) => name === "search-emails-extended");
  if (search === undefined) throw new Error("there is no search");
  const read = (...words: string[]) => readFlags(words, flagFieldsOf(search)).fields;
  expect(read("--since", "24h", "--until=yesterday")).toEqual({ received_after: "24h", received_before: "yesterday" });
  expect(() => read("--since", "24h", "--received-after", "7d")).toThrow("is given twice");
  expect(refusal("--since", "24h")).toContain("Unknown flag: --since.");
});
