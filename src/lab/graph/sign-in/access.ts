// src/lab/graph/sign-in/: Who may call Graph in the lab, and which permissions the token has.

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

/** Names that Graph knows besides: folders that only some mailboxes have. */
const optionalFolders: ReadonlySet<string> = new Set([
  "clutter",
  "conflicts",
  "localfailures",
  "scheduled",
  "serverfailures",
  "syncissues",
]);

/** The folder of this mailbox that a name or an id stands for. Throws GraphError. */
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

/** Whether Graph shows a folder: those of the primary mailbox, and of what is recoverable only the first stage. */
function isShown(folder: LabFolder): boolean {
  const { root } = folder.mailbox;
  if (folder === root || folder.isBelow(root)) return true;
  return folder.distinguishedName === "recoverableitemsdeletions" || folder.distinguishedName === "searchfolders";
}

/** Whether a message lies among what is deleted for good. */
export function isPurged(item: LabItem): boolean {
  return item.folder.distinguishedName === "recoverableitemspurges";
}

/** The message or contact that an id in the path names, deleted ones too. Throws GraphError. */
export function itemNamed(id: string, call: Call): LabItem {
  if (!isWellFormed(id)) throw malformedId();
  const item = findItem(call.mailbox, id);
  if (item !== undefined) return item;
  const isOfAnother = call.store.mailboxes().some((mailbox) => mailbox !== call.mailbox && findItem(mailbox, id) !== undefined);
  throw isOfAnother ? otherMailbox() : itemNotFound();
}

/** The message of `{message}`; where the path has a folder, that must be one. Throws GraphError. */
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
