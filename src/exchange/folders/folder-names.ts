// src/exchange/folders/: Folders without a protocol: their names, their paths and their tree.

import { composeUnicode } from "../../text/unicode-form.ts";
import type { FolderName } from "./folder.ts";

/** Well-known names that every mailbox has: they are taken as such without looking. */
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

/** Well-known names that a mailbox may lack, or that people give to folders of their own: a folder of that name comes first. */
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

const alwaysThere: ReadonlySet<string> = new Set(alwaysPresent);
const wellKnown: ReadonlySet<string> = new Set([...alwaysPresent, ...sometimesPresent]);

/** Whose folders are meant: those of the mailbox itself, of its archive mailbox, or the organisation's public folders. */
export type FolderStore = "mailbox" | "archive" | "public";

/** `archive:Inbox/Reports` and `public:Security` name another store than the mailbox; after the colon stands a name as always. */
export function splitStore(name: FolderName): { readonly store: FolderStore; readonly rest: FolderName } {
  const [, word, rest] = /^\s*(archive|public):(.*)$/is.exec(name) ?? [];
  if (word === undefined || rest === undefined) return { store: "mailbox", rest: name };
  return { store: word.toLowerCase() === "archive" ? "archive" : "public", rest };
}

/** What `name` is in a store, as `splitStore` takes it apart. */
export function inStore(store: FolderStore, path: string): FolderName {
  return store === "mailbox" ? path : `${store}:${path}`;
}

/** Well-known names that an archive mailbox has under a name of its own. Its other folders are found by what they are called. */
export function archiveName(name: string): string | undefined {
  const own = `archive${name}`;
  return name !== "inbox" && name !== "" && wellKnown.has(own) ? own : undefined;
}

/** What a caller's name for a folder says. */
export type ParsedName =
  /** `certain` is false where a folder of the person's own may bear the name. */
  | { readonly kind: "well-known"; readonly name: string; readonly certain: boolean; readonly parts: readonly string[] }
  | { readonly kind: "id"; readonly id: string }
  /** No parts: the root of the visible folders. */
  | { readonly kind: "path"; readonly parts: readonly string[] };

/**
 * Tells apart well-known names, ids and paths.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/distinguishedfolderid
 */
export function parseFolderName(name: FolderName): ParsedName {
  // Exchange's folder ids are longer than 100 characters of base64 without a space; no name of a folder has 255 or looks so. Those of other servers may
  // be an entry id alone: 46 bytes, of which the first four are zero ([MS-OXCDATA] 2.2.4.1). That of a public folder is one behind its kind, 1, and its length.
  // AAkALg begins an id of Microsoft Graph that stays when its item moves.
  if (/^([A-Za-z0-9+/_-]{80,}|(AAAAA|A[AQ]EuA|AAkALg)[A-Za-z0-9+/_-]{55,})={0,2}$/.test(name)) return { kind: "id", id: name };
  const parts = splitPath(name);
  const [only = ""] = parts;
  const known = parts.length === 1 ? wellKnownName(only) : undefined;
  if (known !== undefined) return { kind: "well-known", name: known, certain: alwaysThere.has(known), parts };
  return { kind: "path", parts };
}

/** `Deleted Items`, `DeletedItems` and `Junk E-mail` are as good as `deleteditems` and `junkemail`. */
export function wellKnownName(name: string): string | undefined {
  const squashed = name.toLowerCase().replace(/[\s-]/g, "");
  return wellKnown.has(squashed) ? squashed : undefined;
}

/** The names of a path: `/` and `\` stand between them, `\/` and `\\` for themselves. Empty ones are left out. */
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

/** The path that `splitPath` takes apart again. */
export function joinPath(parts: readonly string[]): string {
  return parts.map((name) => name.replace(/[\\/]/g, "\\$&")).join("/");
}

/** Two names of folders are the same to Exchange when they differ only in case. */
export function sameName(one: string, other: string): boolean {
  return fold(one) === fold(other);
}

function fold(name: string): string {
  return composeUnicode(name).toLowerCase();
}
