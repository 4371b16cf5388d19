/** What one action needs of Exchange. */
export interface Needs {
  /** It looks into mailboxes: impersonation, or rights as a delegate. */
  readonly mailbox: boolean;
  /** The role group Discovery Management. `all`: only when it is to look into all mailboxes. */
  readonly discovery: false | "always" | "all";
  /** It changes, moves or deletes. */
  readonly changes: boolean;
  /** It sends: a delegate needs Send As besides. */
  readonly sends: boolean;
  /** The least application permission of Microsoft Graph for the same (graph-permissions of Microsoft, August 2026). */
  readonly graph: readonly string[];
}

const reads = (graph: string): Needs => ({ mailbox: true, discovery: false, changes: false, sends: false, graph: [graph] });
const changes = (graph: string): Needs => ({ ...reads(graph), changes: true });

/** By the name of the action. */
export const needs: Readonly<Record<string, Needs>> = {
  "copy-email": changes("Mail.ReadWrite"),
  "delete-attachments": changes("Mail.ReadWrite"),
  "delete-email": changes("Mail.ReadWrite"),
  "download-mail-as-eml": reads("Mail.Read"),
  "get-attachments": reads("Mail.Read"),
  "get-contacts": reads("Contacts.Read"),
  "get-out-of-office": reads("MailboxSettings.Read"),
  "get-searchable-mailboxes": { mailbox: false, discovery: "always", changes: false, sends: false, graph: ["User.Read.All"] },
  "junk-mail": changes("Mail.ReadWrite"),
  "reply-to-email": { mailbox: true, discovery: false, changes: true, sends: true, graph: ["Mail.ReadWrite", "Mail.Send"] },
  "search-emails-extended": { mailbox: true, discovery: "all", changes: false, sends: false, graph: ["Mail.Read"] },
  "send-email": { mailbox: true, discovery: false, changes: true, sends: true, graph: ["Mail.ReadWrite", "Mail.Send"] },
};

/** What an action that is not in the table is taken to need: all that most need. */
const most: Needs = changes("Mail.ReadWrite");

export function needsOf(action: string): Needs {
  return needs[action] ?? most;
}
