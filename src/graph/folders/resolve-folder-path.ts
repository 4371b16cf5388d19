import type { Folder, FolderName } from "../../exchange/folders/folder.ts";
import { joinPath, type ParsedName, parseFolderName, splitStore, wellKnownName } from "../../exchange/folders/folder-names.ts";
import { type FolderNode, type FoundFolder, treeOf, walk } from "../../exchange/folders/folder-tree.ts";
import { incompleteFolderList } from "../../exchange/search/list-around-failures.ts";
import { mailboxNotOpened } from "../../exchange/search/unopened-folders.ts";
import { asFailure, Failure, throwDefect } from "../../failure.ts";
import { attempt } from "../../outcome.ts";
import { createFolder, getFolder, type ListedFolder } from "../requests/mail-folders.ts";
import { folderNotFound, unknownFolder } from "../session/id-ownership.ts";
import type { GraphMailbox } from "../session/mailbox.ts";
import { restId } from "../session/request-description.ts";
import type { FolderRef } from "./folder-ref.ts";
import { listFolderTree } from "./list-folder-tree.ts";
import type { Folders, OneFolder } from "./mailbox-folders.ts";

/** The well-known names that Graph accepts. @see https://learn.microsoft.com/en-us/graph/api/resources/mailfolder */
const wellKnownNames: ReadonlySet<string> = new Set(
  (
    "archive clutter conflicts conversationhistory deleteditems drafts inbox junkemail localfailures msgfolderroot outbox " +
    "recoverableitemsdeletions scheduled searchfolders sentitems serverfailures syncissues"
  ).split(" "),
);

const root: FolderRef = { distinguished: "msgfolderroot" };

/** A path as far as it exists: the last folder, and the names that are missing below it. */
interface ResolvedPath {
  readonly ref: FolderRef;
  readonly missing: readonly string[];
}

export function openFolders(mailbox: GraphMailbox): Folders {
  let requested: Promise<readonly FolderNode[]> | undefined;
  let cuts: readonly Failure[] = [];

  function tree(): Promise<readonly FolderNode[]> {
    if (requested !== undefined) return requested;
    const listing = listFolderTree(mailbox).then(
      ({ folders, cuts: own }) => {
        cuts = own;
        return treeOf(folders);
      },
      (thrown) => Promise.reject(mailboxNotOpened(asFailure(thrown))),
    );
    requested = listing;
    // After a failed listing, the next caller lists again.
    listing.catch(() => {
      requested = undefined;
    });
    return listing;
  }

  async function reach(parts: readonly string[]): Promise<ResolvedPath> {
    const nodes = await tree();
    const found = walk(nodes, parts);
    const [first = ""] = parts;
    const name = wellKnownName(first);
    // The mailbox may use another language. Graph does not list well-known names, but returns a folder by its well-known name.
    if (found.node !== undefined || name === undefined || !wellKnownNames.has(name)) return reached(found);
    const top = await topOf(name, nodes);
    if (top === undefined) return reached(found);
    const below = walk(
      nodes.map((node) => (node.folderId === top.folderId ? { ...node, distinguished: name } : node)),
      parts,
    );
    return reached(below);
  }

  async function topOf(name: string, nodes: readonly FolderNode[]): Promise<FolderNode | undefined> {
    const found = await ask({ distinguished: name }, name);
    return nodes.find(({ folderId }) => folderId === found.folderId);
  }

  function reached({ node, missing }: { readonly node: FolderNode | undefined; readonly missing: readonly string[] }): ResolvedPath {
    const [cut] = cuts;
    if (missing.length > 0 && cut !== undefined) throw incompleteFolderList(cut);
    return { ref: node === undefined ? root : { id: node.folderId }, missing };
  }

  function parsed(name: FolderName): ParsedName {
    const { store, rest } = splitStore(name);
    if (store === "mailbox") return parseFolderName(rest);
    const what = store === "archive" ? "The archive mailbox" : "The public folders";
    throw new Failure("unsupported", `${what} cannot be reached over Microsoft Graph.`, {
      hint: "Exchange Web Services reach them, where they are still allowed.",
    });
  }

  async function resolve(name: FolderName): Promise<FolderRef> {
    const parts = parsed(name);
    if (parts.kind === "id") return { id: parts.id };
    if (parts.kind === "well-known" && parts.certain) return wellKnown(parts.name);
    const { ref, missing } = await reach(parts.parts);
    if (missing.length === 0) return ref;
    if (parts.kind === "well-known") return wellKnown(parts.name);
    throw folderNotFound(name, missing);
  }

  async function get(name: FolderName): Promise<Folder> {
    const ref = await resolve(name);
    const nodes = await tree();
    const listed = "id" in ref ? nodes.find(({ folderId }) => folderId === restId(ref.id)) : undefined;
    if (listed !== undefined) return folderOf(listed, listed.path);
    const found = await ask(ref, name);
    const node = nodes.find(({ folderId }) => folderId === found.folderId);
    const isRoot = "distinguished" in ref && ref.distinguished === "msgfolderroot";
    return folderOf(found, node?.path ?? (isRoot ? "" : joinPath([found.displayName ?? name])));
  }

  async function ask(ref: FolderRef, name: FolderName): Promise<ListedFolder> {
    try {
      return await mailbox.ask(getFolder, ref);
    } catch (thrown) {
      // Graph has one code for items and folders; here a folder was named.
      const failure = asFailure(thrown);
      const meant = parseFolderName(name);
      if (meant.kind === "well-known" && meant.certain) throw mailboxNotOpened(failure);
      if (failure.code === "not-found" || failure.code === "invalid-input") throw await unknownFolder(mailbox, name, failure);
      throw failure;
    }
  }

  async function only(name: FolderName): Promise<OneFolder> {
    const ref = await resolve(name);
    const found = await attempt(() => get(name));
    if (found.ok) return { ref, folderId: found.value.folderId, path: found.value.path };
    // An account that may open a folder may lack the right to list the folders around it. The path is only for people.
    if (isDecided(found.failure)) throw found.failure;
    throwDefect(found.failure);
    return { ref, folderId: undefined, path: undefined };
  }

  /** `tries`: how often the server may say that a missing folder exists. One that it then does not list is a folder that the account may not see. */
  async function create(name: FolderName, tries = 2): Promise<Folder> {
    const parts = parsed(name);
    if (parts.kind === "id" || parts.parts.length === 0 || (parts.kind === "well-known" && parts.certain)) return get(name);
    const { ref, missing } = await reach(parts.parts);
    let parent = ref;
    for (const displayName of missing) {
      try {
        parent = { id: (await mailbox.ask(createFolder, { parent, displayName })).folderId };
      } catch (thrown) {
        if (!(thrown instanceof Failure) || thrown.wireCode?.toLowerCase() !== "errorfolderexists" || tries <= 1) throw thrown;
        // Somebody else, or the first try, created it meanwhile, which is the desired result.
        requested = undefined;
        return create(name, tries - 1);
      }
    }
    if (missing.length > 0) requested = undefined;
    return get(name);
  }

  return { resolve, get, only, create: (name) => create(name), tree, cut: () => cuts };
}

function wellKnown(name: string): FolderRef {
  if (wellKnownNames.has(name)) return { distinguished: name };
  throw new Failure("unsupported", `Microsoft Graph does not give access to the folder ${name}.`, {
    hint: "Of the Recoverable Items it gives recoverableitemsdeletions; Exchange Web Services give the rest.",
  });
}

/** Tells whether the folder does not exist, or its id does not belong to this mailbox. */
function isDecided({ code }: Failure): boolean {
  return code === "cancelled" || code === "folder-not-found" || code === "invalid-input";
}

function folderOf({ folderId, displayName = "", totalCount, folderClass }: FoundFolder, path: string): Folder {
  return { folderId, displayName, path, totalCount, folderClass };
}
