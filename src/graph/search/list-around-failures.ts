import { contradiction } from "../../exchange/search/contradiction.ts";
import { gapFailure, listAround, mayBeFaultOfOneItem } from "../../exchange/search/list-around-failures.ts";
import { Failure } from "../../failure.ts";
import { attempt } from "../../outcome.ts";
import type { GraphMailbox } from "../session/mailbox.ts";
import type { Page } from "../session/paging.ts";
import type { Request } from "../session/request-description.ts";

/** A list that can also be requested by position. */
interface NumberedList<In, T> {
  /** Returns the input that requests `top` items after skipping `skip`; both undefined: the usual first page. */
  asking(top?: number, skip?: number): In;
  /** Usual number of items per page. */
  readonly size: number;
  /** Text for one item, before its number. */
  readonly what: string;
  /** Returns the id of an item; empty where the server returns none. */
  idOf(item: T): string;
  /** Returns the id of an item that could not be listed, where the server returns at least that. Default: no id. */
  readonly nameOf?: ((at: number) => Promise<string | undefined>) | undefined;
}

/** No list has so many pages: a server that continues beyond this is in a loop. */
const maxPages = 20_000;

/**
 * Yields the items of a list, page by page. An item that spoils its page is left out and passed to `missed`, and so is the reason for an early end.
 * Throws Failure for what concerns more than one item, and for a list that could not be read at all.
 */
export async function* pagesAround<In, T>(
  mailbox: GraphMailbox,
  request: Request<In, Page<T>>,
  { asking, size, what, idOf, nameOf }: NumberedList<In, T>,
  missed: (failure: Failure) => void,
): AsyncGenerator<readonly T[], void, undefined> {
  const one = async (input: In, link?: string): Promise<Page<T>> => {
    for await (const page of mailbox.pages(request, input, link)) return page;
    throw new Failure("internal", "A list without a page.");
  };
  const links = new Set<string>();
  const seen = new Set<string>();
  const freshOf = (items: readonly T[]) => {
    const fresh = items.filter((item) => idOf(item) === "" || !seen.has(idOf(item)));
    for (const item of fresh) seen.add(idOf(item));
    return fresh;
  };
  let link: string | undefined;
  let offset = 0;
  let count: number | undefined;
  let wasShort = false;
  for (let pages = 0; pages < maxPages; pages++) {
    const page = await attempt(() => one(link === undefined && offset > 0 ? asking(size, offset) : asking(), link));
    if (page.ok) {
      const fresh = freshOf(page.value.items);
      // Items returned before do not count as progress.
      if (fresh.length > 0) offset += page.value.length;
      yield fresh;
      link = page.value.next;
      count = page.value.count ?? count;
      if (link === undefined) {
        if (count === undefined || count <= offset) return;
        // Items that the server counts but did not return are requested once more, by position.
        if (fresh.length === 0 && wasShort) return missed(contradiction(count, offset, "Microsoft Graph"));
        wasShort = true;
        continue;
      }
      if (links.has(link)) break;
      links.add(link);
      continue;
    }
    if (!mayBeFaultOfOneItem(page.failure)) throw page.failure;
    const found = await listAround(
      async (skip, top) => {
        const { items, next, length } = await one(asking(top, skip));
        return { items, length, isLast: next === undefined };
      },
      offset,
      size,
    );
    if (found.failure !== undefined && offset === 0 && found.items.length === 0) throw found.failure;
    for (const gap of found.gaps) missed(gapFailure(gap, what, await nameOf?.(gap.at)));
    yield freshOf(found.items);
    if (found.failure !== undefined) missed(found.failure);
    if (found.isLast) return;
    offset += found.length;
    link = undefined;
  }
  missed(new Failure("broken-reply", "The server repeatedly reports another page of a list, in a circle."));
}
