import * as z from "zod";
import { type Action, effects } from "../catalogue/action-definition.ts";
import { Failure } from "../failure.ts";

/** What is wanted of a sweep, as its caller says it. */
export interface SweepOrder {
  /** Messages are found by these. */
  readonly internetMessageIds: readonly string[];
  /** Addresses; undefined: all mailboxes that the connection can list. */
  readonly mailboxes: readonly string[] | undefined;
  readonly action: Action;
  /** Fields of the action that say how; none that says to what. */
  readonly input: Readonly<Record<string, unknown>>;
  readonly limits: Limits;
}

export const Limits = z.strictObject({
  max_mailboxes: z.number().int().min(1).optional().describe("Maximum number of mailboxes that have targets."),
  max_items: z.number().int().min(1).optional().describe("Maximum number of targets."),
  expected_count: z.number().int().min(0).optional().describe("Number of targets that there must be."),
  expected_per_mailbox: z.number().int().min(1).optional().describe("Number of targets that each mailbox with any must have."),
});
export type Limits = z.output<typeof Limits>;

/** The fields of an action that the sweep itself fills in, or guards for all mailboxes together. */
const ownFields: ReadonlySet<string> = new Set([
  ...["mailbox", "item_id", "internet_message_id", "dry_run", "confirm", "expected_count", "max_items", "timeout_seconds"],
]);

/** Whether a sweep can run the action: it works on messages that are named by their ids, and takes them away from people. */
export function isSweepable({ effect, noun, input, each }: Action): boolean {
  return effects[effect].kind === "Containment" && noun === "message" && each !== undefined && "item_id" in input.shape;
}

/** The fields that say how the action is done. */
export function fieldsFor({ input }: Action): readonly string[] {
  return Object.keys(input.shape).filter((name) => !ownFields.has(name));
}

/** Throws Failure `invalid-input` when a sweep cannot be planned so. */
export function checkOrder({ action, internetMessageIds, input }: SweepOrder): void {
  if (!isSweepable(action))
    throw new Failure("invalid-input", `then: a sweep cannot run ${action.name}.`, {
      hint: "Name an action that moves, copies or deletes messages.",
    });
  if (internetMessageIds.length === 0) throw new Failure("invalid-input", "internet_message_id is required: name at least one message.");
  const wrong = Object.keys(input).find((name) => ownFields.has(name));
  if (wrong !== undefined) throw new Failure("invalid-input", `${wrong}: the sweep itself says this.`);
}

/** Why what this does cannot be undone; nothing where it can. */
export function whyNotUndone(action: Action, input: Readonly<Record<string, unknown>>): readonly string[] {
  if (action.each === undefined || !("undo" in action.each.shape)) return [`${action.title} returns nothing by which it could be undone.`];
  const why = action.irreversible?.(input);
  return why === undefined ? [] : [why];
}
