import { type Position, readCursor } from "../../exchange/search/cursor.ts";
import { searchListed } from "../../exchange/search/filter-listed.ts";
import { requireFolders } from "../../exchange/search/locate-copies.ts";
import { type AttachmentAccess, openMatcher } from "../../exchange/search/match-filters.ts";
import { recheck } from "../../exchange/search/recheck.ts";
import type { Search, SearchPage } from "../../exchange/search/search-query.ts";
import { Failure } from "../../failure.ts";
import { attempt } from "../../outcome.ts";
import type { FolderRef } from "../folders/folder-ref.ts";
import { listShape, needsGetItem } from "../messages/item-shapes.ts";
import { isIncomplete, readMessages } from "../messages/read-truncated.ts";
import type { EwsMailbox } from "../session/mailbox.ts";
import { type NewestFirst, newestFirst } from "./newest-first.ts";
import { isRefusal, refusedFilters } from "./refused-filters.ts";
import { type Plan, planFilters, type Refusable } from "./restriction.ts";
import { resolveSearchFolders } from "./search-folders.ts";

/** Minimum number of messages expected where the client filters: a first page costs one request. */
const fewestExpected = 100;

/**
 * Searches one mailbox, newest first over all its folders. The server narrows the list by a restriction or a query. What it cannot decide, and what
 * FindItem does not return (recipients, bodies, long subjects), is read with GetItem. Throws Failure.
 */
export async function search(mailbox: EwsMailbox, requested: Search, access: AttachmentAccess): Promise<SearchPage> {
  if (!Number.isSafeInteger(requested.limit) || requested.limit < 1)
    throw new Failure("invalid-input", "The limit is not a positive whole number.");
  const position = readCursor(requested);
  // Invalid filters are reported before any request.
  await openMatcher(requested.filters, planFilters(requested.filters, position).check, access);
  const where = await resolveSearchFolders(mailbox, requested);
  requireFolders(where.extent);
  const { plan, list } = await beginList(mailbox, requested, position, where.folders);
  const matches = await openMatcher(requested.filters, plan.check, access);
  const rechecked = recheck(list.messages(), requested.filters, plan.applied);
  const found = await searchListed({
    requested,
    position,
    applied: plan.applied,
    check: plan.check,
    matches,
    listed: rechecked.messages,
    needsReading: (message, detail) => needsGetItem(detail) || isIncomplete(message),
    read: (messages, detail) => readMessages(mailbox, messages, detail),
  });
  const unsearched = [
    ...where.closed,
    ...list.unlisted.map(({ folder, itemId, failure }) => ({ folderPath: where.pathOf(folder), itemId, failure })),
    ...found.unsearched,
  ];
  const exact = plan.check.length === 0 && !rechecked.isBroken() && position === undefined && unsearched.length === 0;
  return {
    messages: found.messages.map((message) => ({ ...message, folderPath: where.pathOfId(message.parentFolderId) ?? message.folderPath })),
    applied: rechecked.applied(),
    folders: where.folders.length - list.unlisted.filter(({ isMessage }) => !isMessage).length,
    total: exact ? list.total() : undefined,
    nextCursor: found.nextCursor,
    archive: where.archive,
    unsearched: unsearched.length > 0 ? unsearched : undefined,
  };
}

/** Begins the list. The client applies filters that the server refuses; which these are is determined only when a list is refused. */
async function beginList(
  mailbox: EwsMailbox,
  requested: Search,
  position: Position | undefined,
  folders: readonly FolderRef[],
): Promise<{ readonly plan: Plan; readonly list: NewestFirst }> {
  for (let refused: ReadonlySet<Refusable> = mailbox.refusals.read(); ; ) {
    const plan = planFilters(requested.filters, position, refused);
    const list = newestFirst(mailbox, folders, {
      shape: listShape(requested.detail),
      restriction: plan.restriction,
      queryString: plan.queryString,
      // When the client filters, the number of matches is not known.
      expected: plan.check.length > 0 ? Math.max(requested.limit, fewestExpected) : requested.limit,
    });
    const begun = await attempt(() => list.begin());
    if (begun.ok) return { plan, list };
    const [folder] = folders;
    if (plan.restriction === undefined || folder === undefined || !isRefusal(begun.failure)) throw begun.failure;
    refused = await refusedFilters(mailbox, folder, requested.filters, position, refused);
  }
}
