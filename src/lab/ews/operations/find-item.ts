import type { LabFolder, LabItem } from "../../store/mailbox.ts";
import { el, type XmlElement } from "../../xml.ts";
import { rowXml } from "../items/item-xml.ts";
import { Fault, ItemError, type Operation, type RequestContext, responses, tasksOf } from "../operation.ts";
import { readTableShape } from "../search/item-shape.ts";
import { pageLimit, pageOf, restrictedPageLimit } from "../search/paging.ts";
import { readQuery } from "../search/query-string.ts";
import { type Predicate, readRestriction } from "../search/restriction.ts";
import { readSortOrder } from "../search/sort-order.ts";
import { folderAt } from "../sign-in/access.ts";

/** Sorts the newest first, like Exchange's own view of a folder without a sort order. */
function newestFirst(a: LabItem, b: LabItem): number {
  return (b.receivedAt?.getTime() ?? 0) - (a.receivedAt?.getTime() ?? 0);
}

/** Returns the restriction, unless the habit `refuses-restrictions` refuses it. Throws ItemError. */
function acceptedRestriction(restriction: XmlElement, { habits }: RequestContext): XmlElement {
  const refuse = (element: XmlElement): void => {
    const { attributes } = element;
    const property = attributes.get("FieldURI") ?? attributes.get("PropertyTag") ?? attributes.get("PropertyName") ?? "";
    if (habits.refusesRestriction(property)) throw new ItemError("ErrorUnsupportedPathForQuery", "The property cannot be used in a query.");
    element.children.forEach(refuse);
  };
  refuse(restriction);
  return restriction;
}

function wanted(request: XmlElement, context: RequestContext): Predicate | undefined {
  const restriction = request.child("Restriction");
  const query = request.child("QueryString");
  if (restriction !== undefined && query !== undefined) {
    throw new ItemError("ErrorInvalidArgument", "A restriction and a query string cannot be used together.");
  }
  if (restriction !== undefined) return readRestriction(acceptedRestriction(restriction, context));
  return query === undefined || context.habits.has("ignores-queries") ? undefined : readQuery(query.text, context.store.now());
}

/** The items that a traversal sees. Folder-associated items (rules, views) are not kept by the lab. */
function itemsOf(folder: LabFolder, traversal: string, filter: Predicate | undefined): readonly LabItem[] {
  if (traversal === "Associated") return [];
  if (traversal === "SoftDeleted") {
    // SoftDeleted reads the old dumpster of a folder, which moved to Recoverable Items in 2010: with a restriction it finds nothing, even if items
    // match.
    if (filter !== undefined) return [];
    return [...folder.mailbox.known("recoverableitemsdeletions").items.values()];
  }
  const all = [...folder.items.values()];
  return filter === undefined ? all : all.filter(filter);
}

function search(folderId: XmlElement, context: RequestContext): string {
  const { request, store } = context;
  const shape = readTableShape(request.child("ItemShape"));
  const filter = wanted(request, context);
  const order = request.child("SortOrder");
  const folder = folderAt(folderId, context);
  const view = [...itemsOf(folder, request.attributes.get("Traversal") ?? "Shallow", filter)];
  view.sort(newestFirst);
  if (order !== undefined) view.sort(readSortOrder(order));
  const paging = request.child("IndexedPageItemView") ?? request.child("FractionalPageItemView");
  const page = pageOf(view, paging, filter === undefined ? pageLimit : restrictedPageLimit);
  const rows = page.entries.map((item) => rowXml(item, shape, store)).join("");
  const attributes = context.habits.has("counts-folder") ? { ...page.attributes, TotalItemsInView: folder.items.size } : page.attributes;
  return el("m:RootFolder", attributes, `<t:Items>${rows}</t:Items>`);
}

const unsupported = ["GroupBy", "DistinguishedGroupBy", "SeekToConditionPageItemView", "CalendarView", "ContactsView"];

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/finditem-operation */
export const findItem: Operation = {
  name: "FindItem",
  handle(context) {
    const { request } = context;
    const strange = unsupported.find((name) => request.child(name) !== undefined);
    if (strange !== undefined) throw new Fault("ErrorInvalidRequest", `This lab does not offer ${strange} in FindItem.`);
    const tasks = tasksOf(context, "ParentFolderIds", (id) => search(id, context));
    return responses("FindItem", tasks, context);
  },
};
