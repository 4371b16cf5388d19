import { Failure } from "../failure.ts";
import { mailboxGuidOf, readableBytes } from "./mailbox-guid.ts";

/** Why a folder id is refused that is not shown to be of the mailbox: what is done with it must not be done elsewhere. */
export function foreignFolder(address: string): Failure {
  return new Failure("invalid-input", `This folder id is not shown to be of the mailbox ${address}.`, {
    hint: "Name the mailbox that the folder is in, or name the folder by its path, such as Inbox/Reports.",
  });
}

/** Why an item id is refused that is the id of a folder. */
export function folderForItem(): Failure {
  return new Failure("invalid-input", "This is the id of a folder, not of a message.", {
    hint: "Put the item_id of a message, or name the message by internet_message_id.",
  });
}

// The entry id of a folder has 46 bytes, that of a message 70 ([MS-OXCDATA] 2.2.4.1 and 2.2.4.2).
const folderEntryLength = 46;
const afterGuid = 39;

/**
 * Whether an id of Exchange says that it names a folder. False for an id of another form.
 * @see https://learn.microsoft.com/en-us/openspecs/exchange_server_protocols/ms-oxwsitemid/
 */
export function isFolderId(id: string): boolean {
  if (mailboxGuidOf(id) === undefined) return false;
  // After the GUID: how the id was processed (one byte), then the length of the entry id.
  const bytes = readableBytes(id) ?? [];
  return bytes[afterGuid + 1] === folderEntryLength && bytes[afterGuid + 2] === 0;
}
