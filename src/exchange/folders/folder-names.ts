// src/exchange/folders/: Folders without a protocol: their names, their paths and their tree.

import { composeUnicode } from "../../text/unicode-form.ts";
import type { FolderName } from "./folder.ts";

/** Well-known names that every mailbox has. They are accepted without a search for a folder of that name. */
const alwaysPresent = [
  "calendar",
  "contacts",
  "deleteditems",
  "drafts",
  "inbox",
  "journal",
  "junkemail",
  "msgfolderroot",
  "notes",
  "outbox",
  "publicfoldersroot",
  "recoverableitemsdeletions",
  "recoverableitemspurges",
  "recoverableitemsroot",
  "recoverableitemsversions",
  "root",
  "searchfolders",
  "sentitems",
  "tasks",
];

/** Well-known names that a mailbox may lack, or that people give to their own folders. A folder with that name takes precedence. */
const sometimesPresent = [
  "adminauditlogs",
  "archive",
  "archivedeleteditems",
  "archiveinbox",
  "archivemsgfolderroot",
  "archiverecoverableitemsdeletions",
  "archiverecoverableitemsdiscoveryholds",
  "archiverecoverableitemspurges",
  "archiverecoverableitemsroot",
  "archiverecoverableitemsversions",
  "archiveroot",
  "conflicts",
  "conversationhistory",
  "directory",
  "favorites",
  "imcontactlist",
  "localfailures",
  "mycontacts",
  "peopleconnect",
  "quickcontacts",
  "recipientcache",
  "recoverableitemsdiscoveryholds",
  "serverfailures",
  "syncissues",
  "todosearch",
  "voicemail",
];

/** The well-known names that every mailbox has, for completion. */
export const folderNameWords: readonly string[] = alwaysPresent;

const alwaysThere: ReadonlySet<string> = new Set(alwaysPresent);
const wellKnown: ReadonlySet<string> = new Set([...alwaysPresent, ...sometimesPresent]);

/** Which folders are meant: those of the mailbox, of its archive mailbox, or the organisation's public folders. */
export type FolderStore = "mailbox" | "archive" | "public";

/** Splits the store off a name: `archive:Inbox/Reports` and `public:Security` name a store other than the mailbox; a usual name follows the colon. */
export function splitStore(name: FolderName): { readonly store: FolderStore; readonly rest: FolderName } {
  const [, word, rest] = /^\s*(archive|public):(.*)$/is.exec(name) ?? [];
  if (word === undefined || rest === undefined) return { store: "mailbox", rest: name };
  return { store: word.toLowerCase() === "archive" ? "archive" : "public", rest };
}

/** Returns the name of `path` in a store, the reverse of `splitStore`. */
export function inStore(store: FolderStore, path: string): FolderName {
  return store === "mailbox" ? path : `${store}:${path}`;
}

/** Returns the well-known name that the archive mailbox has for a folder; undefined for folders that are found by their display name. */
export function archiveName(name: string): string | undefined {
  const own = `archive${name}`;
  return name !== "inbox" && name !== "" && wellKnown.has(own) ? own : undefined;
}

/** A caller's name for a folder, parsed. */
export type ParsedName =
  /** `certain` is false where a personal folder may have this name. */
  | { readonly kind: "well-known"; readonly name: string; readonly certain: boolean; readonly parts: readonly string[] }
  | { readonly kind: "id"; readonly id: string }
  /** No parts: the root of the visible folders. */
  | { readonly kind: "path"; readonly parts: readonly string[] };

/**
 * Distinguishes well-known names, ids and paths.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/distinguishedfolderid
 */
export function parseFolderName(name: FolderName): ParsedName {
  // Folder ids of Exchange have more than 100 base64 characters without a space; no folder name has 255 characters or this form. Ids of other servers
  // may be a bare entry id: 46 bytes, of which the first four are zero ([MS-OXCDATA] 2.2.4.1). The id of a public folder is an entry id after its
  // kind (1) and its length. AAkALg begins an immutable id of Microsoft Graph.
  if (/^([A-Za-z0-9+/_-]{80,}|(AAAAA|A[AQ]EuA|AAkALg)[A-Za-z0-9+/_-]{55,})={0,2}$/.test(name)) return { kind: "id", id: name };
  const parts = splitPath(name);
  const [only = ""] = parts;
  const known = parts.length === 1 ? wellKnownName(only) : undefined;
  if (known !== undefined) return { kind: "well-known", name: known, certain: alwaysThere.has(known), parts };
  return { kind: "path", parts };
}

/** Returns the well-known name for a spelling: `Deleted Items`, `DeletedItems` and `Junk E-mail` mean `deleteditems` and `junkemail`. */
export function wellKnownName(name: string): string | undefined {
  const squashed = name.toLowerCase().replace(/[\s-]/g, "");
  return wellKnown.has(squashed) ? squashed : undefined;
}

/** Splits a path at `/` and `\`; `\/` and `\\` stand for the characters themselves. Empty names are left out. */
export function splitPath(path: string): string[] {
  const parts: string[] = [];
  let part = "";
  for (let at = 0; at < path.length; at++) {
    const character = path.charAt(at);
    const next = path.charAt(at + 1);
    if (character === "\\" && (next === "/" || next === "\\")) {
      part += next;
      at++;
    } else if (character === "/" || character === "\\") {
      parts.push(part);
      part = "";
    } else part += character;
  }
  parts.push(part);
  return parts.map((name) => name.trim()).filter((name) => name !== "");
}

/** Joins names to a path that `splitPath` splits again. */
export function joinPath(parts: readonly string[]): string {
  return parts.map((name) => name.replace(/[\\/]/g, "\\$&")).join("/");
}

/** Compares two folder names as Exchange does, ignoring case. */
export function sameName(one: string, other: string): boolean {
  return fold(one) === fold(other);
}

function fold(name: string): string {
  return composeUnicode(name).toLowerCase();
}
