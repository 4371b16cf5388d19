import * as z from "zod";
import type { Result } from "../catalogue/answer-envelope.ts";
import { omitUndefined } from "../catalogue/common-fields.ts";
import type { Message } from "../exchange/message.ts";
import { parseJson } from "../text/parse-json.ts";

const Piece = z.object({ file_ref: z.string(), sha256: z.string(), size: z.number(), safe_name: z.string() });
type Piece = z.output<typeof Piece>;
/** `export`: the message in Exchange's own export format, kept in addition to the .eml. */
const Evidence = Piece.extend({ export: Piece.optional() });

const Before = z.object({
  is_read: z.boolean().optional(),
  categories: z.array(z.string()).optional(),
  flag: z
    .object({
      status: z.enum(["not_flagged", "flagged", "complete"]),
      start_at: z.string().optional(),
      due_at: z.string().optional(),
      completed_at: z.string().optional(),
    })
    .optional(),
});
type Before = z.output<typeof Before>;

/** The outcome of one target, as the database keeps it and reports show it. */
export const KeptOutcome = z.object({
  /** One sentence, if the state alone does not explain the outcome. */
  message: z.string().optional(),
  /** The columns of the action's own result. */
  action: z.string().optional(),
  new_item_id: z.string().optional(),
  note: z.string().optional(),
  verified: z.boolean().optional(),
  /** The input for the undo, as the action returned it. */
  undo: z.record(z.string(), z.unknown()).optional(),
  evidence: Evidence.optional(),
  /** For an action about attachments: each attachment with its own evidence. */
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
  /** Result of a search of the mailbox, if the worker died or the reply was lost. */
  settled_by_look: z.string().optional(),
  /** State of the message immediately before the action. An undo compares the message with it. */
  before: Before.optional(),
  /** For `changed`: the facts that differ from the plan. */
  differs: z.array(z.string()).optional(),
  /** For an undo: mailcordon created a copy from this form of the evidence, since Exchange no longer had the message. `lost`: the missing parts of the copy. */
  restored_copy: z.boolean().optional(),
  restored_from: z.enum(["export", "eml"]).optional(),
  lost: z.array(z.string()).optional(),
  worker: z.number().optional(),
  backend: z.string().optional(),
});
export type KeptOutcome = z.output<typeof KeptOutcome>;

/** Returns every piece of evidence of a target. */
export function evidenceOf(kept: KeptOutcome | undefined): readonly Piece[] {
  return [kept, ...(kept?.attachments ?? [])].flatMap((one) =>
    one?.evidence === undefined ? [] : [one.evidence, one.evidence.export ?? []].flat(),
  );
}

/** A whole message in the evidence, and its format. */
export interface KeptForm {
  readonly form: "export" | "mime";
  readonly piece: Piece;
}

/** Returns the formats of the message in the evidence, the most complete first. */
export function keptForms({ evidence }: KeptOutcome): readonly KeptForm[] {
  if (evidence === undefined) return [];
  return [evidence.export, evidence].flatMap((piece): readonly KeptForm[] => {
    if (piece === undefined) return [];
    if (/\.fts$/i.test(piece.safe_name)) return [{ form: "export", piece }];
    return /\.eml$/i.test(piece.safe_name) ? [{ form: "mime", piece }] : [];
  });
}

/** Returns the state of a message that an undo restores or compares with. */
export function beforeOf({ isRead, categories, flag }: Message): Before {
  return omitUndefined({
    is_read: isRead,
    categories: categories && [...categories],
    flag: flag && omitUndefined({ status: flag.status, start_at: flag.startAt, due_at: flag.dueAt, completed_at: flag.completedAt }),
  });
}

/** Returns this state as the `Exchange` port accepts it. */
export function stateBefore({ is_read: isRead, categories, flag }: Before = {}): Pick<Message, "isRead" | "categories" | "flag"> {
  const { status, start_at: startAt, due_at: dueAt, completed_at: completedAt } = flag ?? {};
  return { isRead, categories, flag: status && { status, startAt, dueAt, completedAt } };
}

/** Parses the outcome that the database keeps. */
export function readKeptOutcome(text: string | undefined): KeptOutcome {
  return text === undefined ? {} : KeptOutcome.parse(parseJson(text));
}

/** Returns the part of the results for one message's attachments that the database keeps. */
export function keptOutcomeOfAttachments(results: readonly Result[]): KeptOutcome {
  const text = (value: unknown) => (typeof value === "string" ? value : undefined);
  return {
    attachments: results.map((result) => {
      const { action, evidence, error } = keptOutcomeOf(result);
      return omitUndefined({
        attachment_id: text(result.attachment_id),
        name: text(result.name) ?? text(result.file_name),
        ...{ action, evidence, error: error?.message },
      });
    }),
  };
}

/** Returns the part of an action's result that the database keeps. */
export function keptOutcomeOf(result: Result): KeptOutcome {
  const { error, evidence } = result;
  const parsed = KeptOutcome.pick({ action: true, new_item_id: true, note: true, verified: true, undo: true }).safeParse(result);
  return omitUndefined({
    ...(parsed.success ? parsed.data : {}),
    evidence: evidence && omitUndefined({ ...pieceOf(evidence), export: evidence.export && pieceOf(evidence.export) }),
    error: error && { code: error.code, message: error.message, hint: error.hint },
  });
}

function pieceOf({ file_ref, sha256, size, safe_name }: Piece): Piece {
  return { file_ref, sha256, size, safe_name };
}
