import type { Message } from "../../exchange/message.ts";
import { Failure } from "../../failure.ts";
import { messageOf } from "../messages/message-reader.ts";
import { found } from "../session/expected-reply.ts";
import type { GraphMailbox } from "../session/mailbox.ts";
import { type Page, pageOf } from "../session/paging.ts";
import type { Request } from "../session/request-description.ts";
import { markFilter } from "./draft-json.ts";

interface MarkListing {
  readonly folder: string;
  readonly mark: string;
  /** Default ids for drafts, since these change on sending; immutable ids for sent messages. */
  readonly ids: "rest" | "immutable";
}

/** @see https://learn.microsoft.com/en-us/graph/api/singlevaluelegacyextendedproperty-get (messages that have a property) */
const listMarked: Request<MarkListing, Page<Message>> = {
  name: "user-list-messages",
  safety: "read",
  reply: found("value"),
  write: ({ folder, mark, ids }) => ({
    method: "GET",
    path: `/mailFolders/${folder}/messages`,
    query: {
      $filter: markFilter(mark),
      $select: "id,internetMessageId,conversationId,subject,sentDateTime,isDraft,toRecipients,ccRecipients,bccRecipients",
      // More than one appears only when making a draft was repeated.
      $top: "10",
    },
    ids,
  }),
  read: (reply) => pageOf(reply, messageOf),
};

/** Returns the messages with the mark in these well-known folders; a folder that the mailbox does not have counts as empty. Throws Failure. */
export async function findSentByMark(
  mailbox: GraphMailbox,
  mark: string,
  folders: readonly string[],
  ids: MarkListing["ids"],
): Promise<readonly Message[]> {
  const found: Message[] = [];
  for (const folder of folders) {
    try {
      // A first page may be empty and still have a link to another.
      for await (const { items } of mailbox.pages(listMarked, { folder, mark, ids }))
        for (const one of items.filter(({ itemId }) => itemId !== "")) found.push(one);
    } catch (thrown) {
      if (!(thrown instanceof Failure) || (thrown.code !== "not-found" && thrown.code !== "folder-not-found")) throw thrown;
    }
  }
  return found;
}
