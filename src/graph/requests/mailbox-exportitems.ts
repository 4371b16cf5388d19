import { content } from "../session/expected-reply.ts";
import { mailboxPath, type Request } from "../session/request-description.ts";

/** Which item of which mailbox, each in the form that the interface takes. */
export interface Export {
  readonly mailboxId: string;
  readonly itemId: string;
}

/**
 * One item with all that Exchange keeps of it, as base64 inside of JSON, to be streamed. The service takes 20 ids; here it is one, so that an answer
 * is about one message and is as large as one. Needs MailboxItem.Export.All or MailboxItem.ImportExport.All.
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
