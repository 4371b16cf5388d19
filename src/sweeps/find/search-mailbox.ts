import type { MailboxFor } from "../../exchange/port-methods.ts";
import type { Filters, Search, Unsearched } from "../../exchange/search/search-query.ts";
import { Failure } from "../../failure.ts";
import type { Query, SweepSpec } from "../sweep-spec.ts";

/** Messages on one page of a search. */
const pageSize = 200;
/** Maximum number of messages per mailbox. A search that finds more is too broad for a sweep. */
const mostPerMailbox = 2000;

export interface FoundMessages {
  readonly ids: readonly string[];
  readonly problems: readonly Failure[];
}

/** Finds the messages of one mailbox that match the Message-IDs and the query of the request. Throws Failure. */
export async function searchMailbox(mailbox: MailboxFor<"search">, spec: SweepSpec): Promise<FoundMessages> {
  const { internetMessageIds, query = {}, input } = spec;
  const search: Search = {
    filters: { ...filtersOf(query), ...(internetMessageIds.length === 0 ? {} : { internetMessageId: internetMessageIds }) },
    ...(typeof input.folder === "string" ? { folder: input.folder, recursive: false } : {}),
    archive: input.archive === true,
    limit: pageSize,
  };
  const ids: string[] = [];
  const missed: Unsearched[] = [];
  let cursor: string | undefined;
  do {
    const page = await mailbox.search({ ...search, cursor });
    for (const { itemId } of page.messages) ids.push(itemId);
    for (const one of page.unsearched ?? []) missed.push(one);
    cursor = page.nextCursor;
  } while (cursor !== undefined && ids.length < mostPerMailbox);
  const more = new Failure("could-not-look", `More than ${ids.length} messages match; only these are in the plan. Narrow the search.`);
  return { ids, problems: [...(cursor === undefined ? [] : [more]), ...missed.map(({ failure }) => failure)] };
}

function filtersOf(query: Query): Filters {
  return {
    sender: query.sender,
    subject: query.subject,
    receivedAfter: query.received_after,
    receivedBefore: query.received_before,
    attachmentName: query.attachment_name,
    attachmentSha256: query.attachment_sha256,
    // The server then skips messages without attachments, so mailcordon downloads less.
    hasAttachments: query.attachment_sha256 === undefined && query.attachment_name === undefined ? undefined : true,
  };
}
