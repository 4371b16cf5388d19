import * as z from "zod";
import { places } from "../exchange/search/absence.ts";
import { type Failure, failures, type LeftDraft, someItemsFailedExit } from "../failure.ts";
import type { Action } from "./action-definition.ts";
import { ArchiveNoun, digests, omitUndefined } from "./common-fields.ts";

const codes = z.enum(Object.keys(failures) as [keyof typeof failures, ...(keyof typeof failures)[]]);

/** A Failure as JSON. */
export const ErrorNoun = z.strictObject({
  code: codes,
  message: z.string(),
  hint: z.string(),
  retryable: z.boolean(),
  /** The wire's own code, such as `ErrorItemNotFound`. */
  wire_code: z.string().optional(),
  request_id: z.string().optional(),
  left_drafts: z
    .array(z.strictObject({ mailbox: z.string(), folder: z.string(), item_id: z.string() }))
    .optional()
    .describe("Drafts that mailcordon made and that are still in the mailbox, where they were found."),
  possible_drafts: z
    .array(z.strictObject({ mailbox: z.string(), folder: z.string(), item_id: z.string() }))
    .optional()
    .describe(
      "Drafts of which one may be mailcordon's: the reply to its creation was lost before it had its mark. Candidates only, which may be a person's own drafts: look at each before you delete it.",
    ),
});
export type ErrorNoun = z.output<typeof ErrorNoun>;

const EvidenceNoun = z.strictObject({
  safe_name: z.string(),
  file_ref: z.string(),
  size: z.number(),
  ...digests,
  sha512: z.string().optional(),
  note: z.string().optional().describe("Why it is not the message as .eml."),
});

const SearchExtentNoun = z
  .strictObject({
    mailbox: z.string(),
    folders: z.number().describe("How many folders were opened."),
    places: z.array(z.enum(places)),
    folder: z.string().optional().describe("The one folder that was meant."),
    by: z
      .enum(["item_id", "internet_message_id", "attachment_id"])
      .describe("An id changes when its message is moved over EWS; a Message-ID does not."),
  })
  .describe("Of not_found: where it was looked for. Each of these places was opened.");

/** What became of one item: the columns that name it, the action's own columns, and these. */
export const Result = z.looseObject({
  status: z
    .enum(["done", "planned", "failed", "not_found"])
    .describe("planned: what a dry run would touch; not_found: what was named is not there, as a look has shown."),
  evidence: EvidenceNoun.optional().describe("The copy kept before the item was touched."),
  looked: SearchExtentNoun.optional(),
  verified: z.boolean().optional().describe("Looking again showed that it is so; false when it could not be looked at."),
  error: ErrorNoun.optional(),
});
export type Result = z.output<typeof Result>;

export const Counts = z.strictObject({ requested: z.number(), succeeded: z.number(), failed: z.number(), not_found: z.number() });

/** What every call of every action answers; whole answers have the action's own members beside these. */
export const Answer = z.looseObject({
  success: z.boolean().describe("Nothing failed. Finding nothing is a success, except where something was to be sent or made."),
  message: z.string().describe("One sentence for people."),
  action: z.string(),
  backend: z.string().optional(),
  mailbox: z.string().optional(),
  dry_run: z.boolean().optional(),
  counts: Counts,
  results: z.array(Result).optional().describe("One per item, in the order asked."),
  error: ErrorNoun.optional().describe("Why the whole call failed."),
  tls_verified: z
    .literal(false)
    .optional()
    .describe("Present when a setting has switched the check of the server's certificate off: anybody could have answered."),
  waited_ms: z.number().optional().describe("How long it was waited because Exchange asked for it."),
});
export type Answer = z.output<typeof Answer>;

/** What an answer says of what it does not hold. */
export const completenessFields = {
  truncated: z.literal(true).optional().describe("Present when a limit of the call, such as max_depth, ended a list. It is a success."),
  incomplete: z
    .literal(true)
    .optional()
    .describe("Present when something could not be looked at: the answer says what. Then `success` is false and the exit code 6."),
};

const knownSchemas = new WeakMap<Action, z.ZodObject>();

/** The schema of one action's answers: the envelope with the action's own columns or members. Made once for each action: every call is checked by it. */
export function answerSchema(action: Action): z.ZodObject {
  const schema = knownSchemas.get(action) ?? schemaFrom(action);
  knownSchemas.set(action, schema);
  return schema;
}

function schemaFrom(action: Action): z.ZodObject {
  if (action.each !== undefined) {
    const archive = action.input.shape.archive === undefined ? {} : { archive: ArchiveNoun };
    return Answer.extend({ ...completenessFields, ...archive, results: z.array(Result.extend(action.each.partial().shape)).optional() });
  }
  // A failed call has none of the action's own members; the envelope's it always has.
  return action.output === undefined ? Answer : z.looseObject({ ...action.output.partial().shape, ...Answer.shape });
}

export function errorNoun(failure: Failure): ErrorNoun {
  return omitUndefined({
    code: failure.code,
    message: failure.message,
    hint: failure.hint,
    retryable: failure.retryable,
    wire_code: failure.wireCode,
    request_id: failure.requestId,
    left_drafts: failure.leftDrafts?.map(draftNoun),
    possible_drafts: failure.possibleDrafts?.map(draftNoun),
  });
}

function draftNoun({ mailbox, folder, itemId }: LeftDraft) {
  return { mailbox, folder, item_id: itemId };
}

/** 0; the code's own exit when the whole call, the only item, or every item failed alike; `someItemsFailedExit` otherwise. */
export function exitCodeOf(answer: Answer): number {
  if (answer.success) return 0;
  if (answer.error !== undefined) return failures[answer.error.code].exit;
  const results = answer.results ?? [];
  const failing = new Set(results.map((result) => result.error?.code));
  const [code] = failing;
  return failing.size === 1 && code !== undefined ? failures[code].exit : someItemsFailedExit;
}
