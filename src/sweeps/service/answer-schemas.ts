// src/sweeps/service/: The sweep operations that every face uses: permissions of callers, and answers.

import * as z from "zod";
import { PlanHeader } from "../plan-header.ts";
import { TargetFacts } from "../target-facts.ts";

const count = z.number().int();
const time = z.string().describe("UTC, ISO 8601.");

/** Number of targets by outcome. */
const Counts = z.looseObject({
  messages: count.describe("Targets of the plan."),
  mailboxes: count.describe("Mailboxes that have targets."),
  examined: count,
  unexamined: count,
  waiting: count.describe("Nothing was done to them yet."),
  unknown: count.describe("Begun; their outcome is not known yet."),
  done: count,
  failed: count,
  changed: count.describe("Differs from the plan; the sweep left it unchanged."),
  gone: count.describe("Not there any more."),
  undone: count.optional(),
  not_undone: count.optional(),
  not_undoable: count.optional(),
  restored_copies: count.optional().describe("Those among undone that Exchange no longer had: copies created from evidence."),
});

const planShape = PlanHeader.shape;
const byId = z.string().optional().describe("That caller as the audit log names it, if the person is known: the API key or the token.");

/** A sweep in the answer of every face. Later versions may add members. */
export const SweepNoun = z.looseObject({
  not_examined: planShape.not_examined,
  residue: planShape.residue,
  later: z.looseObject({}).optional().describe("How the sweep looks again for messages that arrive after the plan."),
  restored_from_evidence: planShape.restored_from_evidence,
  second_person_above: planShape.second_person_above,
  sweep: z.string().describe("Its name."),
  state: z.enum(["planned", "approved", "running", "paused", "cancelled", "finished"]),
  direction: z.enum(["act", "undo"]).describe("What it does when it runs: the action, or the undo of it."),
  plan_hash: z.string().describe("SHA-256 of the plan. Approve or run the sweep by it."),
  connection: z.string(),
  action: z.string(),
  input: z.looseObject({}).describe("Inputs of the action."),
  find: z.looseObject({}).describe("What was looked for, where and how."),
  limits: z.looseObject({}),
  counts: Counts,
  unexamined: z
    .array(z.looseObject(PlanHeader.shape.unexamined.element.shape))
    .describe("Mailboxes that could not be examined completely."),
  left_alone: z.array(z.string()),
  cannot_be_undone: z.array(z.string()),
  planned_by: z.string().describe("The person if known, otherwise the caller as the audit log names it."),
  planned_by_id: byId,
  planned_at: time,
  approved_by: z.string().optional(),
  approved_by_id: byId,
  approved_at: time.optional(),
  begun_by: z.string().optional(),
  begun_by_id: byId,
  begun_at: time.optional(),
  ended_at: time.optional().describe("When the run ended; an undo leaves it as it is."),
  ended_state: z
    .enum(["paused", "cancelled", "finished"])
    .optional()
    .describe("State of the run when its undo began. `state` is that of the undo then."),
  undo_begun_by: z.string().optional(),
  undo_begun_by_id: byId,
  undo_begun_at: time.optional(),
  undo_ended_at: time.optional(),
});

const AnswerMembers = {
  success: z.boolean().describe("Whether no target has failed, differs from the plan or has an unknown outcome."),
  message: z.string(),
};

export const SweepAnswerNoun = SweepNoun.extend({
  ...AnswerMembers,
  incomplete: z.literal(true).optional().describe("Not every mailbox could be examined."),
  workers: z
    .looseObject({ working: count, none_since: time.optional().describe("No worker has run since then.") })
    .optional()
    .describe("Of a sweep that runs."),
  waits: z
    .array(z.looseObject({ mailboxes: count, reason: z.string(), until: time }))
    .optional()
    .describe("Mailboxes that are tried again later, with the reason."),
  status_url: z.string().optional(),
  targets_url: z.string().optional(),
  events_url: z.string().optional(),
});

export const SweepListNoun = z.looseObject({ ...AnswerMembers, sweeps: z.array(SweepNoun) });

/** One target with its outcome. */
export const TargetNoun = z.looseObject({
  ...TargetFacts.shape,
  state: z.enum(["planned", "acting", "done", "failed", "changed", "gone"]),
  attempts: count,
  outcome: z.looseObject({}).optional(),
  outcome_at: time.optional(),
  undo: z.enum(["undoing", "undone", "failed", "impossible"]).optional(),
  undo_outcome: z.looseObject({}).optional(),
  undo_outcome_at: time.optional(),
  arrived_at: time.optional().describe("Of one that arrived after the plan."),
});

export const SweepTargetsNoun = z.looseObject({
  ...AnswerMembers,
  targets: z.array(TargetNoun),
  next_after: count.optional().describe("Value of `after` for the next page; absent on the last one."),
});

export const SweepReportNoun = SweepAnswerNoun.extend({ targets: z.array(TargetNoun) });
