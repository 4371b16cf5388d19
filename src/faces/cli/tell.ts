import type { ErrorNoun } from "../../catalogue/answer-envelope.ts";
import { failures } from "../../failure.ts";
import type { Screen } from "./screen.ts";
import { harmless } from "./terminal.ts";

/** Names the settings file that mailcordon found by itself: whoever did not expect it there sees it. */
export function foundText(path: string): string {
  return `Settings: ${harmless(path)}\n`;
}

/** Where no better hint is given, the help of what was called has the names. */
export function tell(screen: Screen, { code, message, hint }: Pick<ErrorNoun, "code" | "message" | "hint">, called: string): void {
  const help =
    hint === failures["invalid-input"].hint && code === "invalid-input" ? ` \`mailcordon ${called} --help\` lists them all.` : "";
  screen.stderr.write(`mailcordon: ${harmless(message)}\n  ${harmless(hint + help)}\n`);
}
