import { setTimeout as sleep } from "node:timers/promises";
import { Failure, type LeftDraft, throwDefect } from "../../failure.ts";
import { attempt } from "../../outcome.ts";
import type { Filters, Search, SearchPage } from "../search/search-query.ts";
import { nothingSent, type RetryDelays } from "./send-once.ts";

/** How to recognise a draft that does not have our mark. */
export interface DraftSearch {
  readonly mailbox: string;
  /** Returns a known property of the draft: a conversation or a Message-ID; undefined when nothing is known. Throws Failure. */
  known(): Promise<Pick<Filters, "conversationId" | "internetMessageId"> | undefined>;
  search(search: Search): Promise<SearchPage>;
}

/** People keep few drafts of one conversation. */
const mostNamed = 10;

/**
 * Returns the Failure for a draft that could not be made. Without its mark, a draft cannot be distinguished from others: if the reply to its creation
 * was lost, the Failure names the drafts that may be it. None of them is ever sent. Throws Failure `internal`.
 */
export async function draftNotMade(failure: Failure, draftSearch: DraftSearch, { settle: [wait = 0] }: RetryDelays): Promise<Failure> {
  const notSent = nothingSent(failure);
  if (failure.code !== "unknown-outcome" && failure.code !== "cancelled") return notSent;
  const { mailbox } = draftSearch;
  // A server whose reply was lost may still be working.
  await sleep(wait);
  const { seen, how, possibleDrafts } = await findPossibleDrafts(draftSearch, notSent.message);
  const { code, wireCode, requestId, backOffMs, cause } = notSent;
  return new Failure(code, `${notSent.message} An unfinished draft may be left in Drafts of ${mailbox}. ${seen}`, {
    hint: `Before you retry, search Drafts of ${mailbox} with search-emails-extended (folder drafts${how}) and delete unfinished drafts.`,
    wireCode,
    requestId,
    backOffMs,
    possibleDrafts,
    cause,
  });
}

interface PossibleDrafts {
  /** One sentence about what was found. */
  readonly seen: string;
  /** The fields with which a person finds the same drafts, for a hint. */
  readonly how: string;
  /** Undefined when none was found, or when the search failed. */
  readonly possibleDrafts?: readonly LeftDraft[] | undefined;
}

/** Looks for drafts that may be ours. `before`: what happened until now, one sentence. Throws Failure `internal` only. */
export async function findPossibleDrafts(draftSearch: DraftSearch, before: string): Promise<PossibleDrafts> {
  const looked = await attempt(() => candidates(draftSearch));
  if (looked.ok) return looked.value;
  throwDefect(looked.failure, before);
  return { seen: "It could not be searched.", how: "" };
}

async function candidates({ mailbox, known, search }: DraftSearch): Promise<PossibleDrafts> {
  const filters = await known();
  if (filters === undefined) return { seen: "Nothing is known by which it could be found.", how: "" };
  const { conversationId } = filters;
  const what = conversationId === undefined ? "with its Message-ID" : "of its conversation";
  const how = conversationId === undefined ? ", and internet_message_id" : `, and conversation_id ${conversationId.slice(0, 300)}`;
  const page = await search({ filters, folder: "drafts", recursive: false, limit: mostNamed });
  const ids = page.messages.filter(({ isDraft }) => isDraft !== false).map(({ itemId }) => itemId);
  const possibleDrafts = ids.map((itemId) => ({ mailbox, folder: "drafts", itemId }));
  if (ids.length > 0) return { seen: `Drafts ${what} found: ${ids.join(", ")}.`, how, possibleDrafts };
  return {
    seen: page.unsearched === undefined ? `No draft ${what} was found afterwards.` : "Drafts could not be searched as a whole.",
    how,
  };
}
