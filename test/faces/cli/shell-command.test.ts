import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { commandWords, shellLines } from "../../../src/faces/cli/shell-command.ts";

test("an input is written as flags, and a long list repeats its flag", () => {
  const input = { mailboxes: ["all"], limit: 5, dry_run: true, recursive: false, subject: "Overdue invoice" };
  expect(commandWords("find", input)).toEqual([
    "mailcordon",
    "find",
    "--mailboxes all",
    "--limit 5",
    "--dry-run",
    "--recursive=false",
    "--subject 'Overdue invoice'",
  ]);
  const long = ["a", "b"].map((letter) => `${letter.repeat(40)}@example.com`);
  expect(commandWords("find", { to: long })).toEqual(["mailcordon", "find", ...long.map((address) => `--to ${address}`)]);
});

test("a shell reads every value unchanged, however many lines the command has", () => {
  const text = fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), fc.integer({ min: 20, max: 60 }), (values, columns) => {
      const input = Object.fromEntries(values.map((value, at) => [`f${at}`, value]));
      const command = shellLines(commandWords("find", input), columns, "  ").replace("mailcordon", `printf '%s\\0'`);
      const read = execFileSync("sh", ["-c", command], { encoding: "utf8" }).split("\0").slice(0, -1);
      expect(read).toEqual(["find", ...values.flatMap((value, at) => [`--f${at}`, value])]);
    }),
    { numRuns: 30 },
  );
});
