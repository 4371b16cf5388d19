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
    .describe("Drafts that mailcordon created and that are still in the mailbox, with the folder where it found them."),
  possible_drafts: z
    .array(z.strictObject({ mailbox: z.string(), folder: z.string(), item_id: z.string() }))
    .optional()
    .describe(
      "Candidates for a draft that mailcordon may have created: the reply to its creation was lost before the draft had its marker. They may be a person's own drafts, so check each before you delete it.",
    ),
});
export type ErrorNoun = z.output<typeof ErrorNoun>;

const KeptNoun = z.strictObject({
  safe_name: z.string(),
  file_ref: z.string(),
  size: z.number(),
  ...digests,
  sha512: z.string().optional(),
});
const EvidenceNoun = KeptNoun.extend({
  note: z.string().optional().describe("Why the evidence is not the message as .eml."),
  export: KeptNoun.optional().describe("With keep_export: Exchange's own export of the message."),
});

const SearchExtentNoun = z
  .strictObject({
    mailbox: z.string(),
    folders: z.number().describe("Number of folders that were opened."),
    places: z.array(z.enum(places)),
    folder: z.string().optional().describe("Folder that the search was limited to."),
    by: z
      .enum(["item_id", "internet_message_id", "attachment_id"])
      .describe("What the item was searched by. Over EWS an item id changes when its message is moved; a Message-ID does not."),
  })
  .describe("For not_found: where mailcordon searched. Each of these places was opened.");

/** Result of one item: the columns that name the item, the action's own columns, and these. */
export const Result = z.looseObject({
  status: z
    .enum(["done", "planned", "failed", "not_found"])
    .describe("planned: a dry run would change this item; not_found: mailcordon searched and the named item is not there."),
  evidence: EvidenceNoun.optional().describe("Copy that was kept before the item was changed."),
  looked: SearchExtentNoun.optional(),
  verified: z.boolean().optional().describe("Whether a second look confirmed the result; false if a second look was not possible."),
  error: ErrorNoun.optional(),
});
export type Result = z.output<typeof Result>;

export const Counts = z.strictObject({ requested: z.number(), succeeded: z.number(), failed: z.number(), not_found: z.number() });

/** Answer of every call of every action. A whole answer also has the action's own members. */
export const Answer = z.looseObject({
  success: z.boolean().describe("Whether nothing failed. Finding nothing is a success, except where something was to be sent or created."),
  message: z.string().describe("One sentence for people."),
  action: z.string(),
  backend: z.string().optional(),
  mailbox: z.string().optional(),
  dry_run: z.boolean().optional(),
  counts: Counts,
  results: z.array(Result).optional().describe("One result per item, in the order of the input."),
  error: ErrorNoun.optional().describe("Why the whole call failed."),
  tls_verified: z
    .literal(false)
    .optional()
    .describe("Present if a setting switched off the check of the server's certificate: anybody could have sent this reply."),
  waited_ms: z.number().optional().describe("How long mailcordon waited at Exchange's request, in milliseconds."),
});
export type Answer = z.output<typeof Answer>;

/** What an answer reports about missing content. */
export const completenessFields = {
  truncated: z
    .literal(true)
    .optional()
    .describe("Present if a limit of the call, such as max_depth, shortened a list. The call still succeeded."),
  incomplete: z
    .literal(true)
    .optional()
    .describe("Present if something could not be searched or read; the answer says what. Then `success` is false and the exit code is 6."),
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
  // A failed call has none of the action's own members, but always those of the envelope.
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
