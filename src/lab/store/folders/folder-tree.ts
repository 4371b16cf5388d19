import type { LabFolder } from "../mailbox.ts";
import { StoreError } from "../store-error.ts";

/** The folder that the items of a deleted or emptied folder go to. */
export type Disposal = "deleteditems" | "recoverableitemsdeletions" | "recoverableitemspurges";

const isPublic = ({ mailbox }: LabFolder): boolean => mailbox.distinguished("publicfoldersroot") !== undefined;

/** Copies a folder with everything in it; the copies have ids of their own. */
export function copyFolder(folder: LabFolder, parent: LabFolder): LabFolder {
  if (parent === folder || parent.isBelow(folder)) throw new StoreError("folder-into-itself", "A folder cannot be copied into itself.");
  const made = parent.mailbox.createFolder(parent, folder.name, folder.folderClass, { isHidden: folder.isHidden });
  if (folder.extended.size > 0) made.mailbox.updateFolder(made, { extended: folder.extended });
  for (const item of [...folder.items.values()]) folder.mailbox.copy(item, made);
  for (const child of [...folder.children]) copyFolder(child, made);
  return made;
}

/** Returns a name that no folder in either parent has: Exchange numbers a deleted folder whose name is taken in Deleted Items. */
function freeName(folder: LabFolder, parent: LabFolder): string {
  const isTaken = (name: string): boolean =>
    [folder.parent, parent].some((one) => one?.child(name) !== undefined && one.child(name) !== folder);
  let name = folder.name;
  for (let number = 1; isTaken(name); number += 1) name = `${folder.name}${number}`;
  return name;
}

/** Deletes a folder: moves it to Deleted Items with its contents, or removes it and moves its items, those of its subfolders included. */
export function deleteFolder(folder: LabFolder, to: Disposal): void {
  const { mailbox } = folder;
  if (folder.distinguishedName !== undefined) throw new StoreError("distinguished-folder", "A default folder cannot be deleted.");
  if (to === "deleteditems" && !isPublic(folder)) {
    const target = mailbox.known(to);
    const name = freeName(folder, target);
    if (name !== folder.name) mailbox.updateFolder(folder, { name });
    mailbox.moveFolder(folder, target);
    return;
  }
  for (const one of [folder, ...folder.descendants()]) disposeItems(one, to);
  mailbox.removeFolder(folder);
}

function disposeItems(folder: LabFolder, to: Disposal): void {
  for (const item of [...folder.items.values()]) {
    if (isPublic(folder) || folder.distinguishedName === to) folder.mailbox.remove(item);
    else folder.mailbox.move(item, folder.mailbox.known(to));
  }
}

/** Deletes the items of a folder, and with `subfolders` the folders below it as well. Items that are in Deleted Items already are moved on. */
export function emptyFolder(folder: LabFolder, to: Disposal, subfolders: boolean): void {
  const onward = to === "deleteditems" && folder.distinguishedName === to ? "recoverableitemsdeletions" : to;
  disposeItems(folder, onward);
  if (subfolders) for (const child of folder.children.filter((one) => one.distinguishedName === undefined)) deleteFolder(child, onward);
}
