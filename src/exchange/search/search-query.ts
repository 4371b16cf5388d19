import type { Failure } from "../../failure.ts";
import type { FolderName } from "../folders/folder.ts";
import type { Detail, Importance, Message } from "../message.ts";

/** The filters of a search. All given filters must match. Text is compared ignoring case. Times are UTC, ISO 8601. */
export interface Filters {
  readonly subject?: string | undefined;
  /** How `subject` is compared. Default: `contains`. */
  readonly subjectMatch?: "contains" | "equals" | "prefix" | undefined;
  /** Part of the address or name of From or Sender. */
  readonly sender?: string | undefined;
  /** Part of an address or name in To, Cc or Bcc. */
  readonly recipient?: string | undefined;
  readonly body?: string | undefined;
  /** A regular expression (RE2 syntax, linear time) that the text body must contain. */
  readonly bodyRegex?: string | undefined;
  /** Part of the name of an attachment. */
  readonly attachmentName?: string | undefined;
  /** SHA-256 of a file attachment, hexadecimal. */
  readonly attachmentSha256?: string | undefined;
  /** Any of these ids, each with or without angle brackets. */
  readonly internetMessageId?: readonly string[] | undefined;
  readonly conversationId?: string | undefined;
  /** Received at or after. */
  readonly receivedAfter?: string | undefined;
  /** Received before. */
  readonly receivedBefore?: string | undefined;
  readonly hasAttachments?: boolean | undefined;
  readonly isUnread?: boolean | undefined;
  readonly minSize?: number | undefined;
  readonly maxSize?: number | undefined;
  readonly importance?: Importance | undefined;
  readonly category?: string | undefined;
  /** This class or a class below it: `IPM.Schedule` also finds `IPM.Schedule.Meeting.Request`. */
  readonly itemClass?: string | undefined;
  /** A query in the server's own language: AQS on Exchange. */
  readonly query?: string | undefined;
}

export type FilterName = Exclude<keyof Filters, "subjectMatch">;

/**
 * Where a filter was applied. `server`: by the server, and the results do not contradict it. `client`: by mailcordon, message by message. `server,
 * unchecked`: by the server, and the results do not show whether the server applied it.
 */
export type Applied = (typeof appliedWays)[number];
export const appliedWays = ["server", "client", "server, unchecked"] as const;
export type AppliedFilters = Readonly<Partial<Record<FilterName, Applied>>>;

/** A search of one mailbox: newest first over all its folders. */
export interface Search {
  readonly filters: Filters;
  /** Folder to search. Default: every folder that can hold mail. */
  readonly folder?: FolderName | undefined;
  /** Also search the subfolders. Default: true. */
  readonly recursive?: boolean | undefined;
  /** Also search the folder Deletions of the Recoverable Items, and no other folder of theirs. Default: false. */
  readonly includeRecoverable?: boolean | undefined;
  /** Also search the archive mailbox, if there is one. Default: false. Not with a folder. */
  readonly archive?: boolean | undefined;
  /** Maximum number of messages. */
  readonly limit: number;
  /** Cursor of the previous page. */
  readonly cursor?: string | undefined;
  readonly detail?: Detail | undefined;
}

/**
 * Whether a search of a whole mailbox covered its archive mailbox. `not_searched`: there is one. `none`: there is none. `unknown`: the back end does not
 * report it, or the account may not see it.
 */
export type ArchiveState = (typeof archiveStates)[number];
export const archiveStates = ["searched", "not_searched", "none", "unknown"] as const;

export interface SearchPage {
  readonly messages: readonly Message[];
  /** Where each given filter was applied. None is ignored. */
  readonly applied: AppliedFilters;
  /** Number of folders searched. */
  readonly folders: number;
  /** Number of messages that match, where the server could count them without mailcordon reading all of them. */
  readonly total?: number | undefined;
  /** Present when more may follow. */
  readonly nextCursor?: string | undefined;
  /** Whether the archive mailbox was searched. Absent if a folder was named, since its name shows which store is meant. */
  readonly archive?: ArchiveState | undefined;
  /** What could not be searched, so matches in it are missing. Absent when everything was searched. */
  readonly unsearched?: readonly Unsearched[] | undefined;
}

/** A folder that may not be read, or a message to which no filter could be applied or that could not be returned whole, and the reason. */
export interface Unsearched {
  readonly folderPath?: string | undefined;
  readonly itemId?: string | undefined;
  readonly failure: Failure;
}
