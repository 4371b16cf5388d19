import { contradiction } from "../../exchange/search/contradiction.ts";
import { gapFailure, listAround, mayBeFaultOfOneItem } from "../../exchange/search/list-around-failures.ts";
import { Failure } from "../../failure.ts";
import { attempt } from "../../outcome.ts";
import type { GraphMailbox } from "../session/mailbox.ts";
import type { Page } from "../session/paging.ts";
import type { Request } from "../session/request-description.ts";

/** A list that may also be asked for by number. */
interface NumberedList<In, T> {
  /** What asks for so many items, after leaving out so many; both undefined: as usual. */
  asking(top?: number, skip?: number): In;
  /** How many items a page usually has. */
  readonly size: number;
  /** What one item is called, before its number. */
  readonly what: string;
  /** What an item is told from others by; empty where the server gives none. */
  idOf(item: T): string;
  /** Names the item at a place that could not be listed, where the server gives at least its id. Default: it is not named. */
  readonly nameOf?: ((at: number) => Promise<string | undefined>) | undefined;
}

/** No list has so many pages: a server that goes on beyond this is going round in circles. */
const maxPages = 20_000;

/**
 * The items of a list, page by page. What spoils its page is left out, and `missed` told; so is why the list ends before its end. Throws Failure of what
 * concerns more than an item, and of a list of which nothing could be had.
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
      // What was given before does not bring the list to its end.
      if (fresh.length > 0) offset += page.value.length;
      yield fresh;
      link = page.value.next;
      count = page.value.count ?? count;
      if (link === undefined) {
        if (count === undefined || count <= offset) return;
        // What the server counts and did not give is asked for once more, by its number.
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
  missed(new Failure("broken-reply", "The server says again and again that a list goes on, and leads us in a circle."));
}
