// src/lab/graph/sign-in/: The callers of Graph in the lab, and the permissions of their tokens.

import { parseId } from "../../store/id.ts";
import type { LabAttachment } from "../../store/item.ts";
import type { LabFolder, LabItem, LabMailbox } from "../../store/mailbox.ts";
import { GraphError, itemNotFound, malformedId, otherMailbox } from "../errors.ts";
import { ewsId, findAttachment, findItem, isWellFormed } from "../ids.ts";
import type { Call } from "../operation.ts";

/**
 * Names of folders that Graph knows and this lab's mailboxes have.
 * @see https://learn.microsoft.com/en-us/graph/api/resources/mailfolder
 */
const wellKnown: ReadonlySet<string> = new Set([
  "archive",
  "conversationhistory",
  "deleteditems",
  "drafts",
  "inbox",
  "junkemail",
  "msgfolderroot",
  "outbox",
  "recoverableitemsdeletions",
  "searchfolders",
  "sentitems",
]);

/** Further names that Graph knows: folders that only some mailboxes have. */
const optionalFolders: ReadonlySet<string> = new Set([
  "clutter",
  "conflicts",
  "localfailures",
  "scheduled",
  "serverfailures",
  "syncissues",
]);

/** Returns the folder of this mailbox with a name or an id. Throws GraphError. */
export function folderNamed(name: string, call: Call): LabFolder {
  const known = name.toLowerCase();
  if (optionalFolders.has(known)) {
    throw new GraphError(404, "ErrorItemNotFound", `The specified object was not found in the store., Default folder ${name} not found.`);
  }
  if (wellKnown.has(known)) return call.mailbox.known(known);
  return folderWithId(name, call.mailbox);
}

/** The folder with this id. Throws GraphError. */
export function folderWithId(name: string, mailbox: LabMailbox): LabFolder {
  const id = ewsId(name);
  if (id === undefined || parseId(id)?.kind !== "folder") throw malformedId();
  const folder = mailbox.folder(id);
  if (folder === undefined || !isShown(folder)) throw itemNotFound();
  return folder;
}

/** Returns whether Graph shows a folder: those of the primary mailbox, and the first stage of the Recoverable Items. */
function isShown(folder: LabFolder): boolean {
  const { root } = folder.mailbox;
  if (folder === root || folder.isBelow(root)) return true;
  return folder.distinguishedName === "recoverableitemsdeletions" || folder.distinguishedName === "searchfolders";
}

/** Returns whether a message is permanently deleted. */
export function isPurged(item: LabItem): boolean {
  return item.folder.distinguishedName === "recoverableitemspurges";
}

/** Returns the message or contact with the id in the path, deleted ones included. Throws GraphError. */
export function itemNamed(id: string, call: Call): LabItem {
  if (!isWellFormed(id)) throw malformedId();
  const item = findItem(call.mailbox, id);
  if (item !== undefined) return item;
  const isOfAnother = call.store.mailboxes().some((mailbox) => mailbox !== call.mailbox && findItem(mailbox, id) !== undefined);
  throw isOfAnother ? otherMailbox() : itemNotFound();
}

/** Returns the message of `{message}`. A folder in the path must be its folder. Throws GraphError. */
export function messageAt(call: Call): LabItem {
  if (call.hasParameter("folder")) folderNamed(call.parameter("folder"), call);
  const item = itemNamed(call.parameter("message"), call);
  if (!isShown(item.folder)) throw itemNotFound();
  return item;
}

/** The attachment of `{attachment}` with the message that it hangs on. Throws GraphError. */
export function attachmentAt(call: Call): { readonly item: LabItem; readonly attachment: LabAttachment } {
  const item = messageAt(call);
  const id = call.parameter("attachment");
  if (!isWellFormed(id)) throw malformedId();
  const attachment = findAttachment(item, id);
  if (attachment === undefined) throw itemNotFound();
  return { item, attachment };
}
