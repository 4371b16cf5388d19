import type { Failure } from "../../failure.ts";
import type { FolderName } from "../folders/folder.ts";
import type { Detail, Importance, Message } from "../message.ts";

/** The filters of a search. All that are given must hold. Text is compared ignoring case. Times are UTC, ISO 8601. */
export interface Filters {
  readonly subject?: string | undefined;
  /** How `subject` is compared; default `contains`. */
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
  /** Any of these, each with or without angle brackets. */
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
  /** Equal to this class or below it: `IPM.Schedule` also finds `IPM.Schedule.Meeting.Request`. */
  readonly itemClass?: string | undefined;
  /** A query in the server's own language: AQS on Exchange. */
  readonly query?: string | undefined;
}

export type FilterName = Exclude<keyof Filters, "subjectMatch">;

/**
 * Where a filter was applied. `server`: by the server, and the results do not contradict it. `client`: by mailcordon, message by message.
 * `server, unchecked`: by the server, and the results do not show whether it kept to it.
 */
export type Applied = (typeof appliedWays)[number];
export const appliedWays = ["server", "client", "server, unchecked"] as const;
export type AppliedFilters = Readonly<Partial<Record<FilterName, Applied>>>;

/** A search of one mailbox: newest first over all its folders. */
export interface Search {
  readonly filters: Filters;
  /** Where to look; default every folder that can hold mail. */
  readonly folder?: FolderName | undefined;
  /** Also the folders below; default true. */
  readonly recursive?: boolean | undefined;
  /** Also the Deletions of the Recoverable Items, and no other folder of theirs; default false. */
  readonly includeRecoverable?: boolean | undefined;
  /** Also the archive mailbox, where there is one; default false. Not with a folder. */
  readonly archive?: boolean | undefined;
  /** How many messages at most, over the whole search. */
  readonly limit: number;
  /** From the page before. */
  readonly cursor?: string | undefined;
  readonly detail?: Detail | undefined;
}

/**
 * What a search of a whole mailbox did about its archive mailbox. `not_searched`: there is one. `none`: there is none. `unknown`: the back end does not tell, or the
 * account may not see.
 */
export type ArchiveState = (typeof archiveStates)[number];
export const archiveStates = ["searched", "not_searched", "none", "unknown"] as const;

export interface SearchPage {
  readonly messages: readonly Message[];
  /** Where each given filter was applied. Nothing is ever ignored. */
  readonly applied: AppliedFilters;
  /** How many folders were searched. */
  readonly folders: number;
  /** How many messages match, when the server could say it without our reading them all. */
  readonly total?: number | undefined;
  /** Present when more may follow. */
  readonly nextCursor?: string | undefined;
  /** What became of the archive mailbox. Absent where a folder was named: it says itself which store is meant. */
  readonly archive?: ArchiveState | undefined;
  /** What could not be looked at, so that a match in it is not among the messages. Absent when everything was looked at. */
  readonly unsearched?: readonly Unsearched[] | undefined;
}

/** A folder that may not be read, or a message that no filter could be applied to or that could not be given whole, and why. */
export interface Unsearched {
  readonly folderPath?: string | undefined;
  readonly itemId?: string | undefined;
  readonly failure: Failure;
}
