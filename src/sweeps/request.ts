import * as z from "zod";
import type { Action } from "../catalogue/action-definition.ts";
import { mostCharacters } from "../catalogue/limits.ts";
import { readInput, spellings } from "../catalogue/read-input.ts";
import { internet_message_id } from "../catalogue/selection-fields.ts";
import { splitCommas } from "../catalogue/text-lists.ts";
import { Failure } from "../failure.ts";
import { Limits, type SweepOrder } from "./order.ts";

/** The most mailboxes that one plan names. */
const mostMailboxes = 50_000;

/**
 * What every face asks of a plan. A field that is added here is a flag of `sweep plan` with its line in the help, a member of the HTTP body and of the tool's
 * input: `orderOf` below says what it means.
 */
export const PlanRequest = z.strictObject({
  internet_message_id: internet_message_id.describe("Message-IDs of the messages to find."),
  mailboxes: z
    .array(z.string().min(1).max(mostCharacters.mailbox))
    .min(1)
    .max(mostMailboxes)
    .register(spellings, { split: splitCommas })
    .describe("Mailboxes to look into: all, or addresses."),
  action: z.string().max(100).describe("Action to do to each message: delete-email, junk-mail or copy-email."),
  input: z.record(z.string(), z.unknown()).optional().describe("Inputs of the action that say how, such as keep_evidence."),
  ...Limits.shape,
});
export type PlanRequest = z.output<typeof PlanRequest>;

/** The flag of each field: `input` has none, since the flags of the action fill it. */
export const flagNames: Readonly<Record<string, string | undefined>> = {
  ...Object.fromEntries(Object.keys(PlanRequest.shape).map((field) => [field, field])),
  action: "then",
  input: undefined,
};

/** Reads what a caller asks. Throws Failure `invalid-input` that names each wrong field. */
export function readRequest(raw: unknown): PlanRequest {
  return readInput(PlanRequest, raw);
}

/** What the request means. `load` gives an action by its name, and throws Failure where there is none. */
export async function orderOf(request: PlanRequest, load: (name: string) => Promise<Action>): Promise<SweepOrder> {
  const { internet_message_id: ids = [], mailboxes, action, input = {} } = request;
  const isAll = mailboxes.some((address) => address.toLowerCase() === "all");
  if (isAll && mailboxes.length > 1) throw new Failure("invalid-input", "mailboxes: put all, or addresses, and not both.");
  return {
    internetMessageIds: ids,
    mailboxes: isAll ? undefined : mailboxes,
    action: await load(action),
    input,
    limits: z.object(Limits.shape).parse(request),
  };
}
