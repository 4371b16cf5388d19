import * as z from "zod";
import type { Message, MessageName } from "../exchange/message.ts";
import type { PortMethod } from "../exchange/port-methods.ts";
import { isAbsent } from "../exchange/search/absence.ts";
import { sameMessageId } from "../exchange/search/match-filters.ts";
import { itemIdProblem, messageIdProblem } from "../exchange/search/pasted-ids.ts";
import type { ArchiveState } from "../exchange/search/search-query.ts";
import { Failure } from "../failure.ts";
import { attempt, done, failed, runForSome } from "../outcome.ts";
import type { Context, Row, Selected } from "./action-definition.ts";
import { commonFields, omitUndefined } from "./common-fields.ts";
import { messageRow } from "./message-row.ts";
import { narrowing } from "./read-input.ts";
import {
  archive,
  archiveLimits,
  archiveOf,
  checkArchive,
  dry_run,
  expected_count,
  folder,
  internet_message_id,
  item_id,
  max_items,
} from "./selection-fields.ts";

/** The fields of every action that works on messages which the caller names. */
export const whichMessages = {
  ...commonFields,
  item_id,
  internet_message_id,
  folder: folder.describe(
    "Folder the messages must be in: a well-known name (inbox, deleteditems, …), a path (Inbox/Reports), or a folder id. Default: any folder.",
  ),
  archive: archive.describe(`Search the archive mailbox as well. ${archiveLimits}`),
};

/** Columns of messages that matter most to a person. */
export const messagePresentation = { columns: ["received_at", "subject", "from", "folder_path", "internet_message_id", "item_id"] };

/** Fields of every such action that changes the messages it finds. */
export const guardFields = { dry_run, expected_count, max_items };

export const scope = z
  .enum(["all", "first"])
  .register(narrowing)
  .default("all")
  .describe("Which copies with the same Message-ID: all, or first for the newest only.");

/** Port methods that selecting messages needs. */
export const messageSelectionMethods = ["locate", "folder"] as const satisfies readonly PortMethod[];
type SelectionContext = Context<(typeof messageSelectionMethods)[number]>;

/** Values of these fields after parsing. */
export interface WhichMessages {
  readonly item_id?: readonly string[] | undefined;
  readonly internet_message_id?: readonly string[] | undefined;
  readonly folder?: string | undefined;
  readonly archive?: boolean | undefined;
  readonly dry_run?: boolean | undefined;
}

/** The messages as the caller names them. Throws Failure `invalid-input` when none is named, or when two fields do not go together. */
export function messageNames(which: WhichMessages): MessageName[] {
  checkArchive(which);
  const { item_id: ids = [], internet_message_id: messageIds = [] } = which;
  if (ids.length === 0 && messageIds.length === 0) {
    throw new Failure("invalid-input", "item_id or internet_message_id is required: name at least one message.");
  }
  if (ids.length > 0 && messageIds.length > 0 && ids.length !== messageIds.length) {
    throw new Failure(
      "invalid-input",
      `item_id has ${ids.length} and internet_message_id has ${messageIds.length} values: together they name the same messages in the same order, so both need the same number of values.`,
    );
  }
  const longer = ids.length > 0 ? ids : messageIds;
  return longer.map((_, at) => omitUndefined({ itemId: ids[at], internetMessageId: messageIds[at] }));
}

/** Options of a selection that the action sets. */
export interface Choice {
  /** `first`: the newest copy of each name only. Default: all. */
  readonly copies?: "all" | "first" | undefined;
  /** If no folder is named, search the Recoverable Items as well. */
  readonly includeRecoverable?: boolean | undefined;
  /** Accept a message opened by id only if its folder lists it. */
  readonly mustBeListed?: boolean | undefined;
}

/**
 * Yields every message that the names stand for, once each, in the order of the input; of copies the newest first. A name without a message is
 * yielded with the places that were searched.
 */
export async function* selectMessages(which: WhichMessages, context: SelectionContext, choice: Choice = {}): AsyncGenerator<Selected> {
  const { mailbox } = context;
  const names = messageNames(which);
  // A folder that is not there fails the call, not each name.
  if (which.folder !== undefined) await mailbox.folder(which.folder);
  const seen = new Set<string>();
  const { includeRecoverable, mustBeListed } = choice;
  const within = { folder: which.folder, includeRecoverable, archive: which.archive, mustBeListed };
  const pathOf = pathsOf(context);
  const archives: (ArchiveState | undefined)[] = [];
  let at = 0;
  for await (const outcome of runForSome(
    names,
    (name) => invalidNameReason(name) === undefined,
    (some) => mailbox.locate(some, within),
    (name) => failed(new Failure("invalid-input", invalidNameReason(name) ?? "This is not the name of a message.")),
  )) {
    const name = names[at++] ?? {};
    const requested = rowOfName(name);
    if (!outcome.ok) {
      yield { asked: requested, outcome };
      continue;
    }
    archives.push(outcome.value.archive);
    if (isAbsent(outcome.value)) {
      const { doubt } = outcome.value;
      // The audit log shows, if the action reads it, that the id belonged to this mailbox.
      const isKnown =
        doubt === undefined || (await context.doneBefore?.([String(requested.item_id)]))?.has(String(requested.item_id)) === true;
      yield { asked: requested, outcome: isKnown ? done(outcome.value) : failed(doubt) };
      continue;
    }
    const { messages, unopened } = outcome.value;
    const other = contradiction(name, messages);
    if (other !== undefined) {
      yield { asked: requested, outcome: failed(other) };
      continue;
    }
    for (const message of choice.copies === "first" ? messages.slice(0, 1) : messages) {
      if (seen.has(message.itemId)) continue;
      seen.add(message.itemId);
      const folderPath = message.folderPath ?? (which.dry_run === true ? await pathOf(message.parentFolderId) : undefined);
      yield { asked: requested, outcome: done({ row: messageRow({ ...message, folderPath }), message }) };
    }
    // A caller that wants one copy has it.
    if (unopened === undefined || choice.copies === "first") continue;
    context.remark({ incomplete: true });
    yield { asked: requested, outcome: failed(unopened) };
  }
  const state = archiveOf(archives);
  if (state !== undefined) context.remark({ archive: state });
}

/**
 * Returns a function that finds a folder's path by its id, requested once for each folder, so a preview shows where a message is. Undefined if the
 * path is not available.
 */
function pathsOf({ mailbox }: SelectionContext): (folderId: string | undefined) => Promise<string | undefined> {
  const paths = new Map<string, string | undefined>();
  return async (folderId) => {
    if (folderId === undefined) return undefined;
    if (!paths.has(folderId)) {
      const found = await attempt(() => mailbox.folder(folderId));
      if (!found.ok && found.failure.code === "cancelled") throw found.failure;
      paths.set(folderId, found.ok ? found.value.path : undefined);
    }
    return paths.get(folderId);
  };
}

/** Returns why a name cannot be the name of a message. Only this name fails; the others are searched. */
function invalidNameReason({ itemId, internetMessageId }: MessageName): string | undefined {
  const id = itemId === undefined ? undefined : itemIdProblem(itemId);
  const messageId = internetMessageId === undefined ? undefined : messageIdProblem(internetMessageId, itemId !== undefined);
  if (id !== undefined) return `This item_id ${id}.`;
  return messageId === undefined ? undefined : `This internet_message_id ${messageId}.`;
}

/**
 * An id and a Message-ID given together name one message. If the message opened by the id has another Message-ID, it is unclear which one was meant.
 */
function contradiction({ itemId, internetMessageId }: MessageName, found: readonly Message[]): Failure | undefined {
  if (itemId === undefined || internetMessageId === undefined) return undefined;
  const other = found.find((message) => !sameMessageId(internetMessageId, message.internetMessageId ?? ""));
  if (other === undefined) return undefined;
  const has = other.internetMessageId === undefined ? "no Message-ID" : `another Message-ID, ${other.internetMessageId}`;
  return new Failure("invalid-input", `The message of this item_id has ${has}, so the two do not name the same message.`, {
    hint: "Put the item_id and the internet_message_id of one message at the same position of both lists, or use only one of the lists.",
  });
}

function rowOfName(name: MessageName): Row {
  return omitUndefined({ item_id: name.itemId, internet_message_id: name.internetMessageId });
}

/** Returns a file name made from the message's subject; it is not yet safe. */
export function emlName(message: Pick<Message, "subject"> | undefined): string {
  return `${titleOf(message?.subject, "no subject")}.eml`;
}

/** Returns the file name of Exchange's own export (MS-OXCFXICS: a FastTransfer stream). */
export function exportName(message: Pick<Message, "subject"> | undefined): string {
  return `${titleOf(message?.subject, "no subject")}.fts`;
}

/** Dots, spaces and invisible characters: a safe file name has none of them at its beginning, so an extension would be all that is left. */
const nothingVisible = /^[\p{C}\p{Z}.]*$/u;

/** Returns the file name for a title, without extension. */
export function titleOf(title: string | undefined, fallback: string): string {
  return title === undefined || nothingVisible.test(title) ? fallback : title.trim();
}
