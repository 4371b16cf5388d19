import type { FoundFolder } from "../../exchange/folders/folder-tree.ts";
import { fromAttribute, listOf, mapped, optional, record } from "../../wire/xml/read-xml.ts";
import { element } from "../../wire/xml/write-xml.ts";
import { folderElements, folderFields, folderReader } from "../folders/folder-reader.ts";
import type { FolderRef } from "../folders/folder-ref.ts";
import { shape } from "../messages/item-shapes.ts";
import { m, t } from "../namespaces.ts";
import { type Operation, outcomeOf, responses } from "../operation.ts";
import { folderId, folderName } from "../session/item-ids.ts";
import { status } from "../session/response-status.ts";
import { countIn } from "./find-item.ts";

export interface FolderQuery {
  /** Each parent has its own page in the reply. */
  readonly parents: readonly FolderRef[];
  /** Public folders cannot be listed deeply. */
  readonly traversal: "Deep" | "Shallow";
  readonly offset: number;
  /** Maximum number of folders per parent. Default: Exchange's maximum. */
  readonly pageSize?: number | undefined;
  /** Request only the id of each folder, for a folder that cannot be listed otherwise. */
  readonly idsOnly?: boolean | undefined;
}

export interface FolderPage {
  readonly folders: readonly FoundFolder[];
  /** Where the next page begins, as the server reports; undefined after the last. */
  readonly nextOffset?: number | undefined;
  /** Total number of folders, as the server reports. */
  readonly total?: number | undefined;
}

// Exchange returns at most 1000 folders per request (EWSFindCountLimit):
// https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/ews-throttling-in-exchange
export const foldersPerPage = 1000;

/**
 * Lists the folders below each parent. A page may be short: only the server's flag shows which page is the last.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/findfolder-operation
 */
export const findFolder: Operation<FolderQuery, FolderPage> = {
  name: "FindFolder",
  safety: "read",
  names: ({ parents }) => parents.map(folderName),
  write: ({ parents, traversal, offset, pageSize = foldersPerPage, idsOnly = false }) =>
    element(
      "m:FindFolder",
      { Traversal: traversal },
      shape("m:FolderShape", idsOnly ? ["folder:FolderId"] : folderFields),
      element("m:IndexedPageFolderView", { MaxEntriesReturned: pageSize, Offset: offset, BasePoint: "Beginning" }),
      element("m:ParentFolderIds", undefined, parents.map(folderId)),
    ),
  read: responses(
    "FindFolder",
    mapped(
      record({
        ...status,
        root: optional(
          m("RootFolder"),
          record({
            nextOffset: fromAttribute("IndexedPagingOffset"),
            total: fromAttribute("TotalItemsInView"),
            last: fromAttribute("IncludesLastItemInRange"),
            folders: optional(t("Folders"), listOf(folderElements, folderReader)),
          }),
        ),
      }),
      outcomeOf(({ root }): FolderPage | undefined => {
        if (root === undefined) return undefined;
        const next = Number(root.nextOffset);
        const isLast = root.last === "true" || root.last === "1" || !Number.isInteger(next);
        return { folders: root.folders ?? [], nextOffset: isLast ? undefined : next, total: countIn(root.total) };
      }),
    ),
  ),
};
