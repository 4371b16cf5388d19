import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { build } from "../built.ts";

// Real shells, with the installed program.
const has = (program: string) => spawnSync(program, ["--version"]).status === 0;
const folder = mkdtempSync(join(tmpdir(), "mailcordon-completion-"));
let program = "";
beforeAll(() => {
  program = join(folder, "mailcordon");
  symlinkSync(build().program, program);
  writeFileSync(
    join(folder, "mailcordon.yaml"),
    "connections:\n  prod: { backend: graph }\n  lab: { backend: graph }\ndefault: prod\naliases: { phish: search-emails-extended }\n",
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

const environment = () => ({ HOME: folder, PATH: `${folder}:${process.env.PATH}` });
const run = (command: string, words: readonly string[]) =>
  spawnSync(command, words, { cwd: folder, env: environment(), encoding: "utf8", timeout: 60_000 });

/** Each prints the words that the shell would offer for these typed words, one on a line. */
const shells = {
  bash: (typed: readonly string[]) => [
    "-c",
    `source <(mailcordon completion bash); COMP_WORDS=(mailcordon "$@"); COMP_CWORD=$#; compopt() { echo files; }; _mailcordon; printf '%s\\n' "\${COMPREPLY[@]}"`,
    "-",
    ...typed,
  ],
  zsh: (typed: readonly string[]) => [
    "-c",
    `compdef() { : }; source <(mailcordon completion zsh); _describe() { print -rl -- "\${(@)\${(P)2}%%:*}" }; _files() { print files }; words=(mailcordon "$@"); CURRENT=$#words; _mailcordon`,
    "-",
    ...typed,
  ],
  fish: (typed: readonly string[]) => [
    "-c",
    `mailcordon completion fish | source; complete -C "mailcordon ${typed.join(" ")}" | string replace -r '\\t.*' ''`,
  ],
} as const;

for (const [shell, words] of Object.entries(shells)) {
  describe.skipIf(!has(shell))(`the completion of ${shell}`, () => {
    const offered = (...typed: string[]) =>
      run(shell, words(typed))
        .stdout.split("\n")
        .filter((line) => line !== "");

    test("offers actions, flags, choices, and the connections and short names of the settings", () => {
      expect(offered("delete-e")).toEqual(["delete-email"]);
      expect(offered("delete-email", "--confirm-h")).toEqual(["--confirm-hard"]);
      expect(offered("delete-email", "--delete-type", "h")).toEqual(["hard"]);
      expect(offered("search", "--connection", "p")).toEqual(["prod"]);
      expect(offered("phi")).toEqual(["phish"]);
      expect(offered("sweep", "app")).toEqual(["approve"]);
    });

    test("leaves files to the shell", () => {
      expect(offered("search", "--input", "mailcordon.y").join()).toMatch(/^(?:files|mailcordon\.yaml)$/);
    });
  });
}

test("an unknown shell is refused with the nearest one", () => {
  const { status, stdout } = run(program, ["completion", "fisch"]);
  expect(status).toBe(2);
  expect(JSON.parse(stdout).error.message).toBe("There is no completion for fisch. Did you mean fish?");
});

test.skipIf(spawnSync("man", ["--version"]).status !== 0)("the man page has no error, and describes every action and command", () => {
  const page = run(program, ["completion", "man"]).stdout;
  const shown = spawnSync("man", ["-l", "--warnings", "-"], {
    input: page,
    encoding: "utf8",
    env: { ...process.env, MANWIDTH: "100", LC_ALL: "C.UTF-8" },
  });
  expect(shown.stderr).toBe("");
  for (const heading of ["MAILCORDON DELETE-EMAIL", "MAILCORDON SWEEP", "MAILCORDON DOCTOR", "EXIT STATUS"])
    expect(shown.stdout).toContain(heading);
  // An option that began with a typographic hyphen could not be copied.
  expect(shown.stdout).toContain("--confirm-hard");
});
