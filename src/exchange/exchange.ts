import type { Failure } from "../failure.ts";
import type { Outcome } from "../outcome.ts";
import type { Attachment } from "./attachment.ts";
import type { ContactList, ContactQuery } from "./contact.ts";
import type { Folder, FolderName } from "./folders/folder.ts";
import type { Content, Detail, Message, MessageName } from "./message.ts";
import type { OutOfOffice } from "./out-of-office.ts";
import type { Located } from "./search/absence.ts";
import type { Within } from "./search/locate-scope.ts";
import type { Search, SearchPage } from "./search/search-query.ts";
import type { Draft, Reply, Sent } from "./sending/draft.ts";

/** What one call carries down to the back end. */
export interface Call {
  readonly signal?: AbortSignal | undefined;
  /** How to reach mailboxes of others; default as the connection says. */
  readonly access?: "impersonation" | "delegate" | undefined;
  /** Milliseconds for one request until its answer begins; default as the connection says. */
  readonly timeoutMs?: number | undefined;
  /** How often a request is tried whose answer was lost or broken; default as the connection says. What the server has not done is repeated as ever. */
  readonly tries?: number | undefined;
  /** When the whole call is given up, as `performance.now()` counts: an action that can answer with a part of it answers before. */
  readonly deadline?: number | undefined;
  /** Told what a person who waits wants to know ("waiting 5 s: Exchange is throttling"). */
  readonly progress?: ((text: string) => void) | undefined;
  /** Told how long it was waited, in milliseconds, because Exchange asked for it; the waits add up. */
  readonly waited?: ((milliseconds: number) => void) | undefined;
}

/** The port: what we ask of Exchange, in plain nouns. Two back ends implement it; `test/exchange/contract.ts` holds them to it. */
export interface Exchange {
  /** `auto`: each mailbox has its own, which its `route` tells. */
  readonly backend: "ews" | "graph" | "auto";
  /** A handle; no request is made. Without an address, the mailbox that the connection names as its default. */
  mailbox(address: string | undefined, call?: Call): Mailbox;
  searchableMailboxes(query: SearchableMailboxQuery, call?: Call): Promise<SearchableMailboxes>;
  /** Ends idle connections. */
  close(): Promise<void>;
}

/**
 * One mailbox. Lists in, Outcomes out: **as many Outcomes as ids, in the order asked, whatever failed in the middle**.
 * A method that returns a Promise throws Failure; one that returns Outcomes throws only when the call was cancelled.
 * `destination` and `folder` names are those of FolderName.
 */
export interface Mailbox {
  readonly address: string;
  /** Which back end acts for it, where its connection has both: asked once, by a read, and remembered. Throws Failure. */
  readonly route?: (() => Promise<"ews" | "graph">) | undefined;

  /**
   * Which of these ids of items and attachments are not shown to be of this mailbox or its archive. None where the back end looks for an id in
   * the mailbox alone, so that one of another names nothing. Throws Failure.
   */
  foreign(ids: readonly string[]): Promise<ReadonlySet<string>>;

  search(search: Search): Promise<SearchPage>;
  /**
   * Every message that a name stands for, newest first: an Internet Message-ID may have several copies. That there is none is said only when every
   * place that is meant was opened; otherwise it is a Failure, and never `not-found`.
   */
  locate(names: readonly MessageName[], within?: Within): AsyncIterable<Outcome<Located>>;
  get(itemIds: readonly string[], detail: Detail): AsyncIterable<Outcome<Message>>;
  /** The exact bytes of each message in RFC 5322 form. */
  mime(itemIds: readonly string[]): AsyncIterable<Outcome<Content>>;
  /** Each message with all that Exchange keeps of it, in a form that only an import into Exchange reads: for one that cannot be converted to MIME. */
  exported(itemIds: readonly string[]): AsyncIterable<Outcome<Content>>;

  attachments(itemIds: readonly string[]): AsyncIterable<Outcome<readonly Attachment[]>>;
  /**
   * The message inside each item attachment, with its own attachments listed; of a file that others hang in (`holdsOthers`), what hangs in it.
   */
  attachedMessages(attachments: readonly Attachment[]): AsyncIterable<Outcome<Message>>;
  /** The bytes of each file attachment; of an item attachment, its RFC 5322 form. */
  attachmentContent(attachments: readonly Attachment[]): AsyncIterable<Outcome<Content>>;
  /** Value: the new change key of the message that held it, when the server gives it. */
  deleteAttachments(attachmentIds: readonly string[]): AsyncIterable<Outcome<{ readonly changeKey?: string | undefined }>>;

  folder(name: FolderName): Promise<Folder>;
  /** Makes the folders of a path that are missing. */
  createFolder(path: FolderName): Promise<Folder>;

  /** The new id is absent where Exchange gives none (another mailbox, a public folder) and the copy could not be found again. */
  copy(itemIds: readonly string[], destination: Destination): AsyncIterable<Outcome<Copied>>;
  move(itemIds: readonly string[], destination: Destination): AsyncIterable<Outcome<{ readonly newItemId?: string | undefined }>>;
  /** `trash` and `soft` are done by moving, which gives the new id that an undo needs; `hard` cannot be undone. */
  delete(itemIds: readonly string[], mode: DeleteMode): AsyncIterable<Outcome<Deleted>>;
  junk(itemIds: readonly string[], how: Junk): AsyncIterable<Outcome<Junked>>;

  send(draft: Draft): Promise<Sent>;
  reply(reply: Reply): Promise<Sent>;

  contacts(query: ContactQuery): Promise<ContactList>;
  outOfOffice(): Promise<OutOfOffice>;
  /** What the account may do with what is in the Inbox: the cheapest question to a mailbox. */
  rights(): Promise<Rights>;
}

/** Undefined where the server does not say. */
export interface Rights {
  readonly read?: boolean | undefined;
  readonly create?: boolean | undefined;
  readonly change?: boolean | undefined;
  readonly delete?: boolean | undefined;
}

/** `trash`: to Deleted Items. `soft`: to the Recoverable Items. `hard`: gone, unless a hold keeps it. */
export type DeleteMode = "trash" | "soft" | "hard";

export interface Deleted {
  readonly newItemId?: string | undefined;
  /** Present when less was done than was asked, because the back end cannot do more: what was done. */
  readonly mode?: DeleteMode | undefined;
  /** Why it is another mode than was asked; one sentence. */
  readonly note?: string | undefined;
}

/**
 * How a copy came to be. `server`: the server copied it. `export-import`: carried to another mailbox with all that Exchange keeps of it.
 * `mime`: carried there in RFC 5322 form, which loses what that form does not have.
 */
export type CopyMethod = "server" | "export-import" | "mime";

export interface Copied {
  readonly newItemId?: string | undefined;
  /** Default `server`. */
  readonly method?: CopyMethod | undefined;
  /** What of the message the copy has not, in the words of `CopyLoss`. */
  readonly lost?: readonly CopyLoss[] | undefined;
  /** Why something was lost; one sentence. */
  readonly note?: string | undefined;
}

/** `sent`: the copy counts as a draft that was never sent or received. `received_time`, `read_state`, `categories`, `flag`: these are not its. */
export type CopyLoss = (typeof copyLosses)[number];
export const copyLosses = ["sent", "received_time", "read_state", "categories", "flag"] as const;

export interface Destination {
  readonly folder: FolderName;
  /** Default: the same mailbox. */
  readonly mailbox?: string | undefined;
  /** The folder is one of the public folders, not of a mailbox. */
  readonly publicFolder?: boolean | undefined;
  /** Make the folders of the path that are missing, in another mailbox only once a message was read that goes there: none stays empty. */
  readonly create?: boolean | undefined;
}

export interface Junk {
  /** False: not junk after all. */
  readonly isJunk: boolean;
  /** Move to Junk Email, or back to the Inbox. */
  readonly move: boolean;
}

export interface Junked {
  readonly newItemId?: string | undefined;
  /** Whether the sender is on the blocked senders list afterwards; undefined when the back end cannot say. */
  readonly senderBlocked?: boolean | undefined;
  /** What of marking the back end cannot do; one sentence. */
  readonly note?: string | undefined;
}

export interface SearchableMailboxQuery {
  /** Beginning of a name or address. */
  readonly filter?: string | undefined;
  readonly expandGroups?: boolean | undefined;
}

export interface SearchableMailbox {
  readonly mailbox: string;
  /** Absent where the server names none: every mailbox is searched by its address. */
  readonly referenceId?: string | undefined;
  readonly displayName?: string | undefined;
  readonly isExternal?: boolean | undefined;
  readonly externalEmailAddress?: string | undefined;
  readonly isGroup?: boolean | undefined;
  /** Which back end listed it, where there are two. */
  readonly backend?: "ews" | "graph" | undefined;
}

/** Of which Exchange could not tell. The failure is absent where Exchange gives a text only. */
export interface UnlistedMailbox {
  readonly mailbox: string;
  readonly message: string;
  readonly failure?: Failure | undefined;
  /** As of one that is listed. */
  readonly backend?: "ews" | "graph" | undefined;
}

export interface SearchableMailboxes {
  /**
   * `ediscovery`: what the account may search. `admin_api`: the mailboxes that Exchange Online itself lists; `directory`: the users whose mailbox
   * answers. Neither is the same as what the account may open.
   */
  readonly source: "ediscovery" | "admin_api" | "directory";
  /** Why it is not the better source; a sentence or two. */
  readonly note?: string | undefined;
  readonly mailboxes: readonly SearchableMailbox[];
  readonly failed: readonly UnlistedMailbox[];
  /** People of the directory without a mailbox that the back end can open: it may be elsewhere, or there may be none. Guests are not among them. */
  readonly unopened?: readonly UnlistedMailbox[] | undefined;
}
