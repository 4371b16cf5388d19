import type { Failure } from "../failure.ts";
import type { Outcome } from "../outcome.ts";
import type { Attachment } from "./attachment.ts";
import type { CalendarEntry, NewCalendarEntry } from "./calendar-entry.ts";
import type { ContactList, ContactQuery } from "./contact.ts";
import type { Folder, FolderName } from "./folders/folder.ts";
import type { Content, Detail, Message, MessageName } from "./message.ts";
import type { OutOfOffice } from "./out-of-office.ts";
import type { GroupMembers, MessageTrace, TraceQuery } from "./recipients.ts";
import type { Located } from "./search/absence.ts";
import type { Within } from "./search/locate-scope.ts";
import type { Search, SearchPage } from "./search/search-query.ts";
import type { Draft, Reply, Sent } from "./sending/draft.ts";

/** Options of one call, passed down to the back end. */
export interface Call {
  readonly signal?: AbortSignal | undefined;
  /** How to reach mailboxes of other people. Default: the setting of the connection. */
  readonly access?: "impersonation" | "delegate" | undefined;
  /** Maximum wait for one request until its reply begins, in milliseconds. Default: the setting of the connection. */
  readonly timeoutMs?: number | undefined;
  /**
   * Number of times a request is tried if its reply was lost or broken. Default: the setting of the connection. Requests that the server did not
   * carry out are retried regardless.
   */
  readonly tries?: number | undefined;
  /**
   * Until this time, as `performance.now()` counts, a request that Exchange turned away for throttling is sent again, however often, and waits as long
   * as Exchange asks. Default: the limits of the connection.
   */
  readonly patientUntil?: number | undefined;
  /** Time at which the whole call is given up, as `performance.now()` counts. An action that can return a partial answer does so before this time. */
  readonly deadline?: number | undefined;
  /** Receives progress messages for a waiting person ("waiting 5 s: Exchange is throttling"). */
  readonly progress?: ((text: string) => void) | undefined;
  /** Receives each wait at Exchange's request, in milliseconds. The waits add up. */
  readonly waited?: ((milliseconds: number) => void) | undefined;
}

/** The port: what mailcordon requests from Exchange, without any protocol. Two back ends implement it; `test/exchange/contract.ts` tests both. */
export interface Exchange {
  /** `auto`: each mailbox has its own back end, which `route` returns. */
  readonly backend: "ews" | "graph" | "auto";
  /** Returns a handle without making a request. Default address: the default mailbox of the connection. */
  mailbox(address: string | undefined, call?: Call): Mailbox;
  searchableMailboxes(query: SearchableMailboxQuery, call?: Call): Promise<SearchableMailboxes>;
  /** Returns the members of a group, those of the groups inside it included. Throws Failure; `not-found` for an address that is not a group's. */
  groupMembers(address: string, call?: Call): Promise<GroupMembers>;
  /** Returns what transport remembers of messages. Throws Failure; `unsupported` where the back end has no message trace. */
  messageTrace(query: TraceQuery, call?: Call): Promise<MessageTrace>;
  /** Returns how many requests the account may have under way now, of all mailboxes together. It changes as Exchange's limits are learned. */
  atATime(): number;
  /** Closes idle connections. */
  close(): Promise<void>;
}

/**
 * One mailbox. Methods take lists and return **as many Outcomes as ids, in the order given, whatever failed in between**. A method that returns a
 * Promise throws Failure; a method that returns Outcomes throws only when the call was cancelled. `destination` and `folder` are names as in
 * FolderName.
 */
export interface Mailbox {
  readonly address: string;
  /** Returns the back end of this mailbox, where its connection has both. It costs one read, whose result is remembered. Throws Failure. */
  readonly route?: (() => Promise<"ews" | "graph">) | undefined;

  /**
   * Returns the ids (of items and attachments) that are not shown to belong to this mailbox or its archive. Returns none where the back end searches
   * for an id in this mailbox only, since an id of another mailbox then matches nothing. Throws Failure.
   */
  foreign(ids: readonly string[]): Promise<ReadonlySet<string>>;

  search(search: Search): Promise<SearchPage>;
  /**
   * Returns every message that a name stands for, newest first: an Internet Message-ID may have several copies. Reports absence only when every
   * intended place was opened; otherwise the outcome is a Failure, and never `not-found`.
   */
  locate(names: readonly MessageName[], within?: Within): AsyncIterable<Outcome<Located>>;
  get(itemIds: readonly string[], detail: Detail): AsyncIterable<Outcome<Message>>;
  /** Returns the exact bytes of each message in RFC 5322 form. */
  mime(itemIds: readonly string[]): AsyncIterable<Outcome<Content>>;
  /**
   * Returns each message with everything that Exchange keeps of it, in a form that only an import into Exchange can read: for messages that cannot be
   * converted to MIME.
   */
  exported(itemIds: readonly string[]): AsyncIterable<Outcome<Content>>;

  attachments(itemIds: readonly string[]): AsyncIterable<Outcome<readonly Attachment[]>>;
  /**
   * Returns the message inside each item attachment, with its own attachments listed. For a file that can hold attachments (`holdsOthers`), returns
   * those attachments.
   */
  attachedMessages(attachments: readonly Attachment[]): AsyncIterable<Outcome<Message>>;
  /** Returns the bytes of each file attachment, and the RFC 5322 form of each item attachment. */
  attachmentContent(attachments: readonly Attachment[]): AsyncIterable<Outcome<Content>>;
  /** Deletes attachments. The value is the new change key of their message, if the server returns it. */
  deleteAttachments(attachmentIds: readonly string[]): AsyncIterable<Outcome<{ readonly changeKey?: string | undefined }>>;

  folder(name: FolderName): Promise<Folder>;
  /** Creates the missing folders of a path. */
  createFolder(path: FolderName): Promise<Folder>;

  /** Copies messages. The new id is absent where Exchange returns none (another mailbox, a public folder) and the copy could not be found again. */
  copy(itemIds: readonly string[], destination: Destination): AsyncIterable<Outcome<Copied>>;
  move(itemIds: readonly string[], destination: Destination): AsyncIterable<Outcome<{ readonly newItemId?: string | undefined }>>;
  /**
   * Creates a message from its bytes, with its former state if the server allows that; `lost` in the value lists the missing parts. An export contains the
   * state. Each call creates another message: after `unknown-outcome`, search for it first. Throws Failure.
   */
  restore(message: KeptMessage): Promise<Copied>;
  /** Deletes messages. `trash` and `soft` move them, because only a move returns the new id that an undo needs. `hard` cannot be undone. */
  delete(itemIds: readonly string[], mode: DeleteMode): AsyncIterable<Outcome<Deleted>>;
  junk(itemIds: readonly string[], how: Junk): AsyncIterable<Outcome<Junked>>;

  send(draft: Draft): Promise<Sent>;
  reply(reply: Reply): Promise<Sent>;

  /** Returns the entry that belongs to each meeting invitation, in the calendar of this mailbox; undefined where it has none. */
  invited(itemIds: readonly string[]): AsyncIterable<Outcome<CalendarEntry | undefined>>;
  calendarEntries(entryIds: readonly string[]): AsyncIterable<Outcome<CalendarEntry>>;
  /** Removes entries from the calendar. Nobody is notified. Refuses the owner's own entries, and an entry whose organizer Exchange does not report. */
  removeCalendarEntries(entryIds: readonly string[]): AsyncIterable<Outcome<Record<never, never>>>;
  /** Enters an appointment without attendees, unless there is one with this mark. Returns its id. */
  addCalendarEntry(entry: NewCalendarEntry): Promise<{ readonly entryId: string }>;

  contacts(query: ContactQuery): Promise<ContactList>;
  outOfOffice(): Promise<OutOfOffice>;
  /** Returns the account's rights on the items of the Inbox. This is the cheapest request to a mailbox. */
  rights(): Promise<Rights>;
}

/** Rights on the items of a folder. A member is undefined where the server does not report it. */
export interface Rights {
  readonly read?: boolean | undefined;
  readonly create?: boolean | undefined;
  readonly change?: boolean | undefined;
  readonly delete?: boolean | undefined;
}

/** `trash`: to Deleted Items. `soft`: to the Recoverable Items. `hard`: permanently, unless a hold keeps the message. */
export type DeleteMode = "trash" | "soft" | "hard";

export interface Deleted {
  readonly newItemId?: string | undefined;
  /** The mode that was used instead, present when the back end could not delete as requested. */
  readonly mode?: DeleteMode | undefined;
  /** Reason for the different mode; one sentence. */
  readonly note?: string | undefined;
}

/**
 * How a copy was made. `server`: by the server. `export-import`: exported and imported with everything that Exchange keeps of the message. `mime`:
 * created in the other mailbox from the RFC 5322 form, which loses what that form cannot hold.
 */
export type CopyMethod = "server" | "export-import" | "mime";

export interface Copied {
  readonly newItemId?: string | undefined;
  /** Default `server`. */
  readonly method?: CopyMethod | undefined;
  /** Properties of the message that the copy lacks, as in `CopyLoss`. */
  readonly lost?: readonly CopyLoss[] | undefined;
  /** Reason for the loss; one sentence. */
  readonly note?: string | undefined;
}

/**
 * `sent`: Exchange treats the copy as a draft that was never sent or received. `received_time`, `read_state`, `categories`, `flag`: the copy does not
 * have these of the original.
 */
export type CopyLoss = (typeof copyLosses)[number];
export const copyLosses = ["sent", "received_time", "read_state", "categories", "flag"] as const;

/** A message whose bytes were kept, and the state that it had. */
export interface KeptMessage extends Pick<Message, "receivedAt" | "isRead" | "categories" | "flag"> {
  /** `mime`: RFC 5322. `export`: as `exported` returns it. */
  readonly form: "mime" | "export";
  /** Length in bytes. */
  readonly size: number;
  /** Opens the bytes; may be called again. */
  open(): AsyncIterable<Uint8Array>;
  readonly folder: FolderName;
}

export interface Destination {
  readonly folder: FolderName;
  /** Default: the same mailbox. */
  readonly mailbox?: string | undefined;
  /** The folder is a public folder, not a folder of a mailbox. */
  readonly publicFolder?: boolean | undefined;
  /**
   * Create the missing folders of the path. In another mailbox they are created only after a message to be copied was read, so no folder stays empty.
   */
  readonly create?: boolean | undefined;
}

export interface Junk {
  /** False: mark as not junk. */
  readonly isJunk: boolean;
  /** Move to Junk Email, or back to the Inbox. */
  readonly move: boolean;
}

export interface Junked {
  readonly newItemId?: string | undefined;
  /** Whether the sender is on the blocked senders list afterwards. Undefined when the back end cannot report it. */
  readonly senderBlocked?: boolean | undefined;
  /** What the back end could not do; one sentence. */
  readonly note?: string | undefined;
}

export interface SearchableMailboxQuery {
  /** Beginning of a name or address. */
  readonly filter?: string | undefined;
  readonly expandGroups?: boolean | undefined;
}

export interface SearchableMailbox {
  readonly mailbox: string;
  /** Absent where the server returns none. Every mailbox is searched by its address. */
  readonly referenceId?: string | undefined;
  readonly displayName?: string | undefined;
  readonly isExternal?: boolean | undefined;
  readonly externalEmailAddress?: string | undefined;
  readonly isGroup?: boolean | undefined;
  /** The back end that listed it, where there are two. */
  readonly backend?: "ews" | "graph" | undefined;
}

/** A mailbox about which Exchange could not report. `failure` is absent where Exchange returns only a text. */
export interface UnlistedMailbox {
  readonly mailbox: string;
  readonly message: string;
  readonly failure?: Failure | undefined;
  /** As in SearchableMailbox. */
  readonly backend?: "ews" | "graph" | undefined;
}

export interface SearchableMailboxes {
  /**
   * `ediscovery`: the mailboxes that the account may search. `admin_api`: the mailboxes that Exchange Online lists. `directory`: the users whose
   * mailbox responds. The last two are not the same as the mailboxes that the account may open.
   */
  readonly source: "ediscovery" | "admin_api" | "directory";
  /** Reason why a better source was not used; one or two sentences. */
  readonly note?: string | undefined;
  readonly mailboxes: readonly SearchableMailbox[];
  readonly failed: readonly UnlistedMailbox[];
  /** People in the directory without a mailbox that the back end can open: the mailbox may be elsewhere, or not exist. Guests are left out. */
  readonly unopened?: readonly UnlistedMailbox[] | undefined;
}
