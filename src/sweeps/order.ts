import * as z from "zod";
import { type Action, effects } from "../catalogue/action-definition.ts";
import { Failure } from "../failure.ts";
import type { ResidueKind } from "./residue/kinds.ts";
import type { LaterOrder } from "./residue/later.ts";

/** Filters of messages, besides their Message-IDs. A message must match all that are given. */
export const Query = z.strictObject({
  sender: z.string().optional().describe("Part of the address or name of the sender."),
  subject: z.string().optional().describe("Text that the subject contains."),
  received_after: z.string().optional().describe("ISO 8601 in UTC; this time or later."),
  received_before: z.string().optional().describe("ISO 8601 in UTC; before this time."),
  attachment_name: z.string().optional().describe("Part of the name of an attachment."),
  attachment_sha256: z.string().optional().describe("SHA-256 of an attachment, hexadecimal."),
});
export type Query = z.output<typeof Query>;

/**
 * How the mailboxes of a sweep are found. `search`: every mailbox of the scope is searched. `trace`: only those of recipients that message trace names.
 * `tracking-log`: only those of recipients in a message tracking log. `auto`: by trace where that is possible, otherwise by search.
 */
export const finderNames = ["search", "trace", "tracking-log", "auto"] as const;
export type FinderName = (typeof finderNames)[number];

/** The request of a caller for a sweep. */
export interface SweepOrder {
  /** Messages are found by these, or by the query, or by both together. */
  readonly internetMessageIds: readonly string[];
  readonly query?: Query | undefined;
  /** Addresses, to which the members of the groups are added; undefined: all mailboxes that the connection can list. */
  readonly mailboxes: readonly string[] | undefined;
  /** Addresses of groups. */
  readonly groups?: readonly string[] | undefined;
  /** Replies, forwards and messages with the original attached are targets, too. */
  readonly related?: boolean | undefined;
  /** Default: search. */
  readonly find?: FinderName | undefined;
  /** The text of a message tracking log, for `find` tracking-log. */
  readonly trackingLog?: string | undefined;
  readonly action: Action;
  /** Fields of the action that say how; none that says to what. */
  readonly input: Readonly<Record<string, unknown>>;
  readonly limits: Limits;
  /** What messages leave behind that is to be looked for; undefined: all that the action makes sense for. */
  readonly residue?: readonly ResidueKind[] | undefined;
  /** Whether and how the sweep looks again when it has finished. */
  readonly later?: LaterOrder | undefined;
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

/** Whether a sweep can run the action: it works on messages that are named by their ids, or on their attachments, and takes them away from people. */
export function isSweepable({ effect, noun, input, each }: Action): boolean {
  return (
    effects[effect].kind === "Containment" &&
    (noun === "message" || isAboutAttachments({ noun })) &&
    each !== undefined &&
    "item_id" in input.shape
  );
}

/** Whether the action leaves messages where they are, and works on their attachments. */
export function isAboutAttachments({ noun }: { readonly noun?: string | undefined }): boolean {
  return noun === "attachment";
}

/** The fields that say how the action is done. */
export function fieldsFor({ input }: Action): readonly string[] {
  return Object.keys(input.shape).filter((name) => !ownFields.has(name));
}

/** Throws Failure `invalid-input` when a sweep cannot be planned so. */
export function checkOrder({ action, internetMessageIds, query = {}, input, find, trackingLog }: SweepOrder): void {
  if (!isSweepable(action))
    throw new Failure("invalid-input", `action: a sweep cannot run ${action.name}.`, {
      hint: "Name an action that moves, copies or deletes messages.",
    });
  const bounds = Object.entries(query).filter(([name, value]) => value !== undefined && name !== "attachment_sha256");
  if (internetMessageIds.length === 0 && bounds.length === 0) {
    const hash =
      query.attachment_sha256 === undefined ? "" : " A hash alone is not enough: every attachment of every message would be downloaded.";
    throw new Failure(
      "invalid-input",
      `Name the messages by internet_message_id, or by sender, subject, received_after, received_before or attachment_name.${hash}`,
    );
  }
  if (find === "tracking-log" && trackingLog === undefined)
    throw new Failure("invalid-input", "tracking_log is required with find tracking-log: put the export of Get-MessageTrackingLog.");
  if (trackingLog !== undefined && find !== "tracking-log")
    throw new Failure("invalid-input", "tracking_log is for find tracking-log only.");
  const wrong = Object.keys(input).find((name) => ownFields.has(name));
  if (wrong !== undefined) throw new Failure("invalid-input", `${wrong}: the sweep itself says this.`);
}

/** Why what this does cannot be undone; nothing where it can. */
export function whyNotUndone(action: Action, input: Readonly<Record<string, unknown>>): readonly string[] {
  const why = action.irreversible?.(input);
  const hasUndo = action.each !== undefined && "undo" in action.each.shape;
  if (why === undefined) return hasUndo ? [] : [`${action.title} returns nothing by which it could be undone.`];
  if (isRestorable(action, input)) return [];
  return [hasUndo && "keep_evidence" in action.input.shape ? `${why} With keep_evidence, copies could be restored.` : why];
}

/** Whether an undo restores messages from evidence: Exchange has them no more, and evidence is kept. */
export function isRestorable(action: Action, input: Readonly<Record<string, unknown>>): boolean {
  const returns = action.each !== undefined && "undo" in action.each.shape;
  return returns && action.irreversible?.(input) !== undefined && input.keep_evidence === true;
}

const backendNames = { ews: "Exchange Web Services", graph: "Microsoft Graph" } as const;
const fromEml = {
  ews: "come back from their .eml as copies with new ids, with time of receipt, read state, categories and flag",
  graph:
    "come back from their .eml as drafts with new ids, with read state, categories and flag, without time of receipt, and only up to 3 MB",
} as const;

/** How an undo restores messages from evidence over these back ends, and what they lack then. */
export function restorable(
  action: Action,
  input: Readonly<Record<string, unknown>>,
  backends: ReadonlySet<"ews" | "graph">,
): readonly string[] {
  return [...backends].sort().map((backend) => {
    const what = `Over ${backendNames[backend]}, messages deleted for good`;
    if (input.keep_export === true) return `${what} come back from Exchange's own export as they were, with new ids.`;
    const more = "keep_export" in action.input.shape ? " With keep_export they come back as they were." : "";
    return `${what} ${fromEml[backend]}.${more}`;
  });
}

/** The inputs of the action as it reads them, before there are messages. Throws Failure `invalid-input`. */
export function prepare({ action, input, internetMessageIds }: SweepOrder) {
  const names = internetMessageIds.length === 0 ? { item_id: ["AAMk"] } : { internet_message_id: [...internetMessageIds] };
  // As it will be run: what the action refuses then, such as a hard deletion that was not confirmed, must not become a plan.
  return action.prepare({ ...input, ...names, dry_run: false });
}
