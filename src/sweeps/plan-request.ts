import * as z from "zod";
import type { Action } from "../catalogue/action-definition.ts";
import { omitUndefined } from "../catalogue/common-fields.ts";
import { mostCharacters } from "../catalogue/limits.ts";
import { narrowing, readInput, spellings } from "../catalogue/read-input.ts";
import { internet_message_id } from "../catalogue/selection-fields.ts";
import { narrowingList, splitCommas } from "../catalogue/text-lists.ts";
import { time, utc } from "../catalogue/time-fields.ts";
import { Failure } from "../failure.ts";
import { duration, laterArrivalsOf } from "./residue/later-arrivals.ts";
import { residueKinds } from "./residue/residue-kinds.ts";
import { finderNames, Limits, type SweepSpec } from "./sweep-spec.ts";

/** Maximum number of mailboxes that one request may name. */
const mostMailboxes = 50_000;

/** 64 MB. */
const longestLog = 64 * 1024 * 1024;

const search = (description: string) => z.string().min(1).max(mostCharacters.search).register(narrowing).optional().describe(description);

/**
 * The request for a plan, the same for every face. Each field becomes a flag of `sweep plan` with a line in the help, and a member of the HTTP body and of
 * the MCP tool's input. `specOf` below interprets it.
 */
export const PlanRequest = z.strictObject({
  internet_message_id: internet_message_id.describe("Message-IDs of the messages to find. Default: the filters below say which messages."),
  mailboxes: z
    .array(z.string().min(1).max(mostCharacters.mailbox))
    .min(1)
    .max(mostMailboxes)
    .register(spellings, { split: splitCommas })
    .optional()
    .describe("Mailboxes to look into: all, or addresses. Default: the members of group; with find, all recipients."),
  group: narrowingList(
    "Addresses of groups whose members' mailboxes are looked into, groups inside them included.",
    mostCharacters.mailbox,
  ),
  find: z
    .enum(finderNames)
    .optional()
    .describe(
      "search: search every mailbox; trace: only mailboxes of recipients that message trace of Exchange Online names; tracking-log: only those in tracking_log; auto: trace if possible, otherwise search. Default: search.",
    ),
  tracking_log: z
    .string()
    .min(1)
    .max(longestLog)
    .optional()
    .describe("Message tracking log as CSV, as Get-MessageTrackingLog exports it. Implies find tracking-log."),
  related: z
    .boolean()
    .default(false)
    .describe(
      "Also plan replies, forwards and messages with an original attached, in the mailboxes that are looked into; each says why. Messages with the same subject or with attachments are read one by one.",
    ),
  sender: search("Part of the address or name of the sender. With find trace: the whole address."),
  subject: search("Text that the subject contains, ignoring case."),
  received_after: time("Received at this time or later."),
  received_before: time("Received before this time."),
  attachment_name: search("Part of the name of an attachment."),
  attachment_sha256: z
    .string()
    .max(64)
    .regex(/^[0-9a-f]{64}$/i, "not 64 hexadecimal digits")
    .register(narrowing)
    .optional()
    .describe(
      "SHA-256 (hexadecimal) of an attachment. Attachments of all messages that the other filters find are downloaded, so name another filter, too.",
    ),
  action: z.string().max(100).describe("Action to do to each message: delete-email, junk-mail, copy-email or delete-attachments."),
  input: z.record(z.string(), z.unknown()).optional().describe("Inputs of the action that say how, such as keep_evidence."),
  residue: z
    .array(z.enum([...residueKinds, "none"]))
    .min(1)
    .register(spellings, { split: splitCommas })
    .optional()
    .describe("What messages leave behind, to look for and remove as well: calendar, recoverable, sender; or none. Default: all three."),
  for: z
    .string()
    .regex(duration, "not a number with s, m, h or d")
    .optional()
    .describe("Look again for so long after it began, such as 24h, and treat what arrives in the same way. A worker must run."),
  later_limit: z.number().int().min(1).max(100_000).optional().describe("Maximum number of messages that arrive later. Default: 100."),
  look_every: z
    .string()
    .regex(duration, "not a number with s, m, h or d")
    .optional()
    .describe("How often to look again into each mailbox. Default: 5m."),
  ...Limits.shape,
});
export type PlanRequest = z.output<typeof PlanRequest>;

/** The flag of each field. `input` has none: the flags of the action fill it. */
export const flagNames: Readonly<Record<string, string | undefined>> = {
  ...Object.fromEntries(Object.keys(PlanRequest.shape).map((field) => [field, field])),
  action: "then",
  input: undefined,
};

/** Checks the request of a caller. Throws Failure `invalid-input` that names each wrong field. */
export function readPlanRequest(raw: unknown): PlanRequest {
  return readInput(PlanRequest, raw);
}

/** Interprets the request. `load` returns an action by its name, and throws Failure if there is none. */
export async function specOf(request: PlanRequest, load: (name: string) => Promise<Action>): Promise<SweepSpec> {
  const { internet_message_id: ids = [], mailboxes = [], group: groups = [], tracking_log: trackingLog, action, input = {} } = request;
  const { find = trackingLog === undefined ? "search" : "tracking-log" } = request;
  const named = mailboxes.some((address) => address.toLowerCase() === "all");
  if (named && mailboxes.length + groups.length > 1)
    throw new Failure("invalid-input", "mailboxes: put all, or addresses and groups, and not both.");
  const isEmpty = mailboxes.length + groups.length === 0;
  if (isEmpty && (find === "search" || find === "auto"))
    throw new Failure("invalid-input", "mailboxes is required: put all, or addresses, or name a group.");
  if (request.residue?.includes("none") && request.residue.length > 1)
    throw new Failure("invalid-input", "residue: put none, or kinds, and not both.");
  const after = request.received_after === undefined ? undefined : utc(request.received_after);
  const before = request.received_before === undefined ? undefined : utc(request.received_before);
  const query = omitUndefined({
    sender: request.sender,
    subject: request.subject,
    received_after: after,
    received_before: before,
    attachment_name: request.attachment_name,
    attachment_sha256: request.attachment_sha256?.toLowerCase(),
  });
  return {
    internetMessageIds: ids,
    mailboxes: named || isEmpty ? undefined : mailboxes,
    ...(Object.keys(query).length === 0 ? {} : { query }),
    ...(groups.length === 0 ? {} : { groups }),
    ...{ find, trackingLog },
    ...(request.related ? { related: true } : {}),
    action: await load(action),
    input,
    later: laterArrivalsOf(request),
    residue: request.residue?.filter((kind) => kind !== "none"),
    limits: z.object(Limits.shape).parse(request),
  };
}
