import * as z from "zod";
import { omitUndefined } from "../catalogue/common-fields.ts";
import type { Message } from "../exchange/message.ts";
import { parseJson } from "../text/parse-json.ts";
import { ResidueKind } from "./residue/residue-kinds.ts";

/**
 * `reply`: In-Reply-To names the original. `reference`: References names it. `attached`: the original is attached. `conversation`: only the conversation is
 * the same.
 */
export const Relation = z.enum(["reply", "reference", "attached", "conversation"]);
export type Relation = z.output<typeof Relation>;

/** Facts about a message when it was planned. The worker acts on the message only if they are still true. */
export const TargetFacts = z.strictObject({
  mailbox: z.string(),
  item_id: z.string(),
  internet_message_id: z.string().optional(),
  folder_id: z.string().optional(),
  folder_path: z.string().optional().describe("For people: folder_id says it."),
  subject: z.string().optional(),
  from: z.string().optional().describe("The address of the sender."),
  received_at: z.string().optional(),
  size: z.number().optional().describe("Bytes, as Exchange counts them."),
  residue: ResidueKind.optional().describe(
    "What it is, where it is no message that was looked for but something that one has left behind.",
  ),
  relation: Relation.optional().describe(
    "How it is related, where it is no message that was looked for but a copy under another Message-ID.",
  ),
  why: z.string().optional().describe("Why it is in the plan; of residue and of related copies."),
  of: z.string().optional().describe("Of a calendar entry: the id of the invitation."),
  starts_at: z.string().optional(),
  ends_at: z.string().optional(),
  location: z.string().optional(),
  is_series: z.boolean().optional(),
  attachments: z
    .array(z.strictObject({ id: z.string(), name: z.string().optional() }))
    .optional()
    .describe("The attachments that an action about attachments is for: no others are changed."),
});
export type TargetFacts = z.output<typeof TargetFacts>;

export function factsOf(mailbox: string, message: Message, folderPath: string | undefined): TargetFacts {
  return omitUndefined({
    mailbox,
    item_id: message.itemId,
    internet_message_id: message.internetMessageId,
    folder_id: message.parentFolderId,
    folder_path: folderPath ?? message.folderPath,
    subject: message.subject,
    from: message.from?.address ?? message.sender?.address,
    received_at: message.receivedAt,
    size: message.size,
  });
}

/** Parses the facts that the database keeps. */
export function readFacts(text: string): TargetFacts {
  return TargetFacts.parse(parseJson(text));
}

const compared = ["internet_message_id", "folder_id", "subject", "from", "received_at", "size"] as const;

/** Returns the names of the facts that have changed since the plan. */
export function differences(facts: TargetFacts, message: Message): readonly string[] {
  const now = factsOf(facts.mailbox, message, undefined);
  return compared.filter((name) => facts[name] !== now[name]);
}

/** Returns whether `message` is the planned one after a move. A move changes the folder, and over Exchange Web Services also the id. */
export function isSameMessage(facts: TargetFacts, message: Message): boolean {
  return differences(facts, message).every((name) => name === "folder_id" || name === "size");
}
