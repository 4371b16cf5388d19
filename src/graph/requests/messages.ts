import type { Detail, Message } from "../../exchange/message.ts";
import type { FolderRef } from "../folders/folder-ref.ts";
import { messageOf, preferencesOf, shapeOf } from "../messages/message-reader.ts";
import { found } from "../session/expected-reply.ts";
import { type Page, pageOf } from "../session/paging.ts";
import { type Request, required, segment } from "../session/request-description.ts";
import { defaultBehaviour } from "../unpromised.ts";
import { folderSegment } from "./mail-folders.ts";

/** @see https://learn.microsoft.com/en-us/graph/api/message-get */
export const getMessage: Request<{ readonly itemId: string; readonly detail: Detail }, Message> = {
  name: "message-get",
  safety: "read",
  reply: found("id"),
  write: ({ itemId, detail }, { sizes } = defaultBehaviour) => ({
    method: "GET",
    path: `/messages/${segment(itemId)}`,
    query: shapeOf(detail, sizes),
    prefer: preferencesOf(detail),
  }),
  read: (reply) => {
    const message = messageOf(reply);
    required(message.itemId === "" ? undefined : message.itemId, "id");
    return message;
  },
};

/** A listing of one folder, or of the whole mailbox. */
export interface Listing {
  readonly folder: FolderRef | undefined;
  readonly detail: Detail;
  readonly filter?: string | undefined;
  readonly orderBy?: string | undefined;
  /** KQL, without the quotes around it. It excludes `filter` and `orderBy`, and the reply has no immutable ids. */
  readonly search?: string | undefined;
  readonly top: number;
  /** Number of messages of the list to skip before the first. Not with `search`. */
  readonly skip?: number | undefined;
  /** Request only the ids, for a message that cannot be listed otherwise. */
  readonly idsOnly?: boolean | undefined;
}

/** @see https://learn.microsoft.com/en-us/graph/api/user-list-messages */
export const listMessages: Request<Listing, Page<Message>> = {
  name: "user-list-messages",
  safety: "read",
  reply: found("value"),
  write: ({ folder, detail, filter, orderBy, search, top, skip, idsOnly = false }, { sizes } = defaultBehaviour) => ({
    method: "GET",
    path: folder === undefined ? "/messages" : `/mailFolders/${folderSegment(folder)}/messages`,
    query: {
      ...(idsOnly ? { $select: "id" } : shapeOf(detail, sizes)),
      $filter: filter,
      $orderby: orderBy,
      $search: search === undefined ? undefined : `"${search.replace(/[\\"]/g, "\\$&")}"`,
      $top: String(top),
      $skip: skip === undefined ? undefined : String(skip),
    },
    prefer: preferencesOf(detail),
    ids: search === undefined ? "immutable" : "rest",
  }),
  read: (reply) => {
    const page = pageOf(reply, messageOf);
    return { ...page, items: page.items.filter(({ itemId }) => itemId !== "") };
  },
};
