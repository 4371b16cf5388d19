import type { Folder, FolderName } from "../exchange/folder.ts";
import { Failure } from "../failure.ts";
import type { FoundFolder } from "./folder.ts";
import { joinPath, parseFolderName } from "./folder-names.ts";
import { type FolderNode, treeOf, walk } from "./folder-tree.ts";
import { createFolder } from "./operations/create-folder.ts";
import { findFolder } from "./operations/find-folder.ts";
import { getFolder } from "./operations/get-folder.ts";
import type { EwsMailbox } from "./session.ts";

export type { FolderNode } from "./folder-tree.ts";

/** What names a folder on the wire. */
export type FolderRef =
  | { readonly id: string; readonly changeKey?: string | undefined }
  /** `mailbox` is written for delegate access only. */
  | { readonly distinguished: string; readonly mailbox?: string | undefined };

/** The roots that can be listed. The folders below the second have paths that begin with `Recoverable Items/`. */
export type TreeRoot = "msgfolderroot" | "recoverableitemsroot";

const recoverable = "Recoverable Items";

/** The folders of one mailbox. */
export interface Folders {
  /** A well-known name or an id costs no request; a path costs the folder tree, once. Throws Failure `folder-not-found`. */
  resolve(name: FolderName): Promise<FolderRef>;
  /** A folder of the public folders, which are listed level by level. Throws Failure `folder-not-found`. */
  resolvePublic(name: FolderName): Promise<FolderRef>;
  /** The folder with its path and counts. Throws Failure `folder-not-found`. */
  get(name: FolderName): Promise<Folder>;
  /** Makes the folders of a path that are missing. */
  create(path: FolderName): Promise<Folder>;
  /** Every folder below the root, parents before children; asked once. */
  tree(root?: TreeRoot): Promise<readonly FolderNode[]>;
  /** A well-known folder of this mailbox, with the mailbox named where the access needs it. */
  distinguished(name: string): FolderRef;
}

export function openFolders(mailbox: EwsMailbox): Folders {
  const trees = new Map<TreeRoot, Promise<readonly FolderNode[]>>();

  function distinguished(name: string): FolderRef {
    return mailbox.access === "delegate" && name !== "publicfoldersroot"
      ? { distinguished: name, mailbox: mailbox.address }
      : { distinguished: name };
  }

  function tree(root: TreeRoot = "msgfolderroot"): Promise<readonly FolderNode[]> {
    const known = trees.get(root);
    if (known !== undefined) return known;
    const asked = list(mailbox, distinguished(root), "Deep").then((found) => treeOf(found, root === "msgfolderroot" ? [] : [recoverable]));
    trees.set(root, asked);
    // A listing that failed is asked again by the next who needs it.
    asked.catch(() => trees.delete(root));
    return asked;
  }

  /** Where a path leads in the mailbox, as far as it exists. */
  async function find(parts: readonly string[]): Promise<ReturnType<typeof walk>> {
    const found = walk(await tree(), parts);
    if (found.node === undefined && parts[0]?.toLowerCase() === recoverable.toLowerCase())
      return walk(await tree("recoverableitemsroot"), parts.slice(1));
    return found;
  }

  async function resolve(name: FolderName): Promise<FolderRef> {
    const parsed = parseFolderName(name);
    if (parsed.kind === "id") return { id: parsed.id };
    if (parsed.kind === "well-known" && parsed.certain) return distinguished(parsed.name);
    if (parsed.parts.length === 0) return distinguished("msgfolderroot");
    const { node, missing } = await find(parsed.parts);
    if (node !== undefined && missing.length === 0) return { id: node.folderId };
    if (parsed.kind === "well-known") return distinguished(parsed.name);
    throw noFolder(name, missing);
  }

  async function get(name: FolderName): Promise<Folder> {
    const ref = await resolve(name);
    const nodes = await tree();
    const known = nodes.find((node) => ("id" in ref ? node.folderId === ref.id : node.distinguished === ref.distinguished));
    if (known !== undefined) return folderOf(known, known.path);
    const found = await ask(ref, name);
    const node = nodes.find(({ folderId }) => folderId === found.folderId);
    const isRoot = !("id" in ref) && ref.distinguished === "msgfolderroot";
    return folderOf(found, node?.path ?? (isRoot ? "" : joinPath([found.displayName ?? name])));
  }

  async function ask(ref: FolderRef, name: FolderName): Promise<FoundFolder> {
    try {
      return await mailbox.ask(getFolder, [ref]);
    } catch (thrown) {
      // Exchange has one code for items and folders: here it was a folder that was named.
      if (thrown instanceof Failure && (thrown.code === "not-found" || thrown.code === "invalid-input")) throw noFolder(name, [], thrown);
      throw thrown;
    }
  }

  async function create(name: FolderName): Promise<Folder> {
    const parsed = parseFolderName(name);
    if (parsed.kind === "id" || parsed.parts.length === 0 || (parsed.kind === "well-known" && parsed.certain)) return get(name);
    const { node, missing } = await find(parsed.parts);
    if (missing.length === 0) return get(name);
    let parent: FolderRef = node === undefined ? distinguished("msgfolderroot") : { id: node.folderId };
    for (const displayName of missing) {
      try {
        parent = { id: (await mailbox.ask(createFolder, { parent, displayName })).folderId };
      } catch (thrown) {
        if (!(thrown instanceof Failure) || thrown.wireCode !== "ErrorFolderExists") throw thrown;
        // Somebody made it meanwhile: that is what was wanted.
        trees.clear();
        return create(name);
      }
    }
    trees.clear();
    return get(name);
  }

  async function resolvePublic(name: FolderName): Promise<FolderRef> {
    const parsed = parseFolderName(name);
    if (parsed.kind === "id") return { id: parsed.id };
    let ref: FolderRef = { distinguished: "publicfoldersroot" };
    for (const [at, part] of parsed.parts.entries()) {
      const { node } = walk(treeOf(await list(mailbox, ref, "Shallow")), [part]);
      if (node === undefined) throw noFolder(name, parsed.parts.slice(at));
      ref = { id: node.folderId };
    }
    return ref;
  }

  return { resolve, resolvePublic, get, create, tree, distinguished };
}

async function list(mailbox: EwsMailbox, parent: FolderRef, traversal: "Deep" | "Shallow"): Promise<readonly FoundFolder[]> {
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

function folderOf({ folderId, displayName = "", totalCount, folderClass }: FoundFolder, path: string): Folder {
  return { folderId, displayName, path, totalCount, folderClass };
}

function noFolder(name: FolderName, missing: readonly string[], cause?: Failure): Failure {
  const [first] = missing;
  const where = first === undefined || missing.length === 0 ? "" : `: there is no "${first}"`;
  return new Failure("folder-not-found", `The folder "${name}" was not found${where}.`, {
    wireCode: cause?.wireCode,
    requestId: cause?.requestId,
    cause,
  });
}
