import { actionNames, loadAction } from "../../actions/load.ts";
import type { Action } from "../../catalogue/action-definition.ts";
import { planText } from "../../faces/cli/sweep-text.ts";
import { type FlagField, flagFieldsOf } from "../../faces/parameters.ts";
import { Failure } from "../../failure.ts";
import { fieldsFor } from "../../sweeps/order.ts";
import { flagNames, orderOf, PlanRequest, readRequest } from "../../sweeps/request.ts";
import { planSweep, sweepDocument } from "../../sweeps/sweeps.ts";
import { didYouMean } from "../../text/nearest-name.ts";
import type { Desk, Told } from "./desk.ts";

/** The flags of `sweep plan`: those of the request, and those of the action that is planned. */
export async function planFlags(words: readonly string[]): Promise<readonly FlagField[]> {
  const own = flagFieldsOf({ input: PlanRequest }).flatMap(({ field, kind }) => {
    const flag = flagNames[field];
    return flag === undefined ? [] : [{ field: flag, kind }];
  });
  const at = words.findIndex((word) => word === "--then" || word.startsWith("--then="));
  const then = at < 0 ? undefined : words[at]?.includes("=") ? words[at]?.slice("--then=".length) : words[at + 1];
  if (then === undefined || !actionNames.includes(then)) return own;
  const action = await loadAction(then);
  const fields = fieldsFor(action);
  return [...own, ...flagFieldsOf(action).filter(({ field }) => fields.includes(field))];
}

async function actionNamed(name: string): Promise<Action> {
  if (actionNames.includes(name)) return loadAction(name);
  throw new Failure("invalid-input", `--then: there is no action ${name}.${didYouMean(name, actionNames)}`);
}

export async function plan(desk: Desk): Promise<Told> {
  const { state, line, screen, actor } = desk;
  const ofRequest = Object.entries(flagNames).flatMap(([field, flag]) => {
    const value = flag === undefined ? undefined : line.fields[flag];
    return value === undefined ? [] : [[field, value]];
  });
  // The flags of the action fill its inputs.
  const ofAction = Object.entries(line.fields).filter(([flag]) => !Object.values(flagNames).includes(flag));
  const request = readRequest({ ...Object.fromEntries(ofRequest), input: Object.fromEntries(ofAction) });
  const order = await orderOf(request, actionNamed);
  const { host, connection } = await desk.connection(undefined);
  const planned = await planSweep(order, { host: { ...host, signal: screen.signal }, connection, state, actor });
  const { sweep, plan: made } = planned;
  const { messages, mailboxes: boxes, unexamined } = made.counts;
  const found = `${messages} ${messages === 1 ? "message" : "messages"} in ${boxes} ${boxes === 1 ? "mailbox" : "mailboxes"}`;
  const closed = unexamined === 0 ? "" : ` ${unexamined} mailboxes could not be examined completely.`;
  const message = `The sweep ${sweep.id} is planned: ${found}.${closed} Nothing was changed.`;
  const { targets, ...header } = made;
  const incomplete = unexamined > 0 ? { incomplete: true } : {};
  const document = { success: unexamined === 0, message, ...incomplete, ...sweepDocument(sweep, header, { planned: messages }), targets };
  return { document, shown: (columns) => planText(message, planned, columns), exit: unexamined === 0 ? 0 : incompleteExit };
}

/** As of every answer that something could not be looked at. */
const incompleteExit = 6;
