import { content } from "../session/expected-reply.ts";
import { mailboxPath, type Request } from "../session/request-description.ts";

/** An item and its mailbox, in the forms that the interface accepts. */
export interface Export {
  readonly mailboxId: string;
  readonly itemId: string;
}

/**
 * Exports one item with everything that Exchange keeps of it, as base64 in JSON, streamed. The service accepts 20 ids; one is sent, so a reply
 * concerns one message and is no larger. Needs MailboxItem.Export.All or MailboxItem.ImportExport.All.
 * @see https://learn.microsoft.com/en-us/graph/api/mailbox-exportitems
 */
export const exportItem: Request<Export, undefined> = {
  name: "mailbox-exportitems",
  safety: "read",
  reply: content("long-json"),
  write: ({ mailboxId, itemId }) => ({
    method: "POST",
    path: `${mailboxPath(mailboxId)}/exportItems`,
    ofOrganisation: true,
    ids: "rest",
    body: { itemIds: [itemId] },
  }),
  read: () => undefined,
};
