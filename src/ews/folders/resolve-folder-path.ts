import type { Folder, FolderName } from "../../exchange/folders/folder.ts";
import {
  archiveName,
  type FolderStore,
  inStore,
  joinPath,
  parseFolderName,
  splitPath,
  splitStore,
} from "../../exchange/folders/folder-names.ts";
import { type FolderNode, type FoundFolder, treeOf, walk } from "../../exchange/folders/folder-tree.ts";
import { foreignFolder } from "../../exchange/foreign-id.ts";
import { incompleteFolderList } from "../../exchange/search/list-around-failures.ts";
import { mailboxNotOpened } from "../../exchange/search/unopened-folders.ts";
import { asFailure, Failure, throwDefect } from "../../failure.ts";
import { attempt, type Outcome } from "../../outcome.ts";
import { createFolder } from "../operations/create-folder.ts";
import type { FolderPage } from "../operations/find-folder.ts";
import { getFolder } from "../operations/get-folder.ts";
import { type ArchiveFound, archiveIn } from "../session/archive-mailbox.ts";
import { type EwsMailbox, requireAddress } from "../session/mailbox.ts";
import type { FolderRef } from "./folder-ref.ts";
import { firstPages, listFolderTree } from "./list-folder-tree.ts";
import type { ArchiveFolders, Folders, OneFolder, TreeRoot } from "./mailbox-folders.ts";
import { publicFolderOf } from "./public-folder-ids.ts";

const recoverable = "Recoverable Items";
const archiveRoot = "archivemsgfolderroot";

/** A path as far as it exists: the last folder, and the names that are missing below it. */
interface ResolvedPath {
  readonly ref: FolderRef;
  readonly missing: readonly string[];
}

export function openFolders(mailbox: EwsMailbox): Folders {
  const trees = new Map<TreeRoot, Promise<readonly FolderNode[]>>();
  const cuts = new Map<TreeRoot | "public", readonly Failure[]>();

  function distinguished(name: string): FolderRef {
    return mailbox.access === "delegate" && name !== "publicfoldersroot"
      ? { distinguished: name, mailbox: requireAddress(mailbox) }
      : { distinguished: name };
  }

  function tree(root: TreeRoot = "msgfolderroot"): Promise<readonly FolderNode[]> {
    const known = trees.get(root);
    if (known !== undefined) return known;
    const requested = (root === "msgfolderroot" ? firstOf(root) : Promise.resolve(undefined))
      .then((first) => listFolderTree(mailbox, distinguished(root), "Deep", first))
      .then(({ folders, cuts: own }) => {
        cuts.set(root, own);
        return nodesOf(root, folders);
      });
    return kept(root, requested);
  }

  function kept(root: TreeRoot, requested: Promise<readonly FolderNode[]>): Promise<readonly FolderNode[]> {
    const meant = root === archiveRoot ? archiveNotFound : mailboxNotOpened;
    const opened = requested.catch((thrown) => Promise.reject(meant(asFailure(thrown))));
    trees.set(root, opened);
    // After a failed listing, the next caller lists again.
    opened.catch(() => trees.delete(root));
    return opened;
  }

  /** Requests the first page of the mailbox's own folders. If it is not known whether there is an archive, its folders are requested as well. */
  async function firstOf(root: TreeRoot): Promise<Outcome<FolderPage> | undefined> {
    if (mailbox.archive.read() !== undefined) return undefined;
    const { first, second } = await firstPages(mailbox, distinguished(root), distinguished(archiveRoot));
    learn(second);
    // Further pages of the archive may never be needed.
    if (second.ok && second.value.nextOffset === undefined)
      void kept(archiveRoot, Promise.resolve(nodesOf(archiveRoot, second.value.folders)));
    return first;
  }

  function learn(outcome: Outcome<unknown>): ArchiveFound {
    if (!outcome.ok) throwDefect(outcome.failure);
    const found = archiveIn(outcome, mailbox.access);
    if (found !== undefined) mailbox.archive.write(found);
    return found ?? "unknown";
  }

  async function archive(): Promise<ArchiveFolders> {
    if (mailbox.archive.read() === "none") return { found: "none", nodes: [] };
    const nodes = await attempt(() => tree(archiveRoot));
    if (!nodes.ok && nodes.failure.code === "cancelled") throw nodes.failure;
    const found = learn(nodes);
    return nodes.ok ? { found, nodes: nodes.value } : { found, nodes: [], failure: found === "none" ? undefined : nodes.failure };
  }

  /** Follows a path in a store, as far as it exists. */
  async function reach(store: FolderStore, parts: readonly string[]): Promise<ResolvedPath> {
    if (store === "public") return (await import("./public-folders.ts")).resolvePublicPath(mailbox, parts);
    const root = store === "archive" ? "archivemsgfolderroot" : "msgfolderroot";
    const found = walk(await tree(root), parts);
    const isRecoverable = store === "mailbox" && found.node === undefined && parts[0]?.toLowerCase() === recoverable.toLowerCase();
    const { node, missing } = isRecoverable ? walk(await tree("recoverableitemsroot"), parts.slice(1)) : found;
    const [cut] = cuts.get(isRecoverable ? "recoverableitemsroot" : root) ?? [];
    if (missing.length > 0 && cut !== undefined) throw incompleteFolderList(cut);
    return { ref: node === undefined ? distinguished(root) : { id: node.folderId }, missing };
  }

  async function ownId(id: string): Promise<string> {
    const { isFolderHere } = await import("../session/id-ownership.ts");
    if (await isFolderHere(mailbox, id)) return id;
    throw foreignFolder(mailbox.address);
  }

  async function resolve(name: FolderName): Promise<FolderRef> {
    const { store, rest } = splitStore(name);
    const parsed = parseFolderName(rest);
    // Ids of folders do not change. Microsoft Graph writes the same ids with - and _ for / and +.
    if (parsed.kind === "id") return { id: await ownId(parsed.id.replaceAll("-", "/").replaceAll("_", "+")) };
    const known = parsed.kind === "well-known" ? nameInStore(store, parsed.name) : undefined;
    if (parsed.kind === "well-known" && parsed.certain && known !== undefined) return distinguished(known);
    const { ref, missing } = await reach(store, parsed.parts);
    if (missing.length === 0) return ref;
    if (known !== undefined) return distinguished(known);
    throw folderNotFound(name, missing);
  }

  async function get(name: FolderName): Promise<Folder> {
    const ref = await resolve(name);
    const { store, rest } = splitStore(name);
    if (store === "public") return folderOf(await ask(ref, name), inStore(store, joinPath(splitPath(rest))));
    const nodes = await tree(store === "archive" ? "archivemsgfolderroot" : "msgfolderroot");
    const known = nodes.find((node) => ("id" in ref ? node.folderId === ref.id : node.distinguished === ref.distinguished));
    if (known !== undefined) return folderOf(known, known.path);
    const found = await ask(ref, name);
    const path = parseFolderName(rest).kind === "id" ? await pathBehind(found) : undefined;
    if (path !== undefined) return folderOf(found, path);
    const node = nodes.find(({ folderId }) => folderId === found.folderId);
    const isRoot = !("id" in ref) && ref.distinguished.endsWith("msgfolderroot");
    return folderOf(found, node?.path ?? inStore(store, isRoot ? "" : joinPath([found.displayName ?? name])));
  }

  /** Returns the path of a folder that is not one of the mailbox's visible folders: in the Recoverable Items, the archive or the public folders. */
  async function pathBehind(found: FoundFolder): Promise<string | undefined> {
    if (publicFolderOf(found.folderId) !== undefined) return (await import("./public-folders.ts")).pathOfPublicFolder(mailbox, found);
    for (const root of ["recoverableitemsroot", archiveRoot] as const) {
      const nodes = await attempt(() => tree(root));
      if (!nodes.ok && nodes.failure.code === "cancelled") throw nodes.failure;
      const node = nodes.ok ? nodes.value.find(({ folderId }) => folderId === found.folderId) : undefined;
      if (node !== undefined) return node.path;
    }
    return undefined;
  }

  async function ask(ref: FolderRef, name: FolderName): Promise<FoundFolder> {
    try {
      return await mailbox.ask(getFolder, [ref]);
    } catch (thrown) {
      // Exchange has one code for items and folders; here a folder was named.
      const failure = asFailure(thrown);
      if (isCertain(name)) throw mailboxNotOpened(failure);
      if (failure.code === "not-found" || failure.code === "invalid-input") throw folderNotFound(name, [], failure);
      throw failure;
    }
  }

  async function only(name: FolderName): Promise<OneFolder> {
    const ref = await resolve(name);
    const found = await attempt(() => get(name));
    if (found.ok) return { ref, folderId: found.value.folderId, path: found.value.path };
    // An account that may open a folder may lack the right to list the folders around it. The path is only for people.
    if (found.failure.code === "cancelled" || found.failure.code === "folder-not-found") throw found.failure;
    throwDefect(found.failure);
    return { ref, folderId: undefined, path: undefined };
  }

  /** `tries`: how often the server may say that a missing folder exists. One that it then does not list is a folder that the account may not see. */
  async function create(name: FolderName, tries = 2): Promise<Folder> {
    const { store, rest } = splitStore(name);
    const parsed = parseFolderName(rest);
    const isThere = parsed.kind === "well-known" && parsed.certain && nameInStore(store, parsed.name) !== undefined;
    if (parsed.kind === "id" || parsed.parts.length === 0 || isThere) return get(name);
    const { ref, missing } = await reach(store, parsed.parts);
    if (missing.length === 0) return get(name);
    let parent = ref;
    for (const displayName of missing) {
      try {
        parent = { id: (await mailbox.ask(createFolder, { parent, displayName })).folderId };
      } catch (thrown) {
        if (!(thrown instanceof Failure) || thrown.wireCode !== "ErrorFolderExists" || tries <= 1) throw thrown;
        // Somebody else created it meanwhile, which is the desired result.
        trees.clear();
        return create(name, tries - 1);
      }
    }
    trees.clear();
    return get(name);
  }

  async function around(name: FolderName): Promise<readonly FolderNode[]> {
    const { store, rest } = splitStore(name);
    if (store === "public") {
      const missed: Failure[] = [];
      cuts.set("public", missed);
      return (await import("./public-folders.ts")).listBelowPublicFolder(mailbox, await resolve(name), splitPath(rest), (failure) =>
        missed.push(failure),
      );
    }
    const isRecoverable = /^recoverable ?items/i.test(rest.trim());
    if (store === "archive") {
      if (!isRecoverable) return tree("archivemsgfolderroot");
      throw new Failure("unsupported", `The folders below ${name} cannot be listed.`, { hint: "Set recursive to false." });
    }
    return tree(isRecoverable ? "recoverableitemsroot" : "msgfolderroot");
  }

  const resolvePublic = (name: FolderName) => resolve(inStore("public", splitStore(name).rest));
  return {
    resolve,
    resolvePublic,
    get,
    only,
    create: (name) => create(name),
    tree,
    cut: () => [...cuts.values()].flat(),
    archive,
    around,
    distinguished,
  };
}

function nodesOf(root: TreeRoot, found: readonly FoundFolder[]): readonly FolderNode[] {
  if (root !== archiveRoot) return treeOf(found, root === "msgfolderroot" ? [] : [recoverable]);
  return treeOf(found).map((node) => ({ ...node, path: inStore("archive", node.path) }));
}

/** Converts "not found" for an archive. A mailbox may have no archive, and an account that may not open one gets the same reply. */
function archiveNotFound(failure: Failure): Failure {
  if (failure.code !== "not-found") return failure;
  const { message, wireCode, requestId } = failure;
  return new Failure("folder-not-found", `The mailbox has no archive, or the account may not open it: ${message}`, {
    wireCode,
    requestId,
    cause: failure,
  });
}

/** Tells whether a name stands for a folder that every mailbox has. */
function isCertain(name: FolderName): boolean {
  const { store, rest } = splitStore(name);
  const parsed = parseFolderName(rest);
  return store === "mailbox" && parsed.kind === "well-known" && parsed.certain && parsed.name !== "publicfoldersroot";
}

/** Returns the name of a well-known folder in a store; undefined where the store has none with this name. */
function nameInStore(store: FolderStore, name: string): string | undefined {
  if (store === "mailbox") return name;
  return store === "archive" ? archiveName(name) : undefined;
}

function folderOf({ folderId, displayName = "", totalCount, folderClass }: FoundFolder, path: string): Folder {
  return { folderId, displayName, path, totalCount, folderClass };
}

function folderNotFound(name: FolderName, missing: readonly string[], cause?: Failure): Failure {
  const [first] = missing;
  const where = first === undefined || missing.length === 0 ? "" : `: there is no "${first}"`;
  return new Failure("folder-not-found", `The folder "${name}" was not found${where}.`, {
    wireCode: cause?.wireCode,
    requestId: cause?.requestId,
    cause,
  });
}
