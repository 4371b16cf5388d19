import { mailboxGuidOf } from "../../exchange/mailbox-guid.ts";
import type { Message } from "../../exchange/message.ts";
import { isLocal } from "../../exchange/search/local-failure.ts";
import { Failure } from "../../failure.ts";
import { publicFolderOf } from "../folders/public-folder-ids.ts";
import { parseAttachmentId } from "../messages/attachment-ids.ts";
import { getFolder } from "../operations/get-folder.ts";
import { getItem } from "../operations/get-item.ts";
import type { EwsMailbox } from "./mailbox.ts";

// An EWS server opens everything that the account may open, whichever mailbox was named: a delegate who names one mailbox with an id of another would
// change the other one. Exchange ids name their mailbox. Ids of other servers may not, so the server is asked for the folder of the item.

/** Folders whose ids contain the GUID of the mailbox or of its archive, which is another store of the same person. */
const guidFolders = ["inbox", "archivemsgfolderroot"] as const;

/** Roots below which the items of a mailbox are. */
const roots = ["msgfolderroot", "recoverableitemsroot", "archivemsgfolderroot"] as const;

/**
 * Returns the messages that are not shown to belong to this mailbox, among those that the server returned for the caller's ids. Messages of public
 * folders belong to no other mailbox. Throws Failure.
 */
export async function foreignMessages(mailbox: EwsMailbox, messages: readonly Message[]): Promise<ReadonlySet<string>> {
  const foreign = new Set<string>();
  for (const { itemId, parentFolderId } of messages) {
    const owner = await ownerOfId(mailbox, itemId);
    if (owner === "another" || (owner === "nothing" && !(await isOwnFolder(mailbox, parentFolderId)))) foreign.add(itemId);
  }
  return foreign;
}

/** Tells whether a folder that the caller names by id belongs to this mailbox, its archive or the public folders. Throws Failure. */
export async function isFolderHere(mailbox: EwsMailbox, folderId: string): Promise<boolean> {
  const owner = await ownerOfId(mailbox, folderId);
  return owner === "own" || owner === "public" || (owner === "nothing" && (await isOwnFolder(mailbox, folderId)));
}

/**
 * Returns the ids (of items, attachments and folders) that are not shown to belong to this mailbox or its archive: ids of other mailboxes and public
 * folders, and ids for which neither the id nor the server shows the location. Exchange opens the mailbox of the GUID in an id and searches only
 * there, so an id with the GUID of one mailbox and the item of another finds nothing. Throws Failure.
 * @see https://learn.microsoft.com/en-us/openspecs/exchange_server_protocols/ms-oxwsitemid/
 */
export async function foreignIds(mailbox: EwsMailbox, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const unshown = new Set<string>();
  const unclear: string[] = [];
  for (const id of new Set(ids)) {
    const owner = await ownerOfId(mailbox, parseAttachmentId(id).holder);
    if (owner === "nothing") unclear.push(id);
    else if (owner !== "own") unshown.add(id);
  }
  const items: string[] = [];
  for (const id of unclear) if (!(await isOwnFolder(mailbox, id))) items.push(id);
  let at = 0;
  for await (const outcome of mailbox.each(getItem, items, (some) => ({ ids: some.map((id) => ({ id })), detail: {} }))) {
    const id = items[at++] ?? "";
    if (!outcome.ok && !isLocal(outcome.failure) && outcome.failure.code !== "invalid-input") throw outcome.failure;
    if (!outcome.ok || !(await isOwnFolder(mailbox, outcome.value.parentFolderId))) unshown.add(id);
  }
  return unshown;
}

/**
 * Returns the items that are in the archive mailbox according to their ids. It costs a request only where there is an archive, or where an id has
 * another GUID than those already shown to belong to the mailbox. Throws Failure.
 */
export async function archivedIds(mailbox: EwsMailbox, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const found = mailbox.archive.read();
  if (found === "none" || found === "unknown") return new Set();
  const own = ownershipCacheOf(mailbox).guids.get("inbox");
  const others = ids.filter((id) => mailboxGuidOf(id) !== undefined && mailboxGuidOf(id) !== own);
  if (others.length === 0) return new Set();
  const archive = await guidOfFolder(mailbox, "archivemsgfolderroot");
  return new Set(others.filter((id) => mailboxGuidOf(id) === archive));
}

/** Returns the owner that an id itself names. `nothing`: the id names no mailbox, or the GUID of this mailbox is not known. */
async function ownerOfId(mailbox: EwsMailbox, id: string): Promise<"own" | "another" | "public" | "nothing"> {
  const store = await storeOf(mailbox, id);
  return store === "archive" ? "own" : store;
}

/** As `ownerOfId`, with the archive as a store of its own. Throws Failure. */
export async function storeOf(mailbox: EwsMailbox, id: string): Promise<"own" | "archive" | "another" | "public" | "nothing"> {
  // Ids with characters that base64 readers treat differently are excluded. Microsoft Graph writes - and _, but no letter of a GUID is encoded with
  // them.
  const guid = /^[\w+/-]+={0,2}$/.test(id) ? mailboxGuidOf(id) : undefined;
  if (guid === undefined) return publicFolderOf(id) === undefined ? "nothing" : "public";
  for (const folder of guidFolders) {
    const own = await guidOfFolder(mailbox, folder);
    if (own === guid) return folder === "inbox" ? "own" : "archive";
    if (own === undefined && folder === "inbox") return "nothing";
  }
  return "another";
}

interface OwnershipCache {
  readonly guids: Map<string, string | undefined>;
  /** The ids of a root and of the folders below it. */
  readonly folders: Map<string, ReadonlySet<string>>;
}

/** Results of earlier lookups in this call, since each of its steps needs them again. */
const ownershipCaches = new WeakMap<EwsMailbox, OwnershipCache>();

function ownershipCacheOf(mailbox: EwsMailbox): OwnershipCache {
  const known = ownershipCaches.get(mailbox) ?? { guids: new Map(), folders: new Map() };
  ownershipCaches.set(mailbox, known);
  return known;
}

/** Undefined where the folder does not exist or may not be opened. */
async function guidOfFolder(mailbox: EwsMailbox, name: string): Promise<string | undefined> {
  const { guids } = ownershipCacheOf(mailbox);
  if (!guids.has(name)) {
    const folder = await undefinedIfAbsent(() => mailbox.ask(getFolder, [mailbox.folders.distinguished(name)]));
    guids.set(name, folder && mailboxGuidOf(folder.folderId));
  }
  return guids.get(name);
}

/** Tells whether the server lists a folder with this id in the mailbox or its archive. Throws Failure. */
async function isOwnFolder(mailbox: EwsMailbox, folderId: string | undefined): Promise<boolean> {
  if (folderId === undefined) return false;
  for (const root of roots) if ((await foldersBelow(mailbox, root)).has(folderId)) return true;
  return false;
}

/** Returns the id of a root and the ids of the folders below it. */
async function foldersBelow(mailbox: EwsMailbox, root: (typeof roots)[number]): Promise<ReadonlySet<string>> {
  const { folders } = ownershipCacheOf(mailbox);
  const known = folders.get(root);
  if (known !== undefined) return known;
  const tree = (await undefinedIfAbsent(() => mailbox.folders.tree(root))) ?? [];
  // The folders directly below the root name its id.
  const found = new Set(tree.flatMap(({ folderId, parentFolderId }) => [folderId, parentFolderId ?? folderId]));
  folders.set(root, found);
  return found;
}

/** Returns undefined for an object that does not exist or may not be opened. Throws every other Failure. */
async function undefinedIfAbsent<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (thrown) {
    if (thrown instanceof Failure && (isLocal(thrown) || thrown.code === "mailbox-not-found")) return undefined;
    throw thrown;
  }
}
