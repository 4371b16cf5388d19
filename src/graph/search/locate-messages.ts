import { folderForItem, isFolderId } from "../../exchange/foreign-id.ts";
import { mailboxGuidOf } from "../../exchange/mailbox-guid.ts";
import type { Message, MessageName } from "../../exchange/message.ts";
import { type Located, requestedPlaces } from "../../exchange/search/absence.ts";
import { keepInFolder, locateCopies, resolveOnce, type SearchHits, unnamed } from "../../exchange/search/locate-copies.ts";
import { isOneFolder, type Within } from "../../exchange/search/locate-scope.ts";
import { sameMessageId } from "../../exchange/search/match-filters.ts";
import type { FailureCode } from "../../failure.ts";
import { done, failed, type Outcome } from "../../outcome.ts";
import { getMessage } from "../requests/messages.ts";
import { explainEwsId, namesStore, notOfPrimary, translatedIds } from "../session/ews-ids.ts";
import { guidOfMailbox } from "../session/id-ownership.ts";
import type { GraphMailbox } from "../session/mailbox.ts";
import { newestFirst } from "./newest-first.ts";
import { maxMessageIds, messageIdFilter } from "./odata-filter.ts";
import { noArchive, resolveSearchFolders, type SearchFolders } from "./search-folders.ts";

const unreadable: readonly FailureCode[] = ["invalid-input", "refused"];

/**
 * Returns every message that each name stands for, newest first, or where it was searched and not found. Ids of Exchange Web Services are translated
 * first. Names with only an Internet Message-ID, or whose id no longer exists, are searched in the whole mailbox. Returns as many Outcomes as names,
 * in their order; throws only when cancelled.
 */
export async function* locate(mailbox: GraphMailbox, names: readonly MessageName[], within: Within = {}): AsyncIterable<Outcome<Located>> {
  if (within.archive === true) {
    yield* names.map(() => failed(noArchive()));
    return;
  }
  const outcomes: Outcome<Located>[] = names.map(unnamed);
  const byId = [...names.entries()].flatMap(([index, { itemId }]) => (itemId === undefined ? [] : [{ index, itemId }]));
  const translated = await translatedIds(
    mailbox,
    byId.map(({ itemId }) => itemId),
  );
  const requested = byId.map(({ itemId }) => ({ itemId: translated.get(itemId) ?? itemId, detail: {} }));
  let next = 0;
  for await (const outcome of mailbox.each(getMessage, requested)) {
    const name = byId[next++];
    if (name)
      outcomes[name.index] = outcome.ok
        ? done({ messages: [outcome.value] })
        : failed(explainEwsId(outcome.failure, name.itemId, translated));
  }
  for (const { index, itemId } of byId) {
    if (isFolderId(itemId) && outcomes[index]?.ok === false) outcomes[index] = failed(folderForItem());
  }
  if (!isOneFolder(within)) await refuseUnshown(mailbox, byId, outcomes);
  const places = resolveOnce<LookupFolders>(() =>
    isOneFolder(within) ? folderAlone(mailbox, within) : resolveSearchFolders(mailbox, within),
  );
  if (isOneFolder(within) && !(await keepInFolder(places, outcomes))) {
    yield* outcomes;
    return;
  }
  const archive = within.folder === undefined ? ("unknown" as const) : undefined;
  const find = async (ids: readonly string[]) => ({ ...(await findCopies(mailbox, ids, await places())), archive });
  await locateCopies(names, outcomes, { atOnce: maxMessageIds, unreadable, find });
  yield* outcomes;
}

/**
 * Converts "not found" for ids that are not shown to belong to the primary mailbox. Graph opens only that, and reports items of an archive, a public
 * folder or another mailbox as missing, so nothing is known about such an id.
 */
async function refuseUnshown(
  mailbox: GraphMailbox,
  byId: readonly { readonly index: number; readonly itemId: string }[],
  outcomes: Outcome<Located>[],
): Promise<void> {
  const unknown = byId.flatMap(({ index, itemId }) => {
    const outcome = outcomes[index];
    if (outcome === undefined || outcome.ok || outcome.failure.code !== "not-found" || !namesStore(itemId)) return [];
    return [{ index, itemId, failure: outcome.failure }];
  });
  if (unknown.length === 0) return;
  const own = await guidOfMailbox(mailbox);
  for (const { index, itemId, failure } of unknown) {
    const guid = mailboxGuidOf(itemId);
    if (guid === undefined || guid !== own) outcomes[index] = failed(notOfPrimary(mailbox, failure));
  }
}

/** The folders in which names are searched. */
interface LookupFolders extends Pick<SearchFolders, "places" | "pathOfId" | "extent" | "closed"> {
  readonly folderId?: string;
}

async function folderAlone(mailbox: GraphMailbox, within: Within): Promise<LookupFolders> {
  const known = within.folderId === undefined ? await mailbox.folders.get(within.folder ?? "") : undefined;
  const folderId = known?.folderId ?? within.folderId ?? "";
  return {
    places: [{ id: folderId }],
    folderId,
    pathOfId: (id) => (id === folderId ? known?.path : undefined),
    closed: [],
    extent: { mailbox: mailbox.address, folders: 1, ...requestedPlaces({ folder: within.folder ?? "" }), folder: known?.path },
  };
}

/** Searches all intended places for several Internet Message-IDs; without ids it only opens each place. Throws Failure. */
async function findCopies(mailbox: GraphMailbox, ids: readonly string[], where: LookupFolders): Promise<Omit<SearchHits, "archive">> {
  const found = new Map<string, Message>();
  const list = await newestFirst(mailbox, where.places, {
    detail: {},
    // Where the service refuses this search, everything is listed and compared here.
    filters: ids.length === 0 ? [undefined] : [messageIdFilter(ids), undefined],
    expected: ids.length,
    includes: ({ internetMessageId = "" }) => ids.length === 0 || ids.some((id) => sameMessageId(id, internetMessageId)),
  });
  if (ids.length > 0) {
    for await (const message of list.messages()) {
      found.set(message.itemId, { ...message, folderPath: where.pathOfId(message.parentFolderId) });
    }
  }
  return { messages: [...found.values()], unlisted: [...where.closed, ...list.unlisted], places: where.extent };
}
