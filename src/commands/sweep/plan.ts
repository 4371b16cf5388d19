import { actionNames, loadAction } from "../../actions/load.ts";
import { nextSteps, planText } from "../../faces/cli/sweep-text.ts";
import { type FlagField, flagFieldsOf } from "../../faces/parameters.ts";
import { flagNames, PlanRequest } from "../../sweeps/plan-request.ts";
import { actionFieldsFor } from "../../sweeps/sweep-spec.ts";
import { fieldsFromFiles } from "./plan-files.ts";
import { incompleteExit, type SubcommandContext, type SubcommandResult } from "./subcommand-context.ts";

/** Returns the flags of `sweep plan`: those of the request and those of the planned action. */
export async function planFlags(words: readonly string[]): Promise<readonly FlagField[]> {
  const own = flagFieldsOf({ input: PlanRequest }).flatMap(({ field, kind }) => {
    const flag = flagNames[field];
    return flag === undefined ? [] : [{ field: flag, kind }];
  });
  own.push({ field: "mailboxes_file", kind: "text" });
  const at = words.findIndex((word) => word === "--then" || word.startsWith("--then="));
  const then = at < 0 ? undefined : words[at]?.includes("=") ? words[at]?.slice("--then=".length) : words[at + 1];
  if (then === undefined || !actionNames.includes(then)) return own;
  const action = await loadAction(then);
  const fields = actionFieldsFor(action);
  return [...own, ...flagFieldsOf(action).filter(({ field }) => fields.includes(field))];
}

export async function plan(context: SubcommandContext): Promise<SubcommandResult> {
  const { service, caller, line, screen, command } = context;
  const { mailboxes_file, ...fields } = line.fields;
  const ofRequest = Object.entries(flagNames).flatMap(([field, flag]) => {
    const value = flag === undefined ? undefined : fields[flag];
    return value === undefined ? [] : [[field, value]];
  });
  // The flags of the action fill its inputs.
  const ofAction = Object.entries(fields).filter(([flag]) => !Object.values(flagNames).includes(flag));
  const read = await fieldsFromFiles({ mailboxes_file, ...fields });
  const raw = { ...Object.fromEntries(ofRequest), ...read, input: Object.fromEntries(ofAction) };
  const how = { connection: "", signal: screen.signal };
  const { answer, planned } = await service.plan(raw, caller, how);
  const shown = (columns: number) => planText(answer.message, planned, columns, nextSteps(answer, command));
  return { document: answer, shown, exit: answer.success ? 0 : incompleteExit };
}
