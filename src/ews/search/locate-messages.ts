import type { Message, MessageName } from "../../exchange/message.ts";
import { isAbsent, type Located, requestedPlaces } from "../../exchange/search/absence.ts";
import { keepInFolder, locateCopies, mayTryMessageId, resolveOnce, type SearchHits, unnamed } from "../../exchange/search/locate-copies.ts";
import { isOneFolder, type Within } from "../../exchange/search/locate-scope.ts";
import { sameMessageId } from "../../exchange/search/match-filters.ts";
import { Failure, type FailureCode } from "../../failure.ts";
import { attempt, done, failed, type Outcome } from "../../outcome.ts";
import { publicFolderOf } from "../folders/public-folder-ids.ts";
import { listShape } from "../messages/item-shapes.ts";
import { isIncomplete, mayBeTruncated, readMessages } from "../messages/read-truncated.ts";
import { getItem } from "../operations/get-item.ts";
import { foreignMessages, storeOf } from "../session/id-ownership.ts";
import type { EwsMailbox } from "../session/mailbox.ts";
import { listByMessageIds } from "./by-message-id.ts";
import { newestFirst } from "./newest-first.ts";
import { resolveSearchFolders, type SearchFolders } from "./search-folders.ts";

/**
 * Number of Internet Message-IDs per restriction. Each is two conditions, and Exchange refuses one that is too complex without documenting the limit.
 */
const idsPerSearch = 20;
const unreadable: readonly FailureCode[] = ["invalid-input"];

/**
 * Returns every message that each name stands for, newest first, or where it was searched and not found. Ids are read in batches. Names with only an
 * Internet Message-ID, or whose id no longer exists, are searched in all folders together. Returns as many Outcomes as names, in their order; throws
 * only when cancelled.
 */
export async function* locate(mailbox: EwsMailbox, names: readonly MessageName[], within: Within = {}): AsyncIterable<Outcome<Located>> {
  const outcomes: Outcome<Located>[] = names.map(unnamed);
  const byId = [...names.entries()].flatMap(([index, { itemId }]) => (itemId === undefined ? [] : [{ index, itemId }]));
  await readById(mailbox, byId, outcomes);
  const ofGraph = byId.filter(({ index, itemId }) => isOfGraph.test(itemId) && mayTryMessageId(outcomes[index], unreadable));
  const rewritten = ofGraph.map(({ index, itemId }) => ({ index, itemId: itemId.replaceAll("-", "/").replaceAll("_", "+") }));
  await readById(mailbox, rewritten, outcomes);
  for (const { index } of ofGraph) {
    const outcome = outcomes[index];
    if (outcome?.ok === false && outcome.failure.code === "invalid-input") outcomes[index] = failed(explainGraphId(outcome.failure));
  }
  await refuseForeign(mailbox, outcomes);
  if (within.mustBeListed === true) await followDeleted(mailbox, byId, outcomes);
  await addPublicPaths(mailbox, outcomes);
  const unshown = isOneFolder(within) ? [] : await explainUnknown(mailbox, byId, outcomes, within.archive === true);
  const places = resolveOnce<LookupFolders>(() => (isOneFolder(within) ? folderAlone(mailbox, within) : everyFolder(mailbox, within)));
  if (isOneFolder(within) && !(await keepInFolder(places, outcomes))) {
    yield* outcomes;
    return;
  }
  await locateCopies(names, outcomes, { atOnce: idsPerSearch, unreadable, find: async (ids) => findCopies(mailbox, ids, await places()) });
  for (const index of unshown) {
    const outcome = outcomes[index];
    if (outcome?.ok && isAbsent(outcome.value) && outcome.value.absentFrom.by === "item_id") {
      outcomes[index] = done({ ...outcome.value, doubt: unshownId(mailbox) });
    }
  }
  yield* outcomes;
}

interface RequestedId {
  readonly index: number;
  readonly itemId: string;
}

async function readById(mailbox: EwsMailbox, byId: readonly RequestedId[], outcomes: Outcome<Located>[]): Promise<void> {
  let next = 0;
  for await (const outcome of mailbox.each(getItem, byId, (some) => ({ ids: some.map(({ itemId }) => ({ id: itemId })), detail: {} }))) {
    const requested = byId[next++];
    if (requested) outcomes[requested.index] = outcome.ok ? done({ messages: [outcome.value] }) : outcome;
  }
}

/**
 * Microsoft Graph writes the same ids with - and _ for / and +. It also has immutable ids, which EWS does not know; they begin with AAkALg.
 * @see https://learn.microsoft.com/en-us/graph/outlook-immutable-id
 */
const isOfGraph = /^(AAkALg[\w=-]*|[A-Za-z0-9=]*[_-][A-Za-z0-9=_-]*)$/;

function explainGraphId({ message, wireCode, requestId }: Failure): Failure {
  const why = "This may be an id of Microsoft Graph, which Exchange Web Services do not know and cannot translate";
  const hint = "Name the message by internet_message_id, with or instead of the id.";
  return new Failure("invalid-input", `${why}: ${message}`, { hint, wireCode, requestId });
}

/** Refuses messages found by an id of another mailbox, so nobody changes them, and messages that are not shown to belong to this mailbox. */
async function refuseForeign(mailbox: EwsMailbox, outcomes: Outcome<Located>[]): Promise<void> {
  const messages = outcomes.flatMap((outcome) => (outcome.ok && !isAbsent(outcome.value) ? outcome.value.messages : []));
  const foreign = await attempt(() => foreignMessages(mailbox, messages));
  if (!foreign.ok && foreign.failure.code === "cancelled") throw foreign.failure;
  for (const [index, outcome] of outcomes.entries()) {
    if (!outcome.ok || isAbsent(outcome.value)) continue;
    if (!foreign.ok) outcomes[index] = foreign;
    else if (outcome.value.messages.some(({ itemId }) => foreign.value.has(itemId))) outcomes[index] = failed(foreignMessage(mailbox));
  }
}

/**
 * Replaces deleted messages: some servers open a deleted message by its old id. If its reported folder does not list that id, and the Recoverable
 * Items list the same message (the same Message-ID and time of receipt, exactly once), that message takes its place.
 */
async function followDeleted(mailbox: EwsMailbox, byId: readonly RequestedId[], outcomes: Outcome<Located>[]): Promise<void> {
  const readIn = new Map<string, ReadMessage[]>();
  for (const { index } of byId) {
    const outcome = outcomes[index];
    const message = outcome?.ok && !isAbsent(outcome.value) ? outcome.value.messages[0] : undefined;
    const { internetMessageId, parentFolderId } = message ?? {};
    if (message === undefined || internetMessageId === undefined || parentFolderId === undefined) continue;
    readIn.set(parentFolderId, [...(readIn.get(parentFolderId) ?? []), { index, message, internetMessageId, folderId: parentFolderId }]);
  }
  const unlistedIn = new Map<string, ReadMessage[]>();
  for (const { seen, ...one } of await listedInOwnFolders(mailbox, [...readIn.values()].flat())) {
    if (seen === undefined || seen.some(({ itemId }) => itemId === one.message.itemId)) continue;
    unlistedIn.set(one.folderId, [...(unlistedIn.get(one.folderId) ?? []), one]);
  }
  for (const unlisted of unlistedIn.values()) {
    const store = await attempt(() => storeOf(mailbox, unlisted[0]?.message.itemId ?? ""));
    if (!store.ok && store.failure.code === "cancelled") throw store.failure;
    const folder = store.ok && store.value === "archive" ? "archive:recoverableitemsdeletions" : "recoverableitemsdeletions";
    for (const { index, message, seen = [] } of await listedByMessageId(mailbox, unlisted, () => folderAlone(mailbox, { folder }))) {
      const [same, ...others] = seen.filter(({ receivedAt }) => receivedAt === message.receivedAt);
      if (same !== undefined && others.length === 0) outcomes[index] = done({ messages: [same] });
    }
  }
}

interface ReadMessage {
  readonly index: number;
  readonly message: Message;
  readonly internetMessageId: string;
  /** The folder that the server named with the message. */
  readonly folderId: string;
}

/** A message with the facts listed for its Message-ID; undefined if they could not be listed. */
type ListedMessage = ReadMessage & { readonly seen: readonly Message[] | undefined };

/**
 * Returns what their folders list for messages that were opened by id. The folder that a server names with a message does not replace this: some
 * name the old folder of a deleted message. Several folders share a request; if one of them cannot be listed, each is requested alone.
 */
async function listedInOwnFolders(mailbox: EwsMailbox, requested: readonly ReadMessage[]): Promise<readonly ListedMessage[]> {
  const found: ListedMessage[] = [];
  for (let start = 0; start < requested.length; start += idsPerSearch) {
    const some = requested.slice(start, start + idsPerSearch);
    const folderIds = [...new Set(some.map(({ folderId }) => folderId))];
    const together = await listedByMessageId(mailbox, some, async () => theseFolders(mailbox, folderIds));
    if (folderIds.length === 1 || together.every(({ seen }) => seen !== undefined)) {
      for (const one of together) found.push(one);
      continue;
    }
    for (const folderId of folderIds) {
      const inIt = some.filter((one) => one.folderId === folderId);
      for (const one of await listedByMessageId(mailbox, inIt, async () => theseFolders(mailbox, [folderId]))) found.push(one);
    }
  }
  return found;
}

/** Returns what folders list for each Message-ID. Throws only when cancelled. */
async function listedByMessageId(
  mailbox: EwsMailbox,
  requested: readonly ReadMessage[],
  where: () => Promise<LookupFolders>,
): Promise<readonly ListedMessage[]> {
  const found: ListedMessage[] = [];
  for (let start = 0; start < requested.length; start += idsPerSearch) {
    const some = requested.slice(start, start + idsPerSearch);
    const ids = some.map(({ internetMessageId }) => internetMessageId);
    const seen = await attempt(async () => findCopies(mailbox, ids, await where()));
    if (!seen.ok && seen.failure.code === "cancelled") throw seen.failure;
    const messages = seen.ok && seen.value.unlisted.length === 0 ? seen.value.messages : undefined;
    for (const one of some) {
      const ofIt = messages?.filter(({ internetMessageId = "" }) => sameMessageId(internetMessageId, one.internetMessageId));
      found.push({ ...one, seen: ofIt });
    }
  }
  return found;
}

/** Adds paths to messages in public folders, which belong to no mailbox. */
async function addPublicPaths(mailbox: EwsMailbox, outcomes: Outcome<Located>[]): Promise<void> {
  const paths = new Map<string, string>();
  for (const [index, outcome] of outcomes.entries()) {
    if (!outcome.ok || isAbsent(outcome.value)) continue;
    const named: Message[] = [];
    for (const message of outcome.value.messages) {
      const folder = publicFolderOf(message.itemId) === undefined ? undefined : message.parentFolderId;
      if (folder !== undefined && !paths.has(folder)) {
        const found = await attempt(() => mailbox.folders.get(folder));
        if (!found.ok && found.failure.code === "cancelled") throw found.failure;
        paths.set(folder, found.ok ? found.value.path : "public:…");
      }
      named.push(folder === undefined ? message : { ...message, folderPath: paths.get(folder) });
    }
    outcomes[index] = done({ ...outcome.value, messages: named });
  }
}

/**
 * Explains unknown ids that name a place other than those searched. Returns the indexes of ids that name no place: a server reports items of a
 * mailbox that it does not open as missing.
 */
async function explainUnknown(
  mailbox: EwsMailbox,
  byId: readonly RequestedId[],
  outcomes: Outcome<Located>[],
  archive: boolean,
): Promise<readonly number[]> {
  const unshown: number[] = [];
  for (const { index, itemId } of byId) {
    const outcome = outcomes[index];
    if (outcome === undefined || outcome.ok || outcome.failure.code !== "not-found") continue;
    const store = await attempt(() => storeOf(mailbox, itemId));
    if (!store.ok) {
      if (store.failure.code === "cancelled") throw store.failure;
      outcomes[index] = store;
    } else if (store.value === "archive" && archive) continue;
    else if (store.value === "another") outcomes[index] = failed(foreignMessage(mailbox));
    else if (store.value === "public") outcomes[index] = await openPublicFolder(mailbox, itemId, outcome.failure);
    else if (store.value === "archive") outcomes[index] = failed(inOtherStore(store.value, outcome.failure));
    else if (store.value === "nothing") unshown.push(index);
  }
  return unshown;
}

/** Opens the public folder that an id names, and so shows that the folder does not contain this id. */
async function openPublicFolder(mailbox: EwsMailbox, itemId: string, unknown: Failure): Promise<Outcome<Located>> {
  const folderId = publicFolderOf(itemId) ?? "";
  const opened = await attempt(async () => {
    const { path } = await mailbox.folders.get(folderId);
    const list = newestFirst(mailbox, [{ id: folderId }], { shape: listShape(), expected: 0 });
    await list.begin();
    if (list.unlisted.length > 0) throw list.unlisted[0]?.failure;
    return path;
  });
  if (!opened.ok && opened.failure.code === "cancelled") throw opened.failure;
  if (!opened.ok) return failed(inOtherStore("public", unknown));
  return done({ absentFrom: { mailbox: mailbox.address, folders: 1, places: ["public_folders"], by: "item_id", folder: opened.value } });
}

function inOtherStore(store: "archive" | "public", { message, wireCode, requestId }: Failure): Failure {
  const place = store === "archive" ? "the archive mailbox" : "a public folder";
  return new Failure("could-not-look", `This id belongs to ${place}, which was not searched: ${message}`, {
    hint: `Name the folder that the message was in: ${store}:… as folder${store === "archive" ? "; or set archive" : ""}.`,
    wireCode,
    requestId,
  });
}

function unshownId(mailbox: EwsMailbox): Failure {
  return new Failure(
    "could-not-look",
    `No message has this id, and nothing shows that it belongs to the mailbox ${mailbox.address}: it may belong to another one, or to a message that has moved since.`,
    { hint: "Check the mailbox, or name the message by internet_message_id." },
  );
}

function foreignMessage(mailbox: EwsMailbox): Failure {
  return new Failure(
    "invalid-input",
    `This id is not shown to belong to the mailbox ${mailbox.address}: it belongs to another one, or no folder of the mailbox has the message.`,
    {
      hint: "Name the mailbox that the message is in, or name the message by internet_message_id.",
    },
  );
}

/** The folders in which names are searched. */
interface LookupFolders extends Pick<SearchFolders, "folders" | "pathOfId" | "extent" | "archive" | "closed"> {
  readonly folderId?: string;
  /** Folders that the account is not shown. */
  readonly hidden?: Failure | undefined;
}

/** Folders of every mailbox, in any language. */
const inEveryMailbox = ["inbox", "deleteditems", "drafts", "sentitems"];

/** Resolves all folders. Listings leave out folders that a delegate may not see; missing standard folders reveal this. */
async function everyFolder(mailbox: EwsMailbox, within: Within): Promise<LookupFolders> {
  const where = await resolveSearchFolders(mailbox, within);
  const shown = new Set((await mailbox.folders.tree()).flatMap(({ distinguished }) => distinguished ?? []));
  const hidden = inEveryMailbox.filter((name) => !shown.has(name));
  // A server may not report which folders are the standard ones.
  if (mailbox.access !== "delegate" || shown.size === 0 || hidden.length === 0) return where;
  const message = `The account is not shown every folder of ${mailbox.address}: ${hidden.join(", ")} and perhaps others.`;
  return { ...where, hidden: new Failure("could-not-look", message) };
}

function theseFolders(mailbox: EwsMailbox, folderIds: readonly string[]): LookupFolders {
  return {
    folders: folderIds.map((id) => ({ id })),
    pathOfId: () => undefined,
    extent: { mailbox: mailbox.address, folders: folderIds.length, ...requestedPlaces({ folder: "" }) },
    archive: undefined,
    closed: [],
  };
}

async function folderAlone(mailbox: EwsMailbox, within: Within): Promise<LookupFolders> {
  const known = within.folderId === undefined ? await mailbox.folders.get(within.folder ?? "") : undefined;
  const folderId = known?.folderId ?? within.folderId ?? "";
  return {
    folders: [{ id: folderId }],
    folderId,
    pathOfId: (id) => (id === folderId ? known?.path : undefined),
    extent: { mailbox: mailbox.address, folders: 1, ...requestedPlaces({ folder: within.folder ?? "" }), folder: known?.path },
    archive: undefined,
    closed: [],
  };
}

/** Tells whether a listed message may have one of the ids. A truncated Message-ID is compared only after the message is read. */
function mayHaveMessageId({ internetMessageId = "" }: Message, ids: readonly string[]): boolean {
  return mayBeTruncated(internetMessageId) || ids.some((id) => sameMessageId(id, internetMessageId));
}

/** Searches all intended places for several Internet Message-IDs; without ids it only opens each place. Throws Failure. */
async function findCopies(mailbox: EwsMailbox, ids: readonly string[], where: LookupFolders): Promise<SearchHits> {
  const found = new Map<string, Message>();
  const list = await listByMessageIds(mailbox, where.folders, ids);
  for await (const message of list.messages()) {
    // Every folder has been opened once the first message is returned.
    if (ids.length === 0) break;
    if (!mayHaveMessageId(message, ids)) continue;
    found.set(message.itemId, { ...message, folderPath: where.pathOfId(message.parentFolderId) });
  }
  const read = await readMessages(mailbox, [...found.values()].filter(isIncomplete), {});
  const unlisted: { readonly failure: Failure }[] = [
    ...where.closed,
    ...list.unlisted,
    ...(where.hidden === undefined ? [] : [{ failure: where.hidden }]),
  ];
  for (const [itemId, outcome] of read) {
    const listed = found.get(itemId);
    if (listed === undefined) continue;
    // A listed message exists, whatever the server reports about it later. If its Message-ID may be truncated, it may be the one requested.
    if (outcome.ok) found.set(itemId, { ...outcome.value, folderPath: listed.folderPath });
    else if (mayBeTruncated(listed.internetMessageId ?? "")) unlisted.push({ failure: outcome.failure });
  }
  return { messages: [...found.values()], unlisted, places: where.extent, archive: where.archive };
}
