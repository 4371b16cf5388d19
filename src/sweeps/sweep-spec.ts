import * as z from "zod";
import { type Action, effects } from "../catalogue/action-definition.ts";
import { Failure } from "../failure.ts";
import type { LaterArrivalsSpec } from "./residue/later-arrivals.ts";
import type { ResidueKind } from "./residue/residue-kinds.ts";

/** Filters of messages, in addition to their Message-IDs. A message must match every filter that is set. */
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
 * How mailcordon finds the mailboxes of a sweep. `search`: it searches every mailbox in the scope. `trace`: only those of the recipients in message trace.
 * `tracking-log`: only those of the recipients in a message tracking log. `auto`: by trace if possible, otherwise by search.
 */
export const finderNames = ["search", "trace", "tracking-log", "auto"] as const;
export type FinderName = (typeof finderNames)[number];

/** The checked request of a caller for a sweep. */
export interface SweepSpec {
  /** A message must have one of these Message-IDs. If there is a query as well, it must also match the query. */
  readonly internetMessageIds: readonly string[];
  readonly query?: Query | undefined;
  /** Addresses; the members of `groups` are added. Undefined: every mailbox that the connection can list. */
  readonly mailboxes: readonly string[] | undefined;
  /** Addresses of groups. */
  readonly groups?: readonly string[] | undefined;
  /** Whether replies, forwards and messages with the original attached are targets as well. */
  readonly related?: boolean | undefined;
  /** Default: search. */
  readonly find?: FinderName | undefined;
  /** The text of a message tracking log, for `find` tracking-log. */
  readonly trackingLog?: string | undefined;
  readonly action: Action;
  /** Fields that say how the action works. The sweep itself selects the messages. */
  readonly input: Readonly<Record<string, unknown>>;
  readonly limits: Limits;
  /** Kinds of residue to look for. Undefined: every kind that makes sense with the action. */
  readonly residue?: readonly ResidueKind[] | undefined;
  /** How the sweep looks for messages that arrive after it has finished. Undefined: it does not. */
  readonly later?: LaterArrivalsSpec | undefined;
}

export const Limits = z.strictObject({
  max_mailboxes: z.number().int().min(1).optional().describe("Maximum number of mailboxes that have targets."),
  max_items: z.number().int().min(1).optional().describe("Maximum number of targets."),
  expected_count: z.number().int().min(0).optional().describe("Number of targets that there must be."),
  expected_per_mailbox: z.number().int().min(1).optional().describe("Number of targets that each mailbox with any must have."),
});
export type Limits = z.output<typeof Limits>;

/** Fields of an action that the sweep sets itself, or checks for all mailboxes together. */
const fieldsOfSweep: ReadonlySet<string> = new Set([
  ...["mailbox", "item_id", "internet_message_id", "dry_run", "confirm", "expected_count", "max_items", "timeout_seconds"],
]);

/** Returns whether a sweep can run the action: it must contain messages, or their attachments, that it selects by item id. */
export function isSweepable({ effect, noun, input, each }: Action): boolean {
  return (
    effects[effect].kind === "Containment" &&
    (noun === "message" || isAboutAttachments({ noun })) &&
    each !== undefined &&
    "item_id" in input.shape
  );
}

/** Returns whether the action works on attachments and leaves messages in their folders. */
export function isAboutAttachments({ noun }: { readonly noun?: string | undefined }): boolean {
  return noun === "attachment";
}

/** Returns the fields of the action that a caller may set in a sweep. */
export function actionFieldsFor({ input }: Action): readonly string[] {
  return Object.keys(input.shape).filter((name) => !fieldsOfSweep.has(name));
}

/** Throws Failure `invalid-input` if no sweep can be planned from this request. */
export function checkSpec({ action, internetMessageIds, query = {}, input, find, trackingLog }: SweepSpec): void {
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
  const wrong = Object.keys(input).find((name) => fieldsOfSweep.has(name));
  if (wrong !== undefined) throw new Failure("invalid-input", `${wrong}: the sweep itself says this.`);
}

/** Returns why the action cannot be undone; empty if it can. */
export function whyNotUndoable(action: Action, input: Readonly<Record<string, unknown>>): readonly string[] {
  const why = action.irreversible?.(input);
  const hasUndo = action.each !== undefined && "undo" in action.each.shape;
  if (why === undefined) return hasUndo ? [] : [`${action.title} returns nothing by which it could be undone.`];
  if (isRestorable(action, input)) return [];
  return [hasUndo && "keep_evidence" in action.input.shape ? `${why} With keep_evidence, copies could be restored.` : why];
}

/** Returns whether an undo restores messages from evidence: the action deletes them for good and keeps evidence. */
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

/** Returns how an undo over these back ends restores messages from evidence, and what the copies lack. */
export function restoredFromEvidence(
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

/** Lets the action check its inputs before any message is known. Throws Failure `invalid-input`. */
export function prepareInput({ action, input, internetMessageIds }: SweepSpec) {
  const names = internetMessageIds.length === 0 ? { item_id: ["AAMk"] } : { internet_message_id: [...internetMessageIds] };
  // Not as a dry run: an input that the action would refuse later, such as an unconfirmed hard deletion, must not become a plan.
  return action.prepare({ ...input, ...names, dry_run: false });
}
