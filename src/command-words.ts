import { type ParseArgsConfig, parseArgs } from "node:util";
import { Failure } from "./failure.ts";

type Options = NonNullable<ParseArgsConfig["options"]>;

/**
 * The flags and other words of a command besides the actions, such as `lab`.
 * @throws Failure `invalid-input` for an unknown flag, a flag without its value, or a word where `allowPositionals` is false
 */
export function readCommandWords<const O extends Options>(command: string, words: readonly string[], options: O, allowPositionals = false) {
  try {
    return parseArgs({ args: [...words], options, strict: true, allowPositionals });
  } catch (thrown) {
    throw new Failure("invalid-input", thrown instanceof Error ? thrown.message : "Wrong flags.", { hint: helpOf(command), cause: thrown });
  }
}

/** What to do next when the words of a command are wrong. */
export function helpOf(command: string): string {
  return `\`mailcordon ${command} --help\` lists the flags.`;
}
