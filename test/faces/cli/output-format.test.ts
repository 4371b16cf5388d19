import { parse as parseCsv } from "csv-parse/sync";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parse as parseYaml } from "yaml";
import { formatIn, formatted, openSelection, prefersJson } from "../../../src/faces/cli/output-format.ts";
import { Failure } from "../../../src/failure.ts";

async function textOf(...words: Parameters<typeof formatted>): Promise<string> {
  let text = "";
  for await (const piece of formatted(...words)) text += piece;
  return text;
}
function failureOf(work: () => unknown): Failure {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof Failure) return thrown;
    throw thrown;
  }
  throw new Error("it did not fail");
}
const answer = {
  success: true,
  message: "2 messages found.",
  results: [
    { subject: "One", size: 3, to: [{ address: "ann@example.com" }] },
    { subject: '=HYPERLINK("x")', is_read: false, size: undefined },
  ],
};

describe("an answer", () => {
  test("has a line for each result as jsonl", async () => {
    const lines = (await textOf(answer, "jsonl", false)).trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual(JSON.parse(JSON.stringify(answer.results)));
  });

  test("has a row for each result as csv, a column for each member, and no formula", async () => {
    const rows = parseCsv(await textOf(answer, "csv", false), { columns: true });
    expect(rows).toEqual([
      { subject: "One", size: "3", to: '[{"address":"ann@example.com"}]', is_read: "" },
      { subject: `'=HYPERLINK("x")`, size: "", to: "", is_read: "false" },
    ]);
  });

  test("has the messages of a search or the contacts as rows, nothing where there are none, and itself where it has no list or failed", async () => {
    const lines = async (document: object) => (await textOf(document, "jsonl", false)).split("\n").filter((line) => line !== "").length;
    expect(await lines({ success: true, contacts: [{ name: "a" }, { name: "b" }, { name: "c" }] })).toBe(3);
    expect(await lines({ success: true, per_mailbox: [{ mailbox: "a" }], items: [{ subject: "b" }, { subject: "c" }] })).toBe(2);
    expect(await lines({ success: true, items: [], per_mailbox: [{ mailbox: "a" }] })).toBe(0);
    expect(await textOf({ success: true, is_active_now: false }, "jsonl", false)).toBe('{"success":true,"is_active_now":false}\n');
    expect(await textOf({ success: false, results: [], error: { code: "busy" } }, "jsonl", false)).toContain('"busy"');
  });

  test("is the same after it was read as yaml or json, and shows no control character, whatever it holds", async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.constantFrom("a", "b_c", "results"), fc.jsonValue()), async (document) => {
        const same = JSON.parse(JSON.stringify(document));
        for (const [format, read] of [
          ["yaml", (text: string) => parseYaml(text)],
          ["json", (text: string) => JSON.parse(text)],
        ] as const) {
          const text = await textOf(document, format, true);
          expect(read(text)).toEqual(same);
          expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
        }
      }),
    );
  });

  test("has its dangerous characters escaped as yaml", async () => {
    const text = await textOf({ subject: "a\u001b[2J\u009b\u202eb\u{e0041}" }, "yaml", false);
    expect(text).toBe('subject: "a\\e[2J\\U0000009b\\U0000202eb\\U000e0041"\n');
    expect(parseYaml(text)).toEqual({ subject: "a\u001b[2J\u009b\u202eb\u{e0041}" });
  });
});

describe("--jmespath", () => {
  test("selects from the answer", async () => {
    const select = await openSelection("results[].subject");
    expect(await textOf(select(answer), "json", false)).toBe(`["One","=HYPERLINK(\\"x\\")"]\n`);
    expect(await textOf((await openSelection("nothing"))(answer), "json", false)).toBe("null\n");
  });

  test("refuses what is no expression before anything is done, and a function that does not fit", async () => {
    await expect(openSelection("results[")).rejects.toMatchObject({ code: "invalid-input" });
    const select = await openSelection("length(success)");
    expect(failureOf(() => select(answer))).toMatchObject({ code: "invalid-input" });
  });
});

describe("--output", () => {
  test("names one of the formats, and not another than --json", () => {
    expect(formatIn({ output: "csv" })).toBe("csv");
    expect(formatIn({ output: "json", json: true })).toBe("json");
    expect(failureOf(() => formatIn({ output: "jso" })).message).toContain("Did you mean json?");
    expect(failureOf(() => formatIn({ output: "csv", json: true })).message).toContain("exclude each other");
  });

  test.each([
    [["-o", "csv"], true, true],
    [["--output=table"], false, false],
    [["--output", "sweep.zip"], true, false],
    [["--output", "sweep.zip"], false, true],
    [["--output"], true, false],
  ])("%j on a terminal (%s) has a failure as JSON: %s", (args, isTerminal, json) => {
    expect(prefersJson(args, isTerminal)).toBe(json);
  });
});
