import { spawnSync } from "node:child_process";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import * as theirs from "yaml";
import { type Yaml, yamlText } from "../../../src/faces/automation-service/yaml.ts";

const { tree } = fc.letrec<{ tree: Yaml }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.boolean(),
    fc.constantFrom(
      "yes",
      "null",
      "1.0",
      "2026-01-01",
      "",
      " ",
      "a: b",
      "- a",
      "# a",
      "'",
      '"',
      "|",
      "a\nb\n",
      " a\n",
      "\ta\n",
      "a \n",
      "a\n\n",
      "a\n\nb\n",
      "\u0085\u2028",
      "\u007f\u009f\u{e0001}\ufeff",
    ),
    fc.string({ unit: "grapheme" }),
    fc.array(tie("tree"), { maxLength: 4 }),
    fc.dictionary(
      fc.oneof(fc.constantFrom("yes", "on", "1", "a b", "__proto__x", "e0", "E-1", "e10x", "<<"), fc.string({ minLength: 1 })),
      tie("tree"),
      {
        maxKeys: 4,
        noNullPrototype: true,
      },
    ),
  ),
}));

test.each(["1.1", "1.2"] as const)("any written value is read back as the same value in YAML %s", async (version) => {
  await fc.assert(
    fc.asyncProperty(fc.dictionary(fc.stringMatching(/^[a-z_]{1,8}$/), tree, { noNullPrototype: true }), async (value) => {
      expect(theirs.parse(await yamlText(value), { version })).toEqual(value);
    }),
    { numRuns: 500 },
  );
});

const hasYaml = spawnSync("python3", ["-c", "import yaml"]).status === 0;
test.skipIf(!hasYaml)(
  `any written value is read back as the same value by PyYAML${hasYaml ? "" : " (skipped: python3 has no yaml here)"}`,
  async () => {
    const values = fc.sample(fc.dictionary(fc.stringMatching(/^[a-z_]{1,8}$/), tree, { noNullPrototype: true }), 300);
    const check = "import json, sys, yaml; print(json.dumps([yaml.safe_load(text) for text in json.load(sys.stdin)]))";
    const { stdout, stderr } = spawnSync("python3", ["-c", check], {
      input: JSON.stringify(await Promise.all(values.map(yamlText))),
      encoding: "utf8",
    });
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual(values);
  },
);

test.each(["e0", "E1", "e-1", "y", "No", "null", "<<"])("the key %s is read as a text by every reader", async (key) => {
  expect(await yamlText({ [key]: "x" })).toBe(`'${key}': 'x'\n`);
});

test("code is written as lines behind `|`, not as one text in quotes", async () => {
  expect(await yamlText({ script: { code: "def a():\n\n    return 'x'\n" } })).toBe(
    "script:\n  code: |\n    def a():\n\n        return 'x'\n",
  );
});

test("texts that resemble numbers or booleans stay texts, and undefined members are left out", async () => {
  expect(await yamlText({ version: "1.0", values: { true: "True" }, hint: undefined })).toBe("version: '1.0'\nvalues:\n  'true': 'True'\n");
});
