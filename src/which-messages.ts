import * as z from "zod";
import type { Context, Row, Selected } from "./action.ts";
import type { Message, MessageName } from "./exchange/message.ts";
import type { PortMethod } from "./exchange/uses.ts";
import { Failure } from "./failure.ts";
import { anywhere, dry_run, expected_count, folder, internet_message_id, item_id, max_items, messageRow, present } from "./fields.ts";
import { done, failed } from "./outcome.ts";

/** The fields of every action that works on messages which the caller names. */
export const whichMessages = {
  ...anywhere,
  item_id,
  internet_message_id,
  folder: folder.describe(
    "Only messages that lie in this folder: a well-known name (inbox, deleteditems, …), a path (Inbox/Reports), or a folder id. Default: wherever they are.",
  ),
};

/** What a person wants to know first of the messages that an action worked on. */
export const messageGlance = { columns: ["received_at", "subject", "from", "folder_path", "internet_message_id", "item_id"] };

/** The fields of every such action that touches what it finds. */
export const guarded = { dry_run, expected_count, max_items };

export const scope = z
  .enum(["all", "first"])
  .default("all")
  .describe("Of the copies that one Message-ID has in the mailbox: all, or the newest only.");

/** What choosing messages asks of the port. */
export const choosesMessages = ["locate", "folder"] as const satisfies readonly PortMethod[];
type ToChoose = Context<(typeof choosesMessages)[number]>;

/** What these fields give when they are read. */
export interface WhichMessages {
  readonly item_id?: readonly string[] | undefined;
  readonly internet_message_id?: readonly string[] | undefined;
  readonly folder?: string | undefined;
}

/** The messages as the caller names them. Throws Failure `invalid-input` when none is named, or when two lists do not pair. */
export function messageNames(which: WhichMessages): MessageName[] {
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
  return longer.map((_, at) => present({ itemId: ids[at], internetMessageId: messageIds[at] }));
}

/**
 * Every message that the names stand for, each once, in the order asked; of copies the newest first. A name that stands for nothing is Failure
 * `not-found`. `copies` "first" takes the newest copy of each name only.
 */
export async function* selectMessages(which: WhichMessages, context: ToChoose, copies: "all" | "first" = "all"): AsyncGenerator<Selected> {
  const { mailbox } = context;
  const names = messageNames(which);
  const within = which.folder === undefined ? undefined : await mailbox.folder(which.folder);
  const seen = new Set<string>();
  let at = 0;
  for await (const outcome of mailbox.locate(names)) {
    const asked = askedRow(names[at++] ?? {});
    if (!outcome.ok) {
      yield { asked, outcome };
      continue;
    }
    const here = outcome.value.filter((message) => within === undefined || message.parentFolderId === within.folderId);
    if (here.length === 0) {
      const where = within === undefined ? "the mailbox" : `the folder ${within.path}`;
      yield { asked, outcome: failed(new Failure("not-found", `No message of that name is in ${where}.`)) };
    }
    for (const message of copies === "first" ? here.slice(0, 1) : here) {
      if (seen.has(message.itemId)) continue;
      seen.add(message.itemId);
      yield { asked, outcome: done({ row: messageRow(message), message }) };
    }
  }
}

function askedRow(name: MessageName): Row {
  return present({ item_id: name.itemId, internet_message_id: name.internetMessageId });
}

/** A file name for a message, as its subject gives it. It is not yet safe. */
export function emlName(message: Pick<Message, "subject"> | undefined): string {
  return `${titleOf(message?.subject, "no subject")}.eml`;
}

/** Dots, blanks and what nobody sees: a file name keeps none of them at its beginning, so that an extension would be all of it. */
const nothing = /^[\p{C}\p{Z}.]*$/u;

/** What a file is called by a title, before its extension. */
export function titleOf(title: string | undefined, fallback: string): string {
  return title === undefined || nothing.test(title) ? fallback : title.trim();
}
