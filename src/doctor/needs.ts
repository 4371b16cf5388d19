/** What one action needs of Exchange over EWS; what it needs of Microsoft Graph are permissions. */
export interface Needs {
  /** It looks into mailboxes: impersonation, or rights as a delegate. */
  readonly mailbox: boolean;
  /** The role group Discovery Management. `all`: only when it is to look into all mailboxes. */
  readonly discovery: false | "always" | "all";
  /** It changes, moves or deletes. */
  readonly changes: boolean;
  /** It sends: a delegate needs Send As besides. */
  readonly sends: boolean;
}

const reads: Needs = { mailbox: true, discovery: false, changes: false, sends: false };
const changes: Needs = { ...reads, changes: true };

/** By the name of the action. */
export const needs: Readonly<Record<string, Needs>> = {
  "copy-email": changes,
  "delete-attachments": changes,
  "delete-email": changes,
  "download-mail-as-eml": reads,
  "get-attachments": reads,
  "get-contacts": reads,
  "get-out-of-office": reads,
  "get-searchable-mailboxes": { mailbox: false, discovery: "always", changes: false, sends: false },
  "junk-mail": changes,
  "reply-to-email": { mailbox: true, discovery: false, changes: true, sends: true },
  "search-emails-extended": { mailbox: true, discovery: "all", changes: false, sends: false },
  "send-email": { mailbox: true, discovery: false, changes: true, sends: true },
};

/** An action that is not in the table is taken to need all that most need. */
export function needsOf(action: string): Needs {
  return needs[action] ?? changes;
}
