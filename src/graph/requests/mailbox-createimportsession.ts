import { made } from "../session/expected-reply.ts";
import { textIn, timeIn } from "../session/read-json.ts";
import { mailboxPath, type Request, required } from "../session/request-description.ts";

/** The target of an import. */
export interface ImportSession {
  /** Anybody with this URL may import, so it is never shown. */
  readonly url: string;
  /** ISO 8601; undefined where the reply does not say. */
  readonly expires: string | undefined;
}

/**
 * Opens an import session for exported items. It imports nothing and ends by itself, so opening another is harmless. Needs
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
