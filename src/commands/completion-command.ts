import { folderNameWords } from "../exchange/folders/folder-names.ts";
import { completionsOf, type KnownNames } from "../faces/cli/completion/candidates.ts";
import { manPage } from "../faces/cli/completion/man-page.ts";
import { completionScript, shells } from "../faces/cli/completion/shell-scripts.ts";
import { actionHelp, exitCodesText, overview } from "../faces/cli/help.ts";
import type { DescribedProgram } from "../faces/cli/program-definition.ts";
import type { Screen } from "../faces/cli/screen.ts";
import { Failure } from "../failure.ts";
import { attempt } from "../outcome.ts";
import { didYouMean } from "../text/nearest-name.ts";
import { helpHint } from "./command-arguments.ts";

const usage = `mailcordon completion: prints the completion of a shell, or the man page.

  mailcordon completion bash   For bash. In ~/.bashrc:
                               source <(mailcordon completion bash)
  mailcordon completion zsh    For zsh. In ~/.zshrc, after compinit:
                               source <(mailcordon completion zsh)
  mailcordon completion fish   For fish. Once:
                               mailcordon completion fish > ~/.config/fish/completions/mailcordon.fish
  mailcordon completion man    The man page (roff). An installation with npm has it:
                               man mailcordon

  --help                       Show this help.
`;

/** Columns of the man page, less than a terminal has: man indents each line. */
const manColumns = 72;

/** Runs `mailcordon completion`. The scripts call \`completion words\` with the words typed so far. */
export async function runCompletion(args: readonly string[], screen: Screen, program: DescribedProgram): Promise<number> {
  const [what = "--help", ...words] = args;
  if (what === "words") {
    const found = await completionsOf(
      words,
      program,
      () => knownNames(program),
      (command) => helpOf(command, program, screen),
    );
    const lines = found === "files" ? [":files"] : found.map(({ word, meaning }) => `${word}\t${meaning}`);
    screen.stdout.write(lines.map((line) => `${line}\n`).join(""));
    return 0;
  }
  if (args.includes("--help") || args.includes("-h")) {
    screen.stdout.write(usage);
    return 0;
  }
  if (words.length > 0) throw new Failure("invalid-input", `Unexpected argument: ${words[0]}.`, { hint: helpHint("completion") });
  const shell = shells.find((name) => name === what);
  if (shell !== undefined) screen.stdout.write(completionScript(shell));
  else if (what === "man") screen.stdout.write(await manText(program, screen));
  else {
    const choices = [...shells, "man"];
    throw new Failure("invalid-input", `There is no completion for ${what}.${didYouMean(what, choices)}`, { hint: helpHint("completion") });
  }
  return 0;
}

/** Settings that cannot be read complete nothing: the command itself reports why. */
async function knownNames(program: DescribedProgram): Promise<KnownNames> {
  const { readWrittenSettings } = await import("../settings/load-settings.ts");
  const written = await attempt(() => readWrittenSettings({}));
  const aliases = await attempt(async () => (await program.aliases?.()) ?? {});
  return { folders: folderNameWords, connections: written.ok ? written.value.connections : [], aliases: aliases.ok ? aliases.value : {} };
}

/** Returns what a command prints for `--help`. */
async function helpOf(command: string, program: DescribedProgram, screen: Screen): Promise<string> {
  let text = "";
  const stdout = { columns: manColumns, write: (written: string) => (text += written) };
  const found = program.commands.find(({ name }) => name === command);
  if (found === undefined) return "";
  await found.run(["--help"], { ...screen, stdin: process.stdin, stdout, stderr: screen.stderr, signal: screen.signal }, program.version);
  return text;
}

async function manText(program: DescribedProgram, screen: Screen): Promise<string> {
  const { catalogue, commands } = program;
  const actions = await Promise.all(catalogue.names.map((name) => catalogue.load(name)));
  const helps = await Promise.all(
    commands.map(async ({ name }) => ({ heading: `mailcordon ${name}`, text: await helpOf(name, program, screen) })),
  );
  return manPage(program, [
    { heading: "Description", text: overview(program, manColumns) },
    ...actions.map((action) => ({ heading: `mailcordon ${action.name}`, text: actionHelp(action, manColumns, catalogue.aliases) })),
    ...helps,
    { heading: "Exit status", text: exitCodesText(manColumns) },
  ]);
}
