import { made } from "../session/expected-reply.ts";
import { textIn, timeIn } from "../session/read-json.ts";
import { mailboxPath, type Request, required } from "../session/request-description.ts";

/** Where items are imported to. */
export interface ImportSession {
  /** Whoever has it may import: it is shown to nobody. */
  readonly url: string;
  /** ISO 8601; undefined where it is not said. */
  readonly expires: string | undefined;
}

/**
 * Opens a way into a mailbox for what was exported. It imports nothing and ends by itself, so opening another harms nobody. Needs
 * MailboxItem.ImportExport.All.
 * @see https://learn.microsoft.com/en-us/graph/api/mailbox-createimportsession
 */
export const createImportSession: Request<string, ImportSession> = {
  name: "mailbox-createimportsession",
  safety: "idempotent",
  reply: made("importUrl"),
  write: (mailboxId) => ({ method: "POST", path: `${mailboxPath(mailboxId)}/createImportSession`, ofOrganisation: true, ids: "rest" }),
  read: (reply) => ({ url: required(textIn(reply, "importUrl"), "importUrl"), expires: timeIn(reply, "expirationDateTime") }),
};
