import { contradiction } from "../../exchange/search/contradiction.ts";
import { Failure } from "../../failure.ts";
import { urlOfLink } from "./graph-http.ts";
import { type JsonObject, numberIn, objectsIn, textIn } from "./read-json.ts";
import type { Request, RequestParts } from "./request-description.ts";
import { type RequestSender, requestWithRetry } from "./retry.ts";

/** One page of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Where the next page is: followed as it stands, and never to another server. */
  readonly next: string | undefined;
  /** How many items the server gave, also those that could not be named. */
  readonly length: number;
  /** How many items the whole list has, where the server says so. */
  readonly count?: number | undefined;
}

/** Whether a list ends with this page before its own count does. `before`: how many items came before it. */
export function endsShort({ next, length, count = 0 }: Omit<Page<unknown>, "items">, before: number): boolean {
  return next === undefined && count > before + length;
}

/** No list has so many pages: a server that goes on beyond this is going round in circles. */
const maxPages = 20_000;

/** @see https://learn.microsoft.com/en-us/graph/paging */
export function pageOf<T>(reply: JsonObject, read: (item: JsonObject) => T): Page<T> {
  const items = objectsIn(reply, "value");
  if (items === undefined) throw new Failure("broken-reply", "The reply should be a list and is none.");
  const count = numberIn(reply, "@odata.count");
  return {
    items: items.map(read),
    next: textIn(reply, "@odata.nextLink"),
    length: items.length,
    ...(count === undefined ? {} : { count }),
  };
}

/**
 * All pages of a list, from the first or from a link on. A list that ends before its own count does has its last page asked for again; where that does not
 * settle it, it ends with a Failure after what was given. Throws Failure.
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
    // From a link on it is not known how many came before.
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
  throw new Failure("broken-reply", "The server says again and again that a list goes on, and leads us in a circle.");
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

/** The token goes with the request: so a link leads to the server that gave it, or nowhere. */
function linkOf(link: string, requested: URL): URL {
  const url = urlOfLink(link);
  if (url !== undefined && url.origin === requested.origin) return url;
  throw new Failure("refused", `The next page should be at another server${url ? `: ${url.host}` : ""}. It was not asked for.`);
}
