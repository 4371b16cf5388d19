import type { Message } from "../../exchange/message.ts";
import { fromAttribute, mapped, optional, type Reader, record } from "../../wire/xml/read-xml.ts";
import { element, type Xml } from "../../wire/xml/write-xml.ts";
import type { FolderRef } from "../folders/folder-ref.ts";
import { messagesReader } from "../messages/message-reader.ts";
import { m, t } from "../namespaces.ts";
import { type Operation, outcomeOf, responses } from "../operation.ts";
import { folderId, folderName } from "../session/item-ids.ts";
import { status } from "../session/response-status.ts";

/** What to list, of which folders. Each folder answers with its own response message, in this order. */
export interface FindItem {
  readonly folders: readonly FolderRef[];
  /** `m:ItemShape`. */
  readonly shape: Xml;
  /** How many items at most, of each folder. */
  readonly pageSize: number;
  readonly offset: number;
  /** `m:Restriction`. Excludes `queryString`. */
  readonly restriction?: Xml | undefined;
  /** AQS. */
  readonly queryString?: string | undefined;
  /** The property by which the newest come first; none: the server's own order. */
  readonly newestBy?: "item:DateTimeReceived" | "item:DateTimeCreated" | undefined;
}

/** One page of one folder. */
export interface ItemPage<T> {
  readonly items: readonly T[];
  /** Where the server says the next page begins. Some servers repeat an old one, or leave places out: the number of items tells how far a list was read. */
  readonly nextOffset: number | undefined;
  /** How many items match, as the server says. */
  readonly total: number | undefined;
  /** False also on a page that is shorter than was asked: the server may stop early. */
  readonly isLast: boolean;
}

/**
 * Lists folders, whatever the items are read as. Shallow only: a restriction with the traversal SoftDeleted finds nothing even where something
 * matches; the Recoverable Items are listed as a folder.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/finditem-operation
 */
export function findItemAs<T>(items: Reader<readonly T[]>): Operation<FindItem, ItemPage<T>> {
  return {
    name: "FindItem",
    safety: "read",
    names: ({ folders }) => folders.map(folderName),
    write: (find) =>
      element(
        "m:FindItem",
        { Traversal: "Shallow" },
        find.shape,
        element("m:IndexedPageItemView", { MaxEntriesReturned: find.pageSize, Offset: find.offset, BasePoint: "Beginning" }),
        find.restriction,
        find.newestBy && sortOrder(find.newestBy),
        element("m:ParentFolderIds", undefined, find.folders.map(folderId)),
        find.queryString === undefined ? undefined : element("m:QueryString", undefined, find.queryString),
      ),
    read: responses(
      "FindItem",
      mapped(
        record({ ...status, page: optional(m("RootFolder"), pageOf(items)) }),
        outcomeOf(({ page }) => page),
      ),
    ),
  };
}

/** Lists messages. */
export const findItem: Operation<FindItem, ItemPage<Message>> = findItemAs(messagesReader);

function sortOrder(by: string): Xml {
  return element("m:SortOrder", undefined, element("t:FieldOrder", { Order: "Descending" }, element("t:FieldURI", { FieldURI: by })));
}

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/rootfolder-finditemresponsemessage */
function pageOf<T>(items: Reader<readonly T[]>): Reader<ItemPage<T>> {
  return mapped(
    record({
      nextOffset: fromAttribute("IndexedPagingOffset"),
      total: fromAttribute("TotalItemsInView"),
      includesLast: fromAttribute("IncludesLastItemInRange"),
      items: optional(t("Items"), items),
    }),
    (root) => ({
      items: root.items ?? [],
      nextOffset: countIn(root.nextOffset),
      total: countIn(root.total),
      // Without the attribute nothing says that more follows.
      isLast: root.includesLast === undefined || root.includesLast === "true" || root.includesLast === "1",
    }),
  );
}

/** The number that an attribute of a page gives. */
export function countIn(attribute: string | undefined): number | undefined {
  return attribute !== undefined && /^\d{1,10}$/.test(attribute) ? Number(attribute) : undefined;
}
