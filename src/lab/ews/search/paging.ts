import type { XmlElement } from "../../xml.ts";
import { ItemError } from "../operation.ts";

/** A page of a view, as FindItem and FindFolder return it. */
export interface Page<T> {
  readonly entries: readonly T[];
  /** Attributes of the RootFolder element. */
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
}

/** Maximum page size of one call: https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/ews-throttling-in-exchange */
export const pageLimit = 1000;
/** Maximum page size of a view with a restriction or query, since Exchange 2013. */
export const restrictedPageLimit = 250;

const number = (element: XmlElement, name: string): number | undefined => {
  const text = element.attributes.get(name);
  return text === undefined ? undefined : Number(text);
};

/**
 * Cuts a view into the page that m:IndexedPageItemView or m:FractionalPageItemView asks for, at most `limit` long: a page may be shorter
 * than was asked, with IncludesLastItemInRange false. Without a paging element the whole view is asked. Throws ItemError.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/how-to-perform-paged-searches-by-using-ews-in-exchange
 */
export function pageOf<T>(view: readonly T[], paging: XmlElement | undefined, limit: number): Page<T> {
  const total = view.length;
  if (paging === undefined) return forward(view, 0, limit, limit);
  const most = number(paging, "MaxEntriesReturned") ?? limit;
  if (most <= 0) throw new ItemError("ErrorInvalidPagingMaxRows", "MaxEntriesReturned must be greater than zero.");
  if (paging.name.startsWith("Fractional")) return fractional(view, paging, Math.min(most, limit));
  const offset = number(paging, "Offset") ?? 0;
  if (offset < 0) throw new ItemError("ErrorInvalidIndexedPagingParameters", "Offset must not be negative.");
  if (paging.attributes.get("BasePoint") !== "End") return forward(view, Math.min(offset, total), most, limit);
  // From the end: the page that ends `offset` before the last one; the next offset counts from the end too.
  const end = Math.max(0, total - offset);
  const start = Math.max(0, end - Math.min(most, limit));
  return {
    entries: view.slice(start, end),
    attributes: { IndexedPagingOffset: total - start, TotalItemsInView: total, IncludesLastItemInRange: start === 0 },
  };
}

function forward<T>(view: readonly T[], start: number, most: number, limit: number): Page<T> {
  const end = Math.min(view.length, start + Math.min(most, limit));
  return {
    entries: view.slice(start, end),
    attributes: { IndexedPagingOffset: end, TotalItemsInView: view.length, IncludesLastItemInRange: end === view.length },
  };
}

function fractional<T>(view: readonly T[], paging: XmlElement, most: number): Page<T> {
  const numerator = number(paging, "Numerator") ?? 0;
  const denominator = number(paging, "Denominator") ?? 0;
  if (numerator < 0 || denominator <= 0 || numerator > denominator) {
    throw new ItemError("ErrorInvalidFractionalPagingParameters", "The fraction must be from 0 to 1.");
  }
  const start = Math.floor((view.length * numerator) / denominator);
  const end = Math.min(view.length, start + most);
  return {
    entries: view.slice(start, end),
    attributes: {
      NumeratorOffset: end,
      AbsoluteDenominator: view.length,
      TotalItemsInView: view.length,
      IncludesLastItemInRange: end === view.length,
    },
  };
}
