import type { ErrorNoun } from "../../catalogue/answer-envelope.ts";
import { failures } from "../../failure.ts";
import type { Screen } from "./screen.ts";
import { harmless, wrap } from "./terminal.ts";

/** Returns the line that names the settings file mailcordon found by itself, so a person sees an unexpected one. */
export function foundText(path: string): string {
  return `Settings: ${harmless(path)}\n`;
}

/** Prints a failure. If it has only the general hint, the line refers to the help of the command. */
export function tell(screen: Screen, { code, message, hint }: Pick<ErrorNoun, "code" | "message" | "hint">, called: string): void {
  const help =
    hint === failures["invalid-input"].hint && code === "invalid-input" ? ` \`mailcordon ${called} --help\` lists the fields.` : "";
  // Only a terminal needs lines of its own width; another program may look for the text.
  const columns = screen.stderr.isTTY === true ? screen.stderr.columns || 100 : Number.POSITIVE_INFINITY;
  screen.stderr.write(`mailcordon: ${wrap(harmless(message), columns - 12)}\n  ${wrap(harmless(hint + help), columns - 2, "  ")}\n`);
}
