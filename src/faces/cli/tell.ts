import type { ErrorNoun } from "../../catalogue/answer-envelope.ts";
import { failures } from "../../failure.ts";
import type { Screen } from "./screen.ts";
import { harmless } from "./terminal.ts";

/** Returns the line that names the settings file mailcordon found by itself, so a person sees an unexpected one. */
export function foundText(path: string): string {
  return `Settings: ${harmless(path)}\n`;
}

/** Prints a failure. If it has only the general hint, the line refers to the help of the command. */
export function tell(screen: Screen, { code, message, hint }: Pick<ErrorNoun, "code" | "message" | "hint">, called: string): void {
  const help =
    hint === failures["invalid-input"].hint && code === "invalid-input" ? ` \`mailcordon ${called} --help\` lists the fields.` : "";
  screen.stderr.write(`mailcordon: ${harmless(message)}\n  ${harmless(hint + help)}\n`);
}
