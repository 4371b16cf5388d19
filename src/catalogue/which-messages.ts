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
    "Only messages that lie in this folder: a well-known name (inbox, deleteditems, …), a path (Inbox/Reports), or a folder id. Default: wherever they are.",
  ),
  archive: archive.describe(`Look for messages in the archive mailbox as well. ${archiveLimits}`),
};

/** What a person wants to know first of the messages that an action worked on. */
export const messagePresentation = { columns: ["received_at", "subject", "from", "folder_path", "internet_message_id", "item_id"] };

/** The fields of every such action that touches what it finds. */
export const guardFields = { dry_run, expected_count, max_items };

export const scope = z
  .enum(["all", "first"])
  .register(narrowing)
  .default("all")
  .describe("Of the copies that one Message-ID has in the mailbox: all, or the newest only.");

/** What choosing messages asks of the port. */
export const messageSelectionMethods = ["locate", "folder"] as const satisfies readonly PortMethod[];
type SelectionContext = Context<(typeof messageSelectionMethods)[number]>;

/** What these fields give when they are read. */
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
      `item_id has ${ids.length} and internet_message_id has ${messageIds.length} values: given together they name the same messages pair by pair, so give as many of each.`,
    );
  }
  const longer = ids.length > 0 ? ids : messageIds;
  return longer.map((_, at) => omitUndefined({ itemId: ids[at], internetMessageId: messageIds[at] }));
}

/** What of a selection is the action's own. */
export interface Choice {
  /** `first`: the newest copy of each name only. Default: all. */
  readonly copies?: "all" | "first" | undefined;
  /** Where no folder is named, the Recoverable Items are meant, too. */
  readonly includeRecoverable?: boolean | undefined;
  /** What an id opens is taken only where its folder lists it. */
  readonly mustBeListed?: boolean | undefined;
}

/**
 * Every message that the names stand for, each once, in the order asked; of copies the newest first. A name that stands for nothing is told with
 * where it was looked for.
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
    (name) => failed(new Failure("invalid-input", invalidNameReason(name) ?? "This names no message.")),
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
      // The audit log, where the action asks it, shows that the id was of this mailbox.
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
    // Who wants one copy has it.
    if (unopened === undefined || choice.copies === "first") continue;
    context.remark({ incomplete: true });
    yield { asked: requested, outcome: failed(unopened) };
  }
  const state = archiveOf(archives);
  if (state !== undefined) context.remark({ archive: state });
}

/** The paths of folders by their ids, each asked for once: who only looks wants to see where a message lies. Undefined where that is not shown. */
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

/** Why a name can be none of one message. It fails alone: the others are looked for. */
function invalidNameReason({ itemId, internetMessageId }: MessageName): string | undefined {
  const id = itemId === undefined ? undefined : itemIdProblem(itemId);
  const messageId = internetMessageId === undefined ? undefined : messageIdProblem(internetMessageId, itemId !== undefined);
  if (id !== undefined) return `This item_id ${id}.`;
  return messageId === undefined ? undefined : `This internet_message_id ${messageId}.`;
}

/** An id and a Message-ID given together name one message: when the one that the id opens has another Message-ID, nobody knows which was meant. */
function contradiction({ itemId, internetMessageId }: MessageName, found: readonly Message[]): Failure | undefined {
  if (itemId === undefined || internetMessageId === undefined) return undefined;
  const other = found.find((message) => !sameMessageId(internetMessageId, message.internetMessageId ?? ""));
  if (other === undefined) return undefined;
  const has = other.internetMessageId === undefined ? "no Message-ID" : `another Message-ID, ${other.internetMessageId}`;
  return new Failure("invalid-input", `The message of this item_id has ${has}: the two do not name the same message.`, {
    hint: "Give the item_id and the internet_message_id of one message at the same place of both lists, or one of the two alone.",
  });
}

function rowOfName(name: MessageName): Row {
  return omitUndefined({ item_id: name.itemId, internet_message_id: name.internetMessageId });
}

/** A file name for a message, as its subject gives it. It is not yet safe. */
export function emlName(message: Pick<Message, "subject"> | undefined): string {
  return `${titleOf(message?.subject, "no subject")}.eml`;
}

/** What Exchange's own export of it is called (MS-OXCFXICS: a FastTransfer stream). */
export function exportName(message: Pick<Message, "subject"> | undefined): string {
  return `${titleOf(message?.subject, "no subject")}.fts`;
}

/** Dots, blanks and what nobody sees: a file name keeps none of them at its beginning, so that an extension would be all of it. */
const nothingVisible = /^[\p{C}\p{Z}.]*$/u;

/** What a file is called by a title, before its extension. */
export function titleOf(title: string | undefined, fallback: string): string {
  return title === undefined || nothingVisible.test(title) ? fallback : title.trim();
}
