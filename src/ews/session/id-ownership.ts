import { mailboxGuidOf } from "../../exchange/mailbox-guid.ts";
import type { Message } from "../../exchange/message.ts";
import { isLocal } from "../../exchange/search/local-failure.ts";
import { Failure } from "../../failure.ts";
import { publicFolderOf } from "../folders/public-folder-ids.ts";
import { parseAttachmentId } from "../messages/attachment-ids.ts";
import { getFolder } from "../operations/get-folder.ts";
import { getItem } from "../operations/get-item.ts";
import type { EwsMailbox } from "./mailbox.ts";

// An EWS server opens whatever the account may open, whichever mailbox was meant: a delegate who names one mailbox and gives an id of another would
// change that other one. Exchange's ids name their mailbox. Other servers' ids need not, so the server is asked where the item lies.

/** Folders whose ids tell the GUID of the mailbox, or of its archive, which is another store but the same person's. */
const guidFolders = ["inbox", "archivemsgfolderroot"] as const;

/** Where an item of a mailbox can lie: below these. */
const roots = ["msgfolderroot", "recoverableitemsroot", "archivemsgfolderroot"] as const;

/**
 * Which of these messages, as the server returned them for ids that the caller gave, are not shown to be of this mailbox. Those of public folders
 * are no other mailbox's. Throws Failure.
 */
export async function foreignMessages(mailbox: EwsMailbox, messages: readonly Message[]): Promise<ReadonlySet<string>> {
  const foreign = new Set<string>();
  for (const { itemId, parentFolderId } of messages) {
    const owner = await ownerOfId(mailbox, itemId);
    if (owner === "another" || (owner === "nothing" && !(await isOwnFolder(mailbox, parentFolderId)))) foreign.add(itemId);
  }
  return foreign;
}

/** Whether a folder that the caller names by its id is one of this mailbox or its archive, or a public one. Throws Failure. */
export async function isFolderHere(mailbox: EwsMailbox, folderId: string): Promise<boolean> {
  const owner = await ownerOfId(mailbox, folderId);
  return owner === "own" || owner === "public" || (owner === "nothing" && (await isOwnFolder(mailbox, folderId)));
}

/**
 * Which of these ids of items, attachments and folders are not shown to be of this mailbox or its archive: those of others, of public folders, and
 * those of which neither the id nor the server tells where they lie. Exchange opens the mailbox whose GUID stands in an id and looks for the item in
 * that one alone, so that an id with the GUID of one mailbox and the item of another finds nothing. Throws Failure.
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
 * Which of these items lie in the archive mailbox, as their ids tell. It costs a request only where there is an archive, or where an id is not of the mailbox
 * that those before it were shown to be of. Throws Failure.
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

/** What an id itself says. `nothing`: it names no mailbox, or it is not known which one this mailbox is. */
async function ownerOfId(mailbox: EwsMailbox, id: string): Promise<"own" | "another" | "public" | "nothing"> {
  const store = await storeOf(mailbox, id);
  return store === "archive" ? "own" : store;
}

/** The same; the archive is a store of its own. Throws Failure. */
export async function storeOf(mailbox: EwsMailbox, id: string): Promise<"own" | "archive" | "another" | "public" | "nothing"> {
  // Nothing in it that one reader of base64 might skip and another not. Microsoft Graph writes - and _, and no GUID has a letter that they stand for.
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
  /** The ids of the folders at and below a root. */
  readonly folders: Map<string, ReadonlySet<string>>;
}

/** What was learned during a call: each of its steps asks the same again. */
const ownershipCaches = new WeakMap<EwsMailbox, OwnershipCache>();

function ownershipCacheOf(mailbox: EwsMailbox): OwnershipCache {
  const known = ownershipCaches.get(mailbox) ?? { guids: new Map(), folders: new Map() };
  ownershipCaches.set(mailbox, known);
  return known;
}

/** Undefined where the folder is not there or not for us. */
async function guidOfFolder(mailbox: EwsMailbox, name: string): Promise<string | undefined> {
  const { guids } = ownershipCacheOf(mailbox);
  if (!guids.has(name)) {
    const folder = await undefinedIfAbsent(() => mailbox.ask(getFolder, [mailbox.folders.distinguished(name)]));
    guids.set(name, folder && mailboxGuidOf(folder.folderId));
  }
  return guids.get(name);
}

/** Whether the server lists a folder of this id in the mailbox or in its archive. Throws Failure. */
async function isOwnFolder(mailbox: EwsMailbox, folderId: string | undefined): Promise<boolean> {
  if (folderId === undefined) return false;
  for (const root of roots) if ((await foldersBelow(mailbox, root)).has(folderId)) return true;
  return false;
}

/** The ids of the folders below a root, and its own. */
async function foldersBelow(mailbox: EwsMailbox, root: (typeof roots)[number]): Promise<ReadonlySet<string>> {
  const { folders } = ownershipCacheOf(mailbox);
  const known = folders.get(root);
  if (known !== undefined) return known;
  const tree = (await undefinedIfAbsent(() => mailbox.folders.tree(root))) ?? [];
  // Those right below it name it.
  const found = new Set(tree.flatMap(({ folderId, parentFolderId }) => [folderId, parentFolderId ?? folderId]));
  folders.set(root, found);
  return found;
}

/** Undefined for what is not there or not for us. Throws every other Failure. */
async function undefinedIfAbsent<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (thrown) {
    if (thrown instanceof Failure && (isLocal(thrown) || thrown.code === "mailbox-not-found")) return undefined;
    throw thrown;
  }
}
