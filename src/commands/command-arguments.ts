import { type ParseArgsConfig, parseArgs } from "node:util";
import { actionNames, loadAction } from "../actions/load.ts";
import type { Action } from "../catalogue/action-definition.ts";
import { Failure } from "../failure.ts";
import { didYouMean } from "../text/nearest-name.ts";

type Options = NonNullable<ParseArgsConfig["options"]>;

/**
 * Reads the arguments of a command other than the actions, such as `lab`.
 * @throws Failure `invalid-input` for an unknown flag, a flag without its value, or a word where `allowPositionals` is false
 */
export function readArguments<const O extends Options>(command: string, args: readonly string[], options: O, allowPositionals = false) {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals });
  } catch (thrown) {
    throw new Failure("invalid-input", thrown instanceof Error ? thrown.message : "Wrong flags.", {
      hint: helpHint(command),
      cause: thrown,
    });
  }
}

/** Returns the hint for wrong arguments of a command. */
export function helpHint(command: string): string {
  return `\`mailcordon ${command} --help\` lists the flags.`;
}

/** The actions of `--actions`, with commas between; none named: all. Throws Failure `invalid-input`. */
export async function parseActionNames(text: string | undefined): Promise<readonly Action[]> {
  const requested = (text ?? "").split(",").flatMap((name) => name.trim() || []);
  for (const name of requested) {
    if (!actionNames.includes(name)) {
      throw new Failure("invalid-input", `--actions: there is no action ${name}.${didYouMean(name, actionNames)}`, {
        hint: "List the actions with `mailcordon actions`.",
      });
    }
  }
  return Promise.all((requested.length === 0 ? actionNames : requested).map(loadAction));
}
