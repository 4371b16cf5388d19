import { unnamedFolder } from "../../exchange/folders/folder-tree.ts";
import { mayBeFaultOfOneItem, subfoldersNotListed } from "../../exchange/search/list-around-failures.ts";
import { isLocal } from "../../exchange/search/local-failure.ts";
import type { Failure } from "../../failure.ts";
import { attempt } from "../../outcome.ts";
import { type FolderListing, foldersPerPage, type ListedFolder, listFolders } from "../requests/mail-folders.ts";
import { pagesAround } from "../search/list-around-failures.ts";
import type { GraphMailbox } from "../session/mailbox.ts";
import { endsShort } from "../session/paging.ts";
import type { FolderRef } from "./folder-ref.ts";
import { listAgain } from "./list-again.ts";

/** The result of listing the folders of a mailbox. */
export interface ListedFolders {
  /** A folder that cannot be listed is included by its id alone, where the service returns that. */
  readonly folders: readonly ListedFolder[];
  /** Reasons why folders, or facts about one, are missing. */
  readonly cuts: readonly Failure[];
}

/** The folders directly below another one. */
interface ListedLevel {
  /** Folders not listed before that have subfolders. */
  readonly withChildren: readonly ListedFolder[];
  /** Number of all folders that the pages contained. */
  readonly listed: number;
}

/**
 * Lists folders level by level, as Graph does, hidden ones included: they can hold messages, and whoever hides messages may make one. The folders of a level share batches. A folder that spoils its page, or whose subfolders cannot be
 * listed completely, is reported in `cuts`. Throws Failure for what concerns more than one folder, and for a first level that could not be read at all.
 */
export async function listFolderTree(mailbox: GraphMailbox): Promise<ListedFolders> {
  const all: ListedFolder[] = [];
  const cuts: Failure[] = [];
  const seen = new Set<string>();
  const take = (folders: readonly ListedFolder[]): ListedFolder[] => {
    const fresh = folders.filter(({ folderId }) => folderId !== "" && !seen.has(folderId));
    for (const { folderId } of fresh) seen.add(folderId);
    for (const one of fresh) all.push(one);
    return fresh.filter(({ hasChildren, isSearchFolder }) => hasChildren && !isSearchFolder);
  };
  let level: readonly ListedFolder[] = (await childrenAround(undefined)).withChildren;
  while (level.length > 0) {
    const next: ListedFolder[] = [];
    const short: ListedFolder[] = [];
    const parents = level.map(({ folderId }): FolderListing => ({ parent: { id: folderId } }));
    let index = 0;
    for await (const outcome of mailbox.each(listFolders, parents)) {
      const at = index++;
      const parent = parents[at]?.parent;
      const folder = level[at];
      if (outcome.ok && outcome.value.next === undefined && !endsShort(outcome.value, 0)) {
        for (const one of take(outcome.value.items)) next.push(one);
        if (folder !== undefined && outcome.value.length < (folder.childCount ?? 0)) short.push(folder);
        continue;
      }
      if (!outcome.ok) {
        const isSaidGone = outcome.failure.code === "not-found" || outcome.failure.code === "folder-not-found";
        if (isSaidGone && !(await isListed(mailbox, all, parent))) continue;
      }
      // After a broken page, and for a list with more pages, the list is requested from its beginning, so its positions have numbers.
      const cutsBefore = cuts.length;
      const children = await attempt(async () => {
        if (!outcome.ok && !mayBeFaultOfOneItem(outcome.failure)) throw outcome.failure;
        return await childrenAround(parent);
      });
      if (children.ok) {
        for (const one of children.value.withChildren) next.push(one);
        // A folder that spoiled its page is already in `cuts`.
        const accounted = children.value.listed + cuts.length - cutsBefore;
        if (folder !== undefined && accounted < (folder.childCount ?? 0)) short.push(folder);
      } else if (isLocal(children.failure) || mayBeFaultOfOneItem(children.failure))
        cuts.push(subfoldersNotListed(folder?.displayName ?? "", children.failure));
      else throw children.failure;
    }
    for await (const { subfolders, cut } of listAgain(mailbox, short)) {
      for (const one of take(subfolders)) next.push(one);
      if (cut !== undefined) cuts.push(cut);
    }
    level = next;
  }
  return { folders: all, cuts };

  async function childrenAround(parent: FolderRef | undefined): Promise<ListedLevel> {
    const withChildren: ListedFolder[] = [];
    let listed = 0;
    const list = {
      asking: (top?: number, skip?: number) => ({ parent, top, skip }),
      size: foldersPerPage,
      what: "the folder number",
      idOf: ({ folderId }: ListedFolder) => folderId,
      nameOf: async (skip: number) => {
        const named = await attempt(() => mailbox.ask(listFolders, { parent, top: 1, skip, idsOnly: true }));
        if (!named.ok && named.failure.code === "cancelled") throw named.failure;
        const folder = named.ok ? named.value.items[0] : undefined;
        if (folder === undefined || folder.folderId === "") return undefined;
        const above = parent !== undefined && "id" in parent ? parent.id : undefined;
        // It is not known whether the folder has subfolders, so they are requested.
        for (const one of take([{ ...unnamedFolder({ ...folder, parentFolderId: above }), hasChildren: true }])) withChildren.push(one);
        return folder.folderId;
      },
    };
    for await (const items of pagesAround(mailbox, listFolders, list, (failure) => cuts.push(failure))) {
      listed += items.length;
      for (const one of take(items)) withChildren.push(one);
    }
    return { withChildren, listed };
  }
}

/** Tells whether a folder is still listed in its parent: its subfolders are then needed, whatever the server says about it. */
async function isListed(mailbox: GraphMailbox, all: readonly ListedFolder[], folder: FolderRef | undefined): Promise<boolean> {
  const { folderId, parentFolderId = "" } = all.find((one) => folder !== undefined && "id" in folder && one.folderId === folder.id) ?? {};
  const parent = all.some((one) => one.folderId === parentFolderId) ? { id: parentFolderId } : undefined;
  for await (const { items } of mailbox.pages(listFolders, { parent })) if (items.some((one) => one.folderId === folderId)) return true;
  return false;
}
