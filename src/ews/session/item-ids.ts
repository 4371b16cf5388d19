import { element, type Xml } from "../../wire/xml/write-xml.ts";
import type { FolderRef } from "../folders/folder-ref.ts";

/** An item as a request names it. */
export interface ItemRef {
  readonly id: string;
  readonly changeKey?: string | undefined;
}

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/itemid */
export function itemId({ id, changeKey }: ItemRef): Xml {
  return element("t:ItemId", { Id: id, ChangeKey: changeKey });
}

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/itemids */
export function itemIds(ids: readonly ItemRef[]): Xml {
  return element("m:ItemIds", undefined, ids.map(itemId));
}

/** Returns the name of a folder for `Operation.names`. */
export function folderName(folder: FolderRef): string {
  return "id" in folder ? folder.id : folder.distinguished;
}

/** Returns the names of items for `Operation.names`. */
export function itemNames(ids: readonly ItemRef[]): readonly string[] {
  return ids.map(({ id }) => id);
}

/**
 * Writes a folder by its id, or by its well-known name (with the mailbox, where it is another person's).
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/distinguishedfolderid
 */
export function folderId(folder: FolderRef): Xml {
  if ("id" in folder) return element("t:FolderId", { Id: folder.id, ChangeKey: folder.changeKey });
  const { distinguished, mailbox } = folder;
  return element(
    "t:DistinguishedFolderId",
    { Id: distinguished },
    mailbox === undefined ? undefined : element("t:Mailbox", undefined, element("t:EmailAddress", undefined, mailbox)),
  );
}

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/attachmentids */
export function attachmentIds(ids: readonly string[]): Xml {
  return element(
    "m:AttachmentIds",
    undefined,
    ids.map((id) => element("t:AttachmentId", { Id: id })),
  );
}
