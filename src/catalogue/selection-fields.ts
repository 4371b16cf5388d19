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
    "A folder: a well-known name (inbox, deleteditems, sentitems, …), a path (Inbox/Reports), or a folder id. After `archive:` a folder of the archive mailbox, after `public:` a public folder.",
  );
export const archiveLimits =
  "Not with folder: name a folder of the archive as archive:Inbox/2025. Over Microsoft Graph it is `unsupported`.";
export const archive = z.boolean().default(false).describe(`Also the archive mailbox, where there is one. ${archiveLimits}`);

/** Of several mailboxes, what a reader has to know first. */
export function archiveOf(states: readonly (ArchiveState | undefined)[]): ArchiveState | undefined {
  return (["not_searched", "unknown", "searched", "none"] as const).find((state) => states.includes(state));
}

/** A folder says itself whether it is one of the archive. Throws Failure. */
export function checkArchive({ archive, folder }: { readonly archive?: boolean | undefined; readonly folder?: string | undefined }): void {
  if (archive !== true || folder === undefined) return;
  throw new Failure("invalid-input", "archive and folder exclude each other: archive means every folder of the archive mailbox.", {
    hint: "Name a folder of the archive as archive:Inbox/2025, without archive.",
  });
}

export const dry_run = z.boolean().register(narrowing).default(false).describe("Only say what would be done. Nothing is touched.");
export const confirm = z.boolean().default(false).describe("The yes to what would otherwise be asked first.");
export const expected_count = z
  .number()
  .int()
  .min(0)
  .register(narrowing)
  .optional()
  .describe("How many items must be found. When it is another number, nothing is touched.");
export const max_items = z
  .number()
  .int()
  .min(1)
  .register(narrowing)
  .optional()
  .describe("How many items may be found at most. When it is more, nothing is touched.");
export const keep_evidence = z
  .boolean()
  .register(narrowing)
  .default(false)
  .describe(
    "Keep each message as .eml with its hashes before it is touched. It is read twice and checked to be whole. One that Exchange cannot convert is kept as Exchange exports it (.fts); the result says so.",
  );
export const as = z
  .enum(["file", "base64"])
  .default("file")
  .describe("file: kept in the evidence folder; base64: in the answer itself, for small things.");
export const max_bytes = z
  .number()
  .int()
  .min(1)
  .register(narrowing)
  .optional()
  .describe("What has more bytes fails alone. Default: no limit for files, 25 MiB for base64.");
export const item_id = z
  .array(z.string().min(1).max(mostCharacters.id))
  .max(mostNames)
  .register(spellings, { split: splitCommas, paste: itemIdsIn, item: trimmed })
  .optional()
  .describe("Item ids of the messages: a list, or one text with commas or blanks between.");
export const internet_message_id = z
  .array(z.string().min(1).max(mostCharacters.messageId))
  .max(mostNames)
  .register(spellings, { split: splitMessageIds, paste: messageIdsIn, item: asMessageId })
  .optional()
  .describe(
    "Message-IDs of the messages, with or without angle brackets: a list, or one text with commas or blanks between. " +
      "Given together with item_id, both name the same messages pair by pair: the id is tried first.",
  );

const oneMessageId = z
  .string()
  .min(1)
  .max(mostCharacters.messageId)
  .check((context) => {
    const failureText = messageIdProblem(context.value);
    if (failureText !== undefined) context.issues.push({ code: "custom", message: failureText, input: context.value });
  });

/** The same, where it narrows down what is found. */
export const narrowingMessageIds = z
  .array(oneMessageId)
  .max(mostItems)
  .register(spellings, { split: splitMessageIds, paste: messageIdsIn, item: asMessageId })
  .register(narrowing)
  .optional()
  .describe("Message-IDs, with or without angle brackets: any of them.");

function trimmed(value: unknown): unknown {
  return typeof value === "string" ? value.trim() : value;
}

function splitMessageIds(text: string): string[] {
  return splitOutside(text, false);
}

function asMessageId(value: unknown): unknown {
  return typeof value === "string" ? messageIdOf(value) : value;
}
