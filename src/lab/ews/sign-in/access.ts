// src/lab/ews/sign-in/: The callers of EWS in the lab, and the mailboxes that each may open.

import { idOf, isWellFormedChangeKey, type ParsedId, parseId } from "../../store/id.ts";
import type { LabAttachment } from "../../store/item.ts";
import type { LabFolder, LabItem, LabMailbox } from "../../store/mailbox.ts";
import type { XmlElement } from "../../xml.ts";
import { ItemError, messageValues, type RequestContext } from "../operation.ts";

// Checks access. Exchange does not distinguish a missing object from one that the account may not see: both are ErrorItemNotFound.
// https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/responsecode

const notFound = (): ItemError => new ItemError("ErrorItemNotFound", "The specified object was not found in the store.");

export function nonExistentMailbox(address: string): ItemError {
  return new ItemError(
    "ErrorNonExistentMailbox",
    "The SMTP address has no mailbox associated with it.",
    messageValues({ SmtpAddress: address }),
  );
}

/** Returns the mailbox whose rights the call has. */
export function ownMailbox(context: RequestContext): LabMailbox {
  const mailbox = context.store.mailbox(context.acting.address);
  if (mailbox === undefined) throw nonExistentMailbox(context.acting.address);
  return mailbox;
}

/** Returns the mailbox with an address. Throws `ErrorAccessDenied` if the acting user may not open it. */
export function mailboxAt(address: string | undefined, context: RequestContext): LabMailbox {
  if (address === undefined) return ownMailbox(context);
  const mailbox = context.store.mailbox(address);
  if (mailbox === undefined) throw nonExistentMailbox(address);
  if (!context.store.mayOpen(context.acting, mailbox))
    throw new ItemError("ErrorAccessDenied", "Access is denied. Check credentials and try again.");
  return mailbox;
}

function readId(element: XmlElement, context: RequestContext): ParsedId {
  const id = element.attributes.get("Id") ?? "";
  if (id === "") throw new ItemError("ErrorInvalidIdEmpty", "Id must be non-empty.");
  const parsed = parseId(id);
  if (parsed === undefined) throw new ItemError("ErrorInvalidIdMalformed", "Id is malformed.");
  const changeKey = element.attributes.get("ChangeKey");
  // An empty ChangeKey means no change key.
  if (changeKey && !isWellFormedChangeKey(changeKey)) throw new ItemError("ErrorInvalidChangeKey", "The change key is invalid.");
  const mailbox = context.store.mailboxByGuid(parsed.mailbox);
  if (mailbox === undefined) {
    throw new ItemError(
      "ErrorNonExistentMailbox",
      "The mailbox of this id does not exist.",
      messageValues({ MailboxGuid: parsed.mailbox }),
    );
  }
  if (!context.store.mayOpen(context.acting, mailbox)) throw notFound();
  return parsed;
}

/** The folder that t:FolderId or t:DistinguishedFolderId names. Throws ItemError. */
export function folderAt(element: XmlElement, context: RequestContext): LabFolder {
  if (element.name === "DistinguishedFolderId") return distinguishedFolder(element, context);
  if (element.name === "AddressListId")
    throw new ItemError("ErrorInvalidFolderTypeForOperation", "An address list is no folder of a mailbox.");
  const parsed = readId(element, context);
  if (parsed.kind !== "folder") throw new ItemError("ErrorCannotUseItemIdForFolderId", "Id must be a folder id.");
  const folder = context.store.folder(element.attributes.get("Id") ?? "");
  if (folder === undefined) throw notFound();
  return folder;
}

function distinguishedFolder(element: XmlElement, context: RequestContext): LabFolder {
  const name = element.attributes.get("Id") ?? "";
  if (name.startsWith("publicfoldersroot")) {
    const root = context.store.publicFolders?.distinguished(name);
    if (root !== undefined) return root;
    throw new ItemError("ErrorNoPublicFolderReplicaAvailable", "There is no public folder replica available.");
  }
  const address = element.textAt("Mailbox", "EmailAddress");
  const mailbox = address === undefined ? ownMailbox(context) : context.store.mailbox(address);
  if (mailbox === undefined) throw nonExistentMailbox(address ?? "");
  const mayOpen = context.store.mayOpen(context.acting, mailbox);
  const store = /^archive./.test(name) ? context.store.archiveOf(mailbox) : mailbox;
  // For a mailbox without an archive, Exchange 2016 was seen to reply with this error: https://github.com/ecederstrand/exchangelib/issues/374
  if (store === undefined && mayOpen) throw new ItemError("ErrorFolderNotFound", "The specified folder could not be found in the store.");
  const folder = mayOpen ? store?.distinguished(name) : undefined;
  if (folder === undefined) throw new ItemError("ErrorItemNotFound", "The specified folder could not be found in the store.");
  return folder;
}

/** Returns whether the account may do more than read: with the habit `read-only-delegates` only the owner may. */
export function mayChange(mailbox: LabMailbox, { habits, acting, store }: RequestContext): boolean {
  return !habits.has("read-only-delegates") || mailbox === store.publicFolders || mailbox.user === acting;
}

/** Throws ItemError `ErrorAccessDenied` if the operation changes a mailbox that the account may only read. CopyItem changes only its destination. */
export function checkChange(mailbox: LabMailbox, context: RequestContext, reads?: RegExp): void {
  if (reads?.test(context.request.name) || mayChange(mailbox, context)) return;
  throw new ItemError("ErrorAccessDenied", "Access is denied. Check credentials and try again.");
}

/** The folder that m:ToFolderId, m:SavedItemFolderId, m:ParentFolderId or m:SyncFolderId holds. Throws ItemError. */
export function targetFolder(element: XmlElement, context: RequestContext): LabFolder {
  const folder = element.children[0];
  if (folder === undefined) throw notFound();
  const target = folderAt(folder, context);
  checkChange(target.mailbox, context, /^Sync/);
  return target;
}

/**
 * Returns the item that t:ItemId, or another element of its type, names. Accepts an outdated ChangeKey: reads, moves and deletions do not need it. Throws
 * ItemError.
 */
export function itemAt(element: XmlElement, context: RequestContext): LabItem {
  if (/^(Occurrence|RecurringMaster)/.test(element.name)) {
    // Occurrences of series: the store has none, so every such id is wrong.
    throw new ItemError("ErrorCalendarIsNotRecurringMaster", "The item is not a recurring master.");
  }
  const parsed = readId(element, context);
  if (parsed.kind === "folder") throw new ItemError("ErrorCannotUseFolderIdForItemId", "Id must be an item id.");
  if (parsed.kind === "attachment") throw new ItemError("ErrorInvalidId", "Id must be an item id.");
  const item = context.store.item(element.attributes.get("Id") ?? "");
  if (item === undefined) throw notFound();
  checkChange(item.folder.mailbox, context, /^(Get|Export|Expand|CopyItem$|CreateItem$)/);
  return item;
}

/** As `itemAt`; with the habit `opens-deleted` also by the id that a soft-deleted item had. Throws ItemError. */
export function openableItemAt(element: XmlElement, context: RequestContext): LabItem {
  const deleted = context.habits.deletedItem(element.attributes.get("Id") ?? "");
  return deleted !== undefined && context.store.mayOpen(context.acting, deleted.folder.mailbox) ? deleted : itemAt(element, context);
}

/** The attachment that t:AttachmentId names, with the item at its root. Throws ItemError. */
export function attachmentAt(element: XmlElement, context: RequestContext): { readonly item: LabItem; readonly attachment: LabAttachment } {
  const parsed = readId(element, context);
  if (parsed.kind !== "attachment") throw new ItemError("ErrorInvalidIdNotAnItemAttachmentId", "Id must be an attachment id.");
  const id = element.attributes.get("Id") ?? "";
  const found = context.store.attachment(id);
  if (found !== undefined) {
    checkChange(found.item.folder.mailbox, context, /^Get/);
    return found;
  }
  // With its item gone it is not found; when only the attachment is gone, its id is invalid.
  if (context.store.item(idOf(parsed.mailbox, parsed.entry)) === undefined) throw notFound();
  throw new ItemError("ErrorInvalidAttachmentId", "The attachment was not found among those of the item.");
}
