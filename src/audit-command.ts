import { verifyAudit } from "./audit.ts";
import { helpOf, readCommandWords } from "./command-words.ts";
import type { Screen } from "./faces/cli.ts";
import { harmless } from "./faces/terminal.ts";
import { Failure } from "./failure.ts";
import { jsonText } from "./json-text.ts";

const usage = `mailcordon audit verify FILE: checks that no line of an audit file was changed, taken out or put elsewhere.

  --json          One JSON document, also on a terminal.
  --quiet         Nothing on standard error.
  --help          Show this.

It gives the hash of the last entry. Who keeps that elsewhere can tell later whether the end was cut off: as long as nothing is missing, the
file holds it as \`previous\` of the entry after, or it is the last hash again.
`;

/** `mailcordon audit`. Gives the exit code. Throws Failure `audit-failed` for a chain that is broken. */
export async function runAudit(words: readonly string[], screen: Screen): Promise<number> {
  const mark = { type: "boolean" } as const;
  const { values, positionals } = readCommandWords(
    "audit",
    words,
    { json: mark, quiet: mark, help: { type: "boolean", short: "h" } },
    true,
  );
  if (values.help) {
    screen.stdout.write(usage);
    return 0;
  }
  const [what, file, ...rest] = positionals;
  if (what !== "verify" || file === undefined || rest.length > 0) {
    throw new Failure("invalid-input", "Say: mailcordon audit verify FILE.", { hint: helpOf("audit") });
  }
  const { entries, torn, broken, lastHash } = await verifyAudit(file);
  if (broken !== undefined) {
    throw new Failure("audit-failed", `${file}, line ${broken.line}: ${broken.problem}`, {
      hint: `The ${entries} entries before it are as they were written. Compare the file with a copy of it.`,
    });
  }
  const message = `${file}: ${entries} ${entries === 1 ? "entry, as it was" : "entries, all as they were"} written.`;
  if (screen.stdout.isTTY !== true || values.json) {
    const document = { success: true, message, entries, torn_lines: torn, last_hash: lastHash };
    screen.stdout.write(`${jsonText(document, screen.stdout.isTTY ? 2 : 0)}\n`);
  } else {
    const tears = torn.length === 0 ? "" : `Torn by a crash while they were written, and known as such: line ${torn.join(", ")}.\n`;
    screen.stdout.write(`${harmless(message)}\n${tears}Hash of the last entry: ${lastHash}\n`);
  }
  return 0;
}
