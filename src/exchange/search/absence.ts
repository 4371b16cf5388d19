// src/exchange/search/: The meaning of a search in both back ends: filters, cursors, and the places that were searched in vain.

import type { Failure } from "../../failure.ts";
import { splitStore } from "../folders/folder-names.ts";
import type { Message } from "../message.ts";
import type { Within } from "./locate-scope.ts";
import type { ArchiveState } from "./search-query.ts";

/**
 * `mailbox`: the mailbox's folders that can hold mail. `folder`: the named folder. `recoverable_items_deletions`: the folder Deletions of the
 * Recoverable Items, without Purges and items that a hold keeps. `archive`, `public_folders`: these, if they were requested. `attachments`: the
 * attachment list of a message.
 */
export type Place = (typeof places)[number];
export const places = ["mailbox", "folder", "recoverable_items_deletions", "archive", "public_folders", "attachments"] as const;

/** The places that were searched: each of them was opened. */
export interface SearchExtent {
  readonly mailbox: string;
  /** Number of folders opened. */
  readonly folders: number;
  readonly places: readonly Place[];
  /** The identifier of the search. Over EWS a moved message gets another id, so its old id no longer finds it. */
  readonly by: "item_id" | "internet_message_id" | "attachment_id";
  /** Path of the folder, if one was named. */
  readonly folder?: string | undefined;
}

/**
 * The observation that something does not exist. Only a search can make it: a server's statement that it knows no such item is a Failure, and so is a
 * place that could not be opened.
 */
export interface Absent {
  readonly absentFrom: SearchExtent;
  /** Reason why a message may exist after all: its id is not shown to belong to this mailbox, so it may be in a mailbox that is not opened. */
  readonly doubt?: Failure | undefined;
  /** Whether the archive mailbox was searched. */
  readonly archive?: ArchiveState | undefined;
}

/** Messages, at least one, newest first. */
export interface Found {
  readonly messages: readonly Message[];
  /** Whether the archive mailbox was searched. Absent if no search was needed, or one folder was named. */
  readonly archive?: ArchiveState | undefined;
  /** Reason why there may be more messages: a place that could not be opened. */
  readonly unopened?: Failure | undefined;
}

/** The result of a search for a name: at least one message, newest first, or its absence. */
export type Located = Found | Absent;

export function isAbsent(seen: object): seen is Absent {
  return "absentFrom" in seen;
}

/** Returns the places that a folder name, or no name, refers to. */
export function requestedPlaces({ folder, includeRecoverable }: Within): Pick<SearchExtent, "places" | "folder"> {
  if (folder === undefined) return { places: includeRecoverable === true ? ["mailbox", "recoverable_items_deletions"] : ["mailbox"] };
  const { store, rest } = splitStore(folder);
  const isDeletions = /^recoverable ?items[\\/]? *deletions$/i.test(rest.trim());
  if (store !== "mailbox") return { places: [store === "archive" ? "archive" : "public_folders"], folder };
  return { places: [isDeletions ? "recoverable_items_deletions" : "folder"], folder };
}

/** Returns text such as `in 14 folders of hr@example.com`. */
export function searchExtentOf({ mailbox, folders, places: where, folder }: Omit<SearchExtent, "by">): string {
  if (where.includes("attachments")) return `among the attachments of the messages in ${mailbox}`;
  if (folder !== undefined) return `in the folder ${folder} of ${mailbox}`;
  const others = where.flatMap((place) => placeNames[place] ?? []);
  const among = others.length === 0 ? "" : `, ${joinNames(others)} among them`;
  return `in ${folders} folder${folders === 1 ? "" : "s"} of ${mailbox}${among}`;
}

const placeNames: Readonly<Partial<Record<Place, string>>> = {
  recoverable_items_deletions: "the Deletions of the Recoverable Items",
  archive: "those of the archive",
  public_folders: "the public folders",
};

function joinNames(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
