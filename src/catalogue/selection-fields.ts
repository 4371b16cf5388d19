import * as z from "zod";
import { itemIdsIn, messageIdOf, messageIdProblem, messageIdsIn } from "../exchange/search/pasted-ids.ts";
import type { ArchiveState } from "../exchange/search/search-query.ts";
import { Failure } from "../failure.ts";
import { mostCharacters, mostItems, mostNames } from "./limits.ts";
import { narrowing, spellings } from "./read-input.ts";
import { splitCommas, splitOutside } from "./text-lists.ts";

export const folder = z
  .string()
  .min(1)
  .max(mostCharacters.folder)
  .register(narrowing)
  .optional()
  .describe(
    "Folder: a well-known name (inbox, deleteditems, sentitems, …), a path (Inbox/Reports), or a folder id. The prefix `archive:` means a folder of the archive mailbox, `public:` a public folder.",
  );
export const archiveLimits = "Excludes folder: name a folder of the archive as archive:Inbox/2025. `unsupported` over Microsoft Graph.";
export const archive = z.boolean().default(false).describe(`Include the archive mailbox, if there is one. ${archiveLimits}`);

/** Returns the most important state of several mailboxes. */
export function archiveOf(states: readonly (ArchiveState | undefined)[]): ArchiveState | undefined {
  return (["not_searched", "unknown", "searched", "none"] as const).find((state) => states.includes(state));
}

/** A folder name states itself whether it is in the archive. Throws Failure. */
export function checkArchive({ archive, folder }: { readonly archive?: boolean | undefined; readonly folder?: string | undefined }): void {
  if (archive !== true || folder === undefined) return;
  throw new Failure("invalid-input", "archive and folder exclude each other: archive includes every folder of the archive mailbox.", {
    hint: "Leave archive out and name a folder of the archive as archive:Inbox/2025.",
  });
}

export const dry_run = z.boolean().register(narrowing).default(false).describe("Report what would be done, without changing anything.");
export const confirm = z.boolean().default(false).describe("Confirm the action without being asked.");
export const expected_count = z
  .number()
  .int()
  .min(0)
  .register(narrowing)
  .optional()
  .describe("Number of items that must be found. If another number is found, nothing is changed.");
export const max_items = z
  .number()
  .int()
  .min(1)
  .register(narrowing)
  .optional()
  .describe("Maximum number of items. If more are found, nothing is changed.");
export const keep_evidence = z
  .boolean()
  .register(narrowing)
  .default(false)
  .describe(
    "Keep each message as .eml with its hashes before it is changed. mailcordon reads it twice and checks that it is complete. A message that Exchange cannot convert is kept in Exchange's export format (.fts); the result says so.",
  );
export const keep_export = z
  .boolean()
  .register(narrowing)
  .default(false)
  .describe(
    "With keep_evidence: also keep Exchange's own export of each message (.fts), from which the undo of a sweep restores a permanently deleted message as it was. A message that Exchange does not export is not changed.",
  );
export const as = z
  .enum(["file", "base64"])
  .default("file")
  .describe("file: in the evidence folder; base64: in the answer, for small content.");
export const max_bytes = z
  .number()
  .int()
  .min(1)
  .register(narrowing)
  .optional()
  .describe(
    "Maximum number of bytes of one item. A larger item fails; the others are not affected. Default: no limit for files, 25 MiB for base64.",
  );
export const item_id = z
  .array(z.string().min(1).max(mostCharacters.id))
  .max(mostNames)
  .register(spellings, { split: splitCommas, paste: itemIdsIn, item: trimmed })
  .optional()
  .describe("Item ids of the messages: a list, or one text separated by commas or spaces.");
export const internet_message_id = z
  .array(z.string().min(1).max(mostCharacters.messageId))
  .max(mostNames)
  .register(spellings, { split: splitMessageIds, paste: messageIdsIn, item: asMessageId })
  .optional()
  .describe(
    "Message-IDs of the messages, with or without angle brackets: a list, or one text separated by commas or spaces. " +
      "If item_id is given as well, both lists name the same messages in the same order; mailcordon tries the id first.",
  );

const oneMessageId = z
  .string()
  .min(1)
  .max(mostCharacters.messageId)
  .check((context) => {
    const failureText = messageIdProblem(context.value);
    if (failureText !== undefined) context.issues.push({ code: "custom", message: failureText, input: context.value });
  });

/** The same field as a filter: it narrows a search. */
export const narrowingMessageIds = z
  .array(oneMessageId)
  .max(mostItems)
  .register(spellings, { split: splitMessageIds, paste: messageIdsIn, item: asMessageId })
  .register(narrowing)
  .optional()
  .describe("Message-IDs, with or without angle brackets; a message with any of them matches.");

function trimmed(value: unknown): unknown {
  return typeof value === "string" ? value.trim() : value;
}

function splitMessageIds(text: string): string[] {
  return splitOutside(text, false);
}

function asMessageId(value: unknown): unknown {
  return typeof value === "string" ? messageIdOf(value) : value;
}
