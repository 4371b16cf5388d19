import type { FoundFolder } from "../exchange/folder-tree.ts";
import type { FolderRef } from "./folders.ts";
import { findFolder } from "./operations/find-folder.ts";
import type { EwsMailbox } from "./session.ts";

/** The folders below one, over all pages. Throws Failure. */
export async function listFolders(mailbox: EwsMailbox, parent: FolderRef, traversal: "Deep" | "Shallow"): Promise<readonly FoundFolder[]> {
  const folders: FoundFolder[] = [];
  let offset: number | undefined = 0;
  while (offset !== undefined) {
    const page: { folders: readonly FoundFolder[]; nextOffset?: number | undefined } = await mailbox.ask(findFolder, {
      parent,
      traversal,
      offset,
    });
    folders.push(...page.folders);
    // A page that does not go on would be asked for ever.
    offset = page.nextOffset !== undefined && page.nextOffset > offset ? page.nextOffset : undefined;
  }
  return folders;
}
