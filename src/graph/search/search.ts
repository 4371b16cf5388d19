import type { Detail, Message } from "../../exchange/message.ts";
import { readCursor } from "../../exchange/search/cursor.ts";
import { searchListed } from "../../exchange/search/filter-listed.ts";
import { requireFolders } from "../../exchange/search/locate-copies.ts";
import { type AttachmentAccess, detailFor, openMatcher } from "../../exchange/search/match-filters.ts";
import { recheck } from "../../exchange/search/recheck.ts";
import type { Search, SearchPage } from "../../exchange/search/search-query.ts";
import { Failure } from "../../failure.ts";
import { readMessages } from "../messages/read-messages.ts";
import type { GraphMailbox } from "../session/mailbox.ts";
import { daysOf, searchByQuery } from "./kql-query.ts";
import { newestFirst, type Unlisted } from "./newest-first.ts";
import { type Division, type Plan, planFilters } from "./odata-filter.ts";
import { noArchive, resolveSearchFolders } from "./search-folders.ts";

/** Minimum number of messages expected where the client filters: a first page costs one request. */
const fewestExpected = 100;

/** Filters on properties that Graph returns only as MAPI properties. */
const mapiFilters = ["minSize", "maxSize", "itemClass"] as const;

function sizesNotRequested(): Failure {
  return new Failure("unsupported", "Sizes and item classes are not requested over this connection, so they cannot be filters.", {
    hint: "Leave the filter out, or set graph.sizes to true.",
  });
}

/** The messages that the server listed, and how it listed them. */
interface Listed {
  readonly division: Division;
  readonly messages: AsyncIterable<Message>;
  /** Grows while the list is read. */
  readonly unlisted: readonly Unlisted[];
  readonly total: number | undefined;
}

/**
 * Searches one mailbox, newest first over all its folders. The server narrows the list by `$filter` or `$search`; mailcordon checks the other conditions by
 * reading each message. Throws Failure.
 */
export async function search(mailbox: GraphMailbox, requested: Search, access: AttachmentAccess): Promise<SearchPage> {
  if (!Number.isSafeInteger(requested.limit) || requested.limit < 1)
    throw new Failure("invalid-input", "The limit is not a positive whole number.");
  if (requested.archive === true) throw noArchive();
  const position = readCursor(requested);
  const { containsFilter, sizes } = mailbox.behaviour;
  if (!sizes && mapiFilters.some((name) => requested.filters[name] !== undefined)) throw sizesNotRequested();
  const plan = planFilters(requested.filters, position, { guesses: containsFilter === "try" });
  const where = await resolveSearchFolders(mailbox, requested);
  requireFolders(where.extent);
  const detail = listDetail(requested.detail ?? {}, plan);
  const list = plan.search === undefined ? await byFilter() : byQuery(plan.search);
  const { applied, check } = list.division;

  async function byFilter(): Promise<Listed> {
    const { divisions } = plan;
    // When the client filters, the number of matches is not known.
    const expected = divisions[0].check.length > 0 ? Math.max(requested.limit, fewestExpected) : requested.limit;
    const found = await newestFirst(mailbox, where.places, {
      detail,
      filters: divisions.map(({ filter }) => filter),
      expected,
    });
    return { division: divisions[found.taken] ?? divisions[0], messages: found.messages(), unlisted: found.unlisted, total: found.total() };
  }

  function byQuery(query: string): Listed {
    const found = searchByQuery(mailbox, where.places, query, detail, daysOf(requested.filters, position));
    return { division: plan.divisions[0], messages: found.messages(), unlisted: found.unlisted, total: undefined };
  }

  const rechecked = recheck(list.messages, requested.filters, applied);
  const found = await searchListed({
    requested,
    position,
    applied,
    check,
    matches: await openMatcher(requested.filters, check, access),
    listed: rechecked.messages,
    needsReading: (_, wanted) => needsReading(wanted, detail),
    read: (messages, wanted) => readMessages(mailbox, messages, wanted),
  });
  const unsearched = [
    ...where.closed,
    ...list.unlisted.map(({ place, itemId, failure }) => ({ folderPath: where.pathOf(place), itemId, failure })),
    ...found.unsearched,
  ];
  return {
    messages: found.messages.map((message) => ({ ...message, folderPath: where.pathOfId(message.parentFolderId) })),
    applied: rechecked.applied(),
    folders: where.folders - list.unlisted.filter(({ place, isMessage }) => place !== undefined && !isMessage).length,
    total: check.length === 0 && !rechecked.isBroken() && position === undefined && unsearched.length === 0 ? list.total : undefined,
    nextCursor: found.nextCursor,
    archive: requested.folder === undefined ? "unknown" : undefined,
    unsearched: unsearched.length > 0 ? unsearched : undefined,
  };
}

/** Returns the detail of the listing. A listing includes everything but headers and attachments, so properties needed for matching are listed. */
function listDetail(requested: Detail, plan: Plan): Detail {
  const needed = detailFor(plan.divisions.flatMap(({ check }) => check));
  const body = needed.body ?? requested.body;
  return { recipients: needed.recipients === true || requested.recipients === true, ...(body === undefined ? {} : { body }) };
}

function needsReading(wanted: Detail, listed: Detail): boolean {
  if (wanted.attachments === true || wanted.headers === true) return true;
  return wanted.body !== undefined && wanted.body !== listed.body;
}
