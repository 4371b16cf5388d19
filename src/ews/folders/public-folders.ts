import { inStore, joinPath } from "../../exchange/folders/folder-names.ts";
import { type FolderNode, type FoundFolder, treeOf, walk } from "../../exchange/folders/folder-tree.ts";
import { incompleteFolderList, mayBeFaultOfOneItem, subfoldersNotListed } from "../../exchange/search/list-around-failures.ts";
import { isLocal } from "../../exchange/search/local-failure.ts";
import { Failure } from "../../failure.ts";
import { attempt } from "../../outcome.ts";
import { getFolder } from "../operations/get-folder.ts";
import type { EwsMailbox } from "../session/mailbox.ts";
import type { FolderRef } from "./folder-ref.ts";
import { listFolderTree } from "./list-folder-tree.ts";
import { publicRoot } from "./public-folder-ids.ts";

// Public folders cannot be listed deeply, so each costs a request. More than this is not a sensible place to search.
const mostFolders = 500;

/**
 * Follows a path in the public folders, level by level.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/public-folder-access-with-ews-in-exchange
 */
export async function resolvePublicPath(
  mailbox: EwsMailbox,
  parts: readonly string[],
): Promise<{ readonly ref: FolderRef; readonly missing: readonly string[] }> {
  let ref: FolderRef = { distinguished: "publicfoldersroot" };
  for (const [at, part] of parts.entries()) {
    const { folders, cuts } = await listFolderTree(mailbox, ref, "Shallow");
    const [cut] = cuts;
    const { node } = walk(treeOf(folders), [part]);
    if (node === undefined && cut !== undefined) throw incompleteFolderList(cut);
    if (node === undefined) return { ref, missing: parts.slice(at) };
    ref = { id: node.folderId };
  }
  return { ref, missing: [] };
}

/** Maximum depth of folders in Exchange. */
const mostParents = 300;

/** Returns the path of a public folder, reading its parents one by one. If a parent cannot be read, the path begins with `public:…`. */
export async function pathOfPublicFolder(mailbox: EwsMailbox, found: FoundFolder): Promise<string> {
  const names: string[] = [];
  const root = await attempt(() => mailbox.ask(getFolder, [{ distinguished: publicRoot }]));
  if (!root.ok && root.failure.code === "cancelled") throw root.failure;
  for (let folder = found; names.length < mostParents; ) {
    if (root.ok && folder.folderId === root.value.folderId) return inStore("public", joinPath(names));
    names.unshift(folder.displayName ?? "");
    const { parentFolderId } = folder;
    if (!root.ok || parentFolderId === undefined) break;
    if (parentFolderId === root.value.folderId) return inStore("public", joinPath(names));
    const parent = await attempt(() => mailbox.ask(getFolder, [{ id: parentFolderId }]));
    if (!parent.ok && parent.failure.code === "cancelled") throw parent.failure;
    if (!parent.ok) break;
    folder = parent.value;
  }
  return inStore("public", joinPath(["…", ...names]));
}

/**
 * Returns every folder below a public folder, parents before children. `above`: the names that lead to it. Folders that cannot be listed are passed
 * to `missed`, once the first level could be listed. Throws Failure.
 */
export async function listBelowPublicFolder(
  mailbox: EwsMailbox,
  top: FolderRef,
  above: readonly string[],
  missed: (failure: Failure) => void,
): Promise<readonly FolderNode[]> {
  const nodes: FolderNode[] = [];
  const seen = new Set<string>();
  const open = [{ ref: top, names: above, depth: 0 }];
  for (let next = open.shift(); next !== undefined; next = open.shift()) {
    const parentFolderId = "id" in next.ref ? next.ref.id : undefined;
    const listed = await attempt(() => listFolderTree(mailbox, next.ref, "Shallow"));
    if (!listed.ok) {
      if (next.ref === top || !(isLocal(listed.failure) || mayBeFaultOfOneItem(listed.failure))) throw listed.failure;
      missed(subfoldersNotListed(joinPath(next.names), listed.failure));
      continue;
    }
    for (const cut of listed.value.cuts) missed(cut);
    for (const found of listed.value.folders) {
      if (seen.has(found.folderId)) continue;
      seen.add(found.folderId);
      if (seen.size > mostFolders) {
        throw new Failure("too-large", `There are more than ${mostFolders} public folders there.`, {
          hint: "Name a folder further down, or set recursive to false.",
        });
      }
      const names = [...next.names, found.displayName ?? ""];
      const path = inStore("public", joinPath(names));
      nodes.push({
        ...found,
        parentFolderId: parentFolderId ?? found.parentFolderId,
        displayName: found.displayName ?? "",
        path,
        depth: next.depth,
      });
      open.push({ ref: { id: found.folderId }, names, depth: next.depth + 1 });
    }
  }
  return nodes;
}
