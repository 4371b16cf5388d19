import { actionNames } from "./actions/load.ts";
import { readCommandWords } from "./command-words.ts";
import { doctor, type Report, type StepReport } from "./doctor/doctor.ts";
import type { Screen } from "./faces/cli.ts";
import { jsonText } from "./faces/json.ts";
import { harmless, pad, wrap } from "./faces/terminal.ts";
import { Failure } from "./failure.ts";
import { loadSettings } from "./settings.ts";
import { didYouMean } from "./spelling.ts";
import { eventText } from "./wire/observe.ts";

const usage = `mailcordon doctor: checks a connection step by step, changes nothing, and says what to do next.

  --mailbox ADDRESS   The mailbox to look into. Default: mailbox of the connection.
  --actions NAMES     The actions that are to work, with commas. Default: all.
  --connection NAME   Which connection of the settings.
  --config FILE       Settings file. Default: mailcordon.yaml here, then in ~/.config/mailcordon/.
  --json              One JSON document, also on a terminal.
  --verbose           Show each request and reply on standard error: never a body, a secret or a token.
  --quiet             Nothing on standard error.
  --help              Show this.

Exit code: 0 when every action asked for would work, else that of the first step that stands in the way.
`;

/** `mailcordon doctor`. Gives the exit code. */
export async function runDoctor(words: readonly string[], screen: Screen): Promise<number> {
  const options = readOptions(words);
  if (options.help) {
    screen.stdout.write(usage);
    return 0;
  }
  const actions = readActions(options.actions);
  const json = screen.stdout.isTTY !== true || options.json === true;
  const columns = screen.stdout.columns || 100;
  let loaded: ReturnType<typeof loadSettings> | undefined;
  const report = await doctor({
    actions,
    mailbox: options.mailbox === "" ? undefined : options.mailbox,
    signal: screen.signal,
    load: () => {
      loaded ??= loadSettings({ flags: { config: options.config, connection: options.connection } });
      return loaded;
    },
    observe: options.verbose ? (event) => screen.stderr.write(`${harmless(eventText(event))}\n`) : undefined,
    tell: options.quiet ? undefined : (text) => screen.stderr.write(`${harmless(text)}\n`),
    progress: json ? undefined : (step) => screen.stdout.write(`${stepText(step, columns)}\n`),
  });
  const { exit, ...document } = report;
  screen.stdout.write(json ? `${jsonText(document, screen.stdout.isTTY ? 2 : 0)}\n` : `\n${conclusion(report, columns)}\n`);
  return exit;
}

function readOptions(words: readonly string[]) {
  const text = { type: "string" } as const;
  const mark = { type: "boolean" } as const;
  const options = {
    ...{ mailbox: text, actions: text, connection: text, config: text },
    ...{ json: mark, verbose: mark, quiet: mark, help: { type: "boolean", short: "h" } as const },
  };
  return readCommandWords("doctor", words, options).values;
}

function readActions(text: string | undefined): readonly string[] {
  const asked = (text ?? "").split(",").flatMap((name) => name.trim() || []);
  for (const name of asked) {
    if (!actionNames.includes(name)) {
      throw new Failure("invalid-input", `--actions: there is no action ${name}.${didYouMean(name, actionNames)}`, {
        hint: "`mailcordon actions` lists them all.",
      });
    }
  }
  return asked.length === 0 ? actionNames : asked;
}

const margin = 26;

/** One step for a person. Servers wrote parts of it. */
function stepText({ name, status, tried, found, next = [] }: StepReport, columns: number): string {
  const head = `${pad(status, 8)} ${pad(name, margin - 10)} `;
  const about = status === "ok" || status === "skipped" ? found : `${tried}: ${found}`;
  const indent = " ".repeat(margin);
  // A command is not broken into lines: it is to be copied.
  const lines = next.map((line, at) => `${indent}${at === 0 ? "-> " : "   "}${harmless(line)}`);
  return [head + wrap(harmless(about), Math.max(24, columns - margin), indent), ...lines].join("\n");
}

function conclusion({ message, actions }: Report, columns: number): string {
  const bad = actions.flatMap(({ action, works, because }) =>
    works === "yes" ? [] : [`  ${pad(action, margin)}${works === "no" ? "no" : "cannot be said"}: see ${because}`],
  );
  return [wrap(message, columns), ...bad].join("\n");
}
