/** What Microsoft Graph does unlike Exchange Web Services in one action, and why. */
export interface Difference {
  /** `some`: part of the action is refused; the answer says so. */
  readonly supported: "yes" | "some";
  readonly differs: string;
  readonly why: string;
}

const same = (differs = "", why = ""): Difference => ({ supported: "yes", differs, why });

/** By the name of the action. */
export const differences: Readonly<Record<string, Difference>> = {
  "copy-email": {
    supported: "some",
    differs:
      "Into another mailbox `method` is `export_import`, which loses nothing, or `mime`: then the copy is a draft, `lost` says what it lacks, and the message may have 3 MB at most. Public folders are refused.",
    why: "Only the worldwide cloud exports and imports items, for applications with MailboxItem.ImportExport.All and User.Read.All. What Graph takes in RFC 5322 form it makes a draft of, within the size of one request. It has no public folders.",
  },
  "delete-attachments": same(
    "It may be refused for received mail unless the application has Mail-Advanced.ReadWrite.All; then the failure names it.",
    "From 2026-12-31 Graph guards changes to messages that are no drafts; whether attachments count is not said.",
  ),
  "delete-email": {
    supported: "some",
    differs:
      "The item keeps its id when it is moved. Outside the worldwide cloud `hard` leads to the Recoverable Items: `action` is `soft_deleted`, and `note` says so.",
    why: "Ids are immutable ones. Only the worldwide cloud has permanentDelete.",
  },
  "download-mail-as-eml": same(),
  "get-attachments": {
    supported: "some",
    differs:
      "What hangs in an attached message is read out of that message's own bytes: of more than 256 MB or 1000 parts it is `too-large`. It cannot be deleted by itself. Ids of EWS name no attachment here.",
    why: "Graph gives attachments by way of the message that holds them, one level deep, and translates no ids of attachments.",
  },
  "get-contacts": {
    supported: "some",
    differs: "With `include_groups` the person's own distribution lists are not listed; `without_groups` says so.",
    why: "Graph gives contacts, and no personal distribution lists.",
  },
  "get-out-of-office": same(),
  "get-searchable-mailboxes": same(
    "`source` is `admin_api` or `directory`: all who have a mailbox, which is not the same as what the application may open. A `note` says why it is not the former.",
    "Graph has no list of what an account may search. The Exchange Online Admin API has a list of mailboxes, and needs a permission and a role of its own.",
  ),
  "junk-mail": {
    supported: "some",
    differs:
      "The message is moved; the sender is not blocked: `note` says so, and `sender_blocked` is absent. Without `move` it is refused.",
    why: "Graph v1.0 can neither mark as junk nor change the list of blocked senders.",
  },
  "reply-to-email": same(),
  "search-emails-extended": {
    supported: "some",
    differs:
      "More filters are applied by the client: the answer says which. Public folders are refused; of the Recoverable Items only deletions are searched.",
    why: "Graph takes $filter and $search, never both, and reaches no more folders.",
  },
  "send-email": same(),
};
