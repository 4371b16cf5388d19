// src/ews/folders/: Resolves folder names and paths to ids, lists folders, and routes requests about public folders.

import type { FoundFolder } from "../../exchange/folders/folder-tree.ts";
import { attribute, elementName, integer, mapped, optional, type Reader, record, text } from "../../wire/xml/read-xml.ts";
import { t } from "../namespaces.ts";

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/folders-ex15websvcsotherref */
export const folderElements = ["Folder", "CalendarFolder", "ContactsFolder", "SearchFolder", "TasksFolder"].map(t);

export const folderFields = [
  "folder:FolderId",
  "folder:ParentFolderId",
  "folder:FolderClass",
  "folder:DisplayName",
  "folder:TotalCount",
  "folder:DistinguishedFolderId",
] as const;

export const folderReader: Reader<FoundFolder> = mapped(
  record({
    element: elementName,
    folderId: optional(t("FolderId"), attribute("Id")),
    parentFolderId: optional(t("ParentFolderId"), attribute("Id")),
    folderClass: optional(t("FolderClass"), text),
    displayName: optional(t("DisplayName"), text),
    totalCount: optional(t("TotalCount"), integer),
    distinguished: optional(t("DistinguishedFolderId"), text),
  }),
  ({ element, folderId = "", ...members }) => ({ folderId, ...members, isSearchFolder: element === "SearchFolder" }),
);
