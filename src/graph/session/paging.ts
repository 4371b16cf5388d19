import { contradiction } from "../../exchange/search/contradiction.ts";
import { Failure } from "../../failure.ts";
import { urlOfLink } from "./graph-http.ts";
import { type JsonObject, numberIn, objectsIn, textIn } from "./read-json.ts";
import type { Request, RequestParts } from "./request-description.ts";
import { type RequestSender, requestWithRetry } from "./retry.ts";

/** One page of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Link to the next page. It is followed unchanged, and never to another server. */
  readonly next: string | undefined;
  /** Number of items that the server returned, including those that could not be named. */
  readonly length: number;
  /** Number of items of the whole list, where the server reports it. */
  readonly count?: number | undefined;
}

/** Tells whether a list ends with this page before its own count. `before`: number of items on earlier pages. */
export function endsShort({ next, length, count = 0 }: Omit<Page<unknown>, "items">, before: number): boolean {
  return next === undefined && count > before + length;
}

/** No list has so many pages: a server that continues beyond this is in a loop. */
const maxPages = 20_000;

/** @see https://learn.microsoft.com/en-us/graph/paging */
export function pageOf<T>(reply: JsonObject, read: (item: JsonObject) => T): Page<T> {
  const items = objectsIn(reply, "value");
  if (items === undefined) throw new Failure("broken-reply", "The reply should be a list but is not.");
  const count = numberIn(reply, "@odata.count");
  return {
    items: items.map(read),
    next: textIn(reply, "@odata.nextLink"),
    length: items.length,
    ...(count === undefined ? {} : { count }),
  };
}

/**
 * Yields all pages of a list, from the first page or from a link. If a list ends before its own count, its last page is requested again. If the count
 * still disagrees, the list ends with a Failure after its items. Throws Failure.
 */
export async function* pages<In, P extends Page<unknown>>(
  request: Request<In, P>,
  input: In,
  sender: RequestSender,
  from?: string,
): AsyncGenerator<P, void, undefined> {
  const requested = request.write(input, sender.behaviour);
  const seen = new Set<string>();
  let link = from;
  let given = 0;
  for (let count = 0; count < maxPages; count++) {
    let page = await requestPage(request, requested, link, sender);
    // From a link on, the number of earlier items is not known.
    if (from === undefined && endsShort(page, given)) page = await requestPage(request, requested, link, sender);
    yield page;
    given += page.length;
    link = page.next;
    if (link === undefined && from === undefined && page.count !== undefined && page.count > given)
      throw contradiction(page.count, given, "Microsoft Graph");
    if (link === undefined) return;
    if (seen.has(link)) break;
    seen.add(link);
  }
  throw new Failure("broken-reply", "The server repeatedly reports another page of a list, in a circle.");
}

async function requestPage<In, P>(
  request: Request<In, P>,
  requested: RequestParts,
  link: string | undefined,
  sender: RequestSender,
): Promise<P> {
  const { rest, mailbox, call } = sender;
  const addressed = link === undefined ? requested : { ...requested, link: linkOf(link, rest.urlOf(requested, mailbox)) };
  return requestWithRetry(sender, request.safety, async (turn) => {
    const page = request.read(await rest.call(request, addressed, mailbox, call));
    turn.end(true);
    return page;
  });
}

/** Checks a link. The request carries our token, so the link must lead to the server that returned it. */
function linkOf(link: string, requested: URL): URL {
  const url = urlOfLink(link);
  if (url !== undefined && url.origin === requested.origin) return url;
  throw new Failure("refused", `The link to the next page leads to another server${url ? `: ${url.host}` : ""}. It was not followed.`);
}
