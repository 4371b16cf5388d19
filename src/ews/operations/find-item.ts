import type { Message } from "../../exchange/message.ts";
import { fromAttribute, mapped, optional, type Reader, record } from "../../wire/xml/read-xml.ts";
import { element, type Xml } from "../../wire/xml/write-xml.ts";
import type { FolderRef } from "../folders/folder-ref.ts";
import { messagesReader } from "../messages/message-reader.ts";
import { m, t } from "../namespaces.ts";
import { type Operation, outcomeOf, responses } from "../operation.ts";
import { folderId, folderName } from "../session/item-ids.ts";
import { status } from "../session/response-status.ts";

/** A listing of several folders. Each folder has its own response message, in this order. */
export interface FindItem {
  readonly folders: readonly FolderRef[];
  /** `m:ItemShape`. */
  readonly shape: Xml;
  /** Maximum number of items per folder. */
  readonly pageSize: number;
  readonly offset: number;
  /** `m:Restriction`. Excludes `queryString`. */
  readonly restriction?: Xml | undefined;
  /** AQS. */
  readonly queryString?: string | undefined;
  /** The property by which the newest come first. Undefined: the server's own order. */
  readonly newestBy?: "item:DateTimeReceived" | "item:DateTimeCreated" | undefined;
}

/** One page of one folder. */
export interface ItemPage<T> {
  readonly items: readonly T[];
  /**
   * Where the next page begins, as the server reports. Some servers repeat an old value or skip positions, so the number of items shows how far a
   * list was read.
   */
  readonly nextOffset: number | undefined;
  /** Number of items that match, as the server reports. */
  readonly total: number | undefined;
  /** May be false on a page that is shorter than requested: the server may stop early. */
  readonly isLast: boolean;
}

/**
 * Lists folders and reads the items with `items`. Shallow only: a restriction with the traversal SoftDeleted finds nothing even where something
 * matches. The Recoverable Items are listed as a folder.
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
      // Without the attribute nothing indicates that more follows.
      isLast: root.includesLast === undefined || root.includesLast === "true" || root.includesLast === "1",
    }),
  );
}

/** Reads the number in an attribute of a page. */
export function countIn(attribute: string | undefined): number | undefined {
  return attribute !== undefined && /^\d{1,10}$/.test(attribute) ? Number(attribute) : undefined;
}
