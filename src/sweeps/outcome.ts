import * as z from "zod";
import type { Result } from "../catalogue/answer-envelope.ts";
import { omitUndefined } from "../catalogue/common-fields.ts";
import { parseJson } from "../text/parse-json.ts";

const Evidence = z.object({ file_ref: z.string(), sha256: z.string(), size: z.number(), safe_name: z.string() });

/** What became of one target, as it is kept and reported. */
export const Kept = z.object({
  /** One sentence, where the state does not say it all. */
  message: z.string().optional(),
  /** The columns of the action's own result. */
  action: z.string().optional(),
  new_item_id: z.string().optional(),
  note: z.string().optional(),
  verified: z.boolean().optional(),
  /** What undoes it, as the action said it. */
  undo: z.record(z.string(), z.unknown()).optional(),
  evidence: Evidence.optional(),
  /** Of an action about attachments: each with its own evidence. */
  attachments: z
    .array(
      z.object({
        attachment_id: z.string().optional(),
        name: z.string().optional(),
        action: z.string().optional(),
        evidence: Evidence.optional(),
        error: z.string().optional(),
      }),
    )
    .optional(),
  error: z.object({ code: z.string(), message: z.string(), hint: z.string().optional() }).optional(),
  /** Of a target whose worker died, or whose reply was lost: what a look in the mailbox has shown. */
  settled_by_look: z.string().optional(),
  /** As the message was right before: an undo compares with it. */
  before: z.object({ is_read: z.boolean().optional(), categories: z.array(z.string()).optional() }).optional(),
  /** Of `changed`: the facts that are not as the plan says. */
  differs: z.array(z.string()).optional(),
  /** Of an undo: Exchange no longer had the message, and this one was created from its evidence. `lost`: what it lacks. */
  restored_copy: z.boolean().optional(),
  lost: z.array(z.string()).optional(),
  worker: z.number().optional(),
  backend: z.string().optional(),
});
export type Kept = z.output<typeof Kept>;

/** Every piece of evidence of a target. */
export function evidenceOf(kept: Kept | undefined): readonly z.output<typeof Evidence>[] {
  return [...(kept?.evidence === undefined ? [] : [kept.evidence]), ...(kept?.attachments ?? []).flatMap(({ evidence }) => evidence ?? [])];
}

/** An outcome as the database keeps it. */
export function readKept(text: string | undefined): Kept {
  return text === undefined ? {} : Kept.parse(parseJson(text));
}

/** What of the results about the attachments of one message is kept. */
export function keptOfAttachments(results: readonly Result[]): Kept {
  const text = (value: unknown) => (typeof value === "string" ? value : undefined);
  return {
    attachments: results.map((result) => {
      const { action, evidence, error } = keptOf(result);
      return omitUndefined({
        attachment_id: text(result.attachment_id),
        name: text(result.name) ?? text(result.file_name),
        ...{ action, evidence, error: error?.message },
      });
    }),
  };
}

/** What of a result of an action is kept. */
export function keptOf(result: Result): Kept {
  const { error, evidence } = result;
  const parsed = Kept.pick({ action: true, new_item_id: true, note: true, verified: true, undo: true }).safeParse(result);
  return omitUndefined({
    ...(parsed.success ? parsed.data : {}),
    evidence: evidence && { file_ref: evidence.file_ref, sha256: evidence.sha256, size: evidence.size, safe_name: evidence.safe_name },
    error: error && { code: error.code, message: error.message, hint: error.hint },
  });
}
