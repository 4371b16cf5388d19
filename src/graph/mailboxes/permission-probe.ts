import type { Call } from "../../exchange/exchange.ts";
import { attempt, type Outcome } from "../../outcome.ts";
import { adminConnectionOf, type GraphOptions, openSession } from "../graph.ts";
import { anyContact } from "../requests/contacts.ts";
import { getFolder } from "../requests/mail-folders.ts";
import { getUserPurpose } from "../requests/mailbox-settings.ts";
import { anyUser, type DirectoryEntry, getUser } from "../requests/users.ts";
import { type AdminApi, tryAdminApi } from "../session/admin-api.ts";
import { openMailbox } from "../session/open-mailbox.ts";

/** The smallest requests to Graph that show whether something may be read. None reads content written by people. */
export interface Probe {
  /** Needs a permission to read mail. */
  inbox(mailbox: string): Promise<Outcome<unknown>>;
  /** Reads the purpose of the mailbox. Needs a permission to read mailbox settings. */
  settings(mailbox: string): Promise<Outcome<unknown>>;
  /** Needs a permission to read contacts. */
  contacts(mailbox: string): Promise<Outcome<unknown>>;
  /** Needs a permission to list users. */
  users(): Promise<Outcome<unknown>>;
  /** Lists one mailbox over the Exchange Online Admin API. Needs a permission and a role of Exchange Online. */
  mailboxList(admin: AdminApi): Promise<Outcome<unknown>>;
  /** Reads the directory entry of a person. */
  entry(mailbox: string): Promise<Outcome<DirectoryEntry>>;
  close(): void;
}

/** Opens a probe. Throws Failure `invalid-settings` for an invalid URL. */
export function openProbe(options: GraphOptions, call: Call = {}): Probe {
  const { connection, close } = openSession(options);
  const of = (mailbox: string) => openMailbox(connection, mailbox, call);
  return {
    inbox: (mailbox) => attempt(() => of(mailbox).ask(getFolder, { distinguished: "inbox" })),
    settings: (mailbox) => attempt(() => of(mailbox).ask(getUserPurpose, mailbox)),
    contacts: (mailbox) => attempt(() => of(mailbox).ask(anyContact, undefined)),
    users: () => attempt(() => of("").ask(anyUser, undefined)),
    mailboxList: (admin) => attempt(() => tryAdminApi(adminConnectionOf(admin, options, connection), call)),
    entry: (mailbox) => attempt(() => of(mailbox).ask(getUser, mailbox)),
    close,
  };
}
