import { Failure } from "../failure.ts";
import { mailboxGuidOf, readableBytes } from "./mailbox-guid.ts";

/** Returns the Failure for a folder id that is not shown to belong to the mailbox: an action on it could change another mailbox. */
export function foreignFolder(address: string): Failure {
  return new Failure("invalid-input", `This folder id is not shown to belong to the mailbox ${address}.`, {
    hint: "Name the mailbox that the folder is in, or name the folder by its path, such as Inbox/Reports.",
  });
}

/** Returns the Failure for an item id that is the id of a folder. */
export function folderForItem(): Failure {
  return new Failure("invalid-input", "This is the id of a folder, not of a message.", {
    hint: "Give the item_id of a message, or name the message by internet_message_id.",
  });
}

// The entry id of a folder has 46 bytes, the entry id of a message 70 ([MS-OXCDATA] 2.2.4.1 and 2.2.4.2).
const folderEntryLength = 46;
const afterGuid = 39;

/**
 * Tells whether an Exchange id names a folder. False for an id of another form.
 * @see https://learn.microsoft.com/en-us/openspecs/exchange_server_protocols/ms-oxwsitemid/
 */
export function isFolderId(id: string): boolean {
  if (mailboxGuidOf(id) === undefined) return false;
  // The GUID is followed by the kind of processing (one byte) and the length of the entry id.
  const bytes = readableBytes(id) ?? [];
  return bytes[afterGuid + 1] === folderEntryLength && bytes[afterGuid + 2] === 0;
}
