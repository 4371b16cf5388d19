import { Failure } from "../../failure.ts";
import { didYouMean } from "../../text/nearest-name.ts";
import type { Program } from "./program-definition.ts";

/**
 * Returns the action that a short name of the settings means. Throws Failure `invalid-input` for an unknown word, and `invalid-settings` if the settings
 * name no action. Loaded late: most calls name an action.
 */
export async function namedAction(word: string, program: Program): Promise<string> {
  const { names } = program.catalogue;
  const own = word.startsWith("-") ? {} : ((await program.aliases?.()) ?? {});
  const meant = Object.hasOwn(own, word) ? own[word] : undefined;
  if (meant === undefined) throw unknownAction(word, program);
  if (names.includes(meant)) return meant;
  throw new Failure("invalid-settings", `aliases.${word}: there is no action ${meant}.${didYouMean(meant, names)}`);
}

function unknownAction(name: string, program: Program): Failure {
  const names = [
    ...program.catalogue.names,
    ...Object.keys(program.catalogue.aliases ?? {}),
    ...program.commands.map((command) => command.name),
    "actions",
    "exit-codes",
    "help",
  ];
  const what = name.startsWith("-") ? `${name} is before the action; put the action first.` : `There is no action ${name}.`;
  return new Failure("invalid-input", `${what}${didYouMean(name, names)}`, { hint: "List the actions with `mailcordon actions`." });
}
