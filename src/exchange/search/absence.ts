// src/exchange/search/: What searching means in both back ends: filters, cursors, and what was looked in and not found.

import type { Failure } from "../../failure.ts";
import { splitStore } from "../folders/folder-names.ts";
import type { Message } from "../message.ts";
import type { Within } from "./locate-scope.ts";
import type { ArchiveState } from "./search-query.ts";

/**
 * `mailbox`: its folders that can hold mail. `folder`: the one that was named. `recoverable_items_deletions`: of the Recoverable Items the folder
 * Deletions, and neither Purges nor what a hold keeps. `archive`, `public_folders`: those, where they were meant. `attachments`: the list of them that a message has.
 */
export type Place = (typeof places)[number];
export const places = ["mailbox", "folder", "recoverable_items_deletions", "archive", "public_folders", "attachments"] as const;

/** Where something was looked for: every one of these places was opened. */
export interface SearchExtent {
  readonly mailbox: string;
  /** How many folders were opened. */
  readonly folders: number;
  readonly places: readonly Place[];
  /** By what it was looked for. Over EWS a message gets another id when it is moved, so that an id finds it no more where it is then. */
  readonly by: "item_id" | "internet_message_id" | "attachment_id";
  /** The path of the one folder that was named. */
  readonly folder?: string | undefined;
}

/**
 * That something is not there: an observation, which only a look makes. That a server knows no such thing is a Failure, and so is it when a place
 * could not be opened.
 */
export interface Absent {
  readonly absentFrom: SearchExtent;
  /** Why a message may be there all the same: its id is not shown to be of this mailbox, and may be of one that is not opened. */
  readonly doubt?: Failure | undefined;
  /** What the look did about the archive mailbox. */
  readonly archive?: ArchiveState | undefined;
}

/** Messages, at least one, newest first. */
export interface Found {
  readonly messages: readonly Message[];
  /** What the look did about the archive mailbox. Absent where no look was needed, or one folder was named. */
  readonly archive?: ArchiveState | undefined;
  /** Why there may be more of them: a place that could not be opened. */
  readonly unopened?: Failure | undefined;
}

/** What a look for a name gave: its messages, at least one, newest first; or that there is none. */
export type Located = Found | Absent;

export function isAbsent(seen: object): seen is Absent {
  return "absentFrom" in seen;
}

/** What of a mailbox is meant by a folder, or by none. */
export function requestedPlaces({ folder, includeRecoverable }: Within): Pick<SearchExtent, "places" | "folder"> {
  if (folder === undefined) return { places: includeRecoverable === true ? ["mailbox", "recoverable_items_deletions"] : ["mailbox"] };
  const { store, rest } = splitStore(folder);
  const isDeletions = /^recoverable ?items[\\/]? *deletions$/i.test(rest.trim());
  if (store !== "mailbox") return { places: [store === "archive" ? "archive" : "public_folders"], folder };
  return { places: [isDeletions ? "recoverable_items_deletions" : "folder"], folder };
}

/** `in 14 folders of hr@example.com`. */
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
