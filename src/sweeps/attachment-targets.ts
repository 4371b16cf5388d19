import type { Action } from "../catalogue/action-definition.ts";
import type { Result } from "../catalogue/answer-envelope.ts";
import type { MailboxFor } from "../exchange/port-methods.ts";
import { takeOnly } from "../outcome.ts";
import { type KeptOutcome, keptOutcomeOf, keptOutcomeOfAttachments } from "./kept-outcome.ts";
import { isAboutAttachments } from "./sweep-spec.ts";
import type { TargetFacts } from "./target-facts.ts";

/** Fields that select attachments. A plan lists the attachments themselves, so it does not pass these fields to the action. */
const selectionFields: ReadonlySet<string> = new Set(["all", "attachment_ids", "name_pattern", "sha256"]);

/** Adds the attachments in `planned` to the facts of their message. */
export function withAttachments(facts: TargetFacts, planned: readonly Result[], action: Action): TargetFacts {
  if (!isAboutAttachments(action)) return facts;
  const attachments = planned.flatMap(({ item_id, attachment_id, name }) =>
    item_id === facts.item_id && typeof attachment_id === "string"
      ? [{ id: attachment_id, ...(typeof name === "string" ? { name } : {}) }]
      : [],
  );
  return { ...facts, attachments };
}

/** Returns the input of the action for these targets. An action about attachments gets exactly the attachments of the plan. */
export function inputFor(
  action: Action,
  input: Readonly<Record<string, unknown>>,
  targets: readonly TargetFacts[],
): Record<string, unknown> {
  const item_id = targets.map((facts) => facts.item_id);
  if (!isAboutAttachments(action)) return { ...input, item_id };
  const how = Object.fromEntries(Object.entries(input).filter(([name]) => !selectionFields.has(name)));
  return { ...how, item_id, attachment_ids: targets.flatMap(({ attachments = [] }) => attachments.map(({ id }) => id)) };
}

/** Returns the result of one target, and the part of it that the database keeps. A message fails if one of its attachments fails. */
export function resultOf(
  { item_id, attachments }: TargetFacts,
  results: readonly Result[],
  action: Action,
): { readonly result: Result | undefined; readonly kept: KeptOutcome } {
  if (!isAboutAttachments(action)) {
    const result = results.find((one) => one.item_id === item_id);
    return { result, kept: result === undefined ? {} : keptOutcomeOf(result) };
  }
  const ids = new Set<unknown>((attachments ?? []).map(({ id }) => id));
  const own = results.filter((one) => one.item_id === item_id || ids.has(one.attachment_id));
  const kept = own.length === 0 ? {} : keptOutcomeOfAttachments(own);
  const worst = own.find(({ error }) => error !== undefined) ?? own.find(({ status }) => status !== "done") ?? own[0];
  return { result: worst, kept };
}

/** Returns how many of the planned attachments the message still has. Throws Failure. */
export async function attachmentsLeft(
  { item_id, attachments = [] }: TargetFacts,
  mailbox: MailboxFor<"attachments">,
): Promise<"none" | "some" | "all"> {
  const there = new Set((await takeOnly(mailbox.attachments([item_id]))).map(({ id }) => id));
  const left = attachments.filter(({ id }) => there.has(id)).length;
  return left === 0 ? "none" : left === attachments.length ? "all" : "some";
}
