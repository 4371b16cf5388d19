import type { FolderChange } from "../../store/folders/stored-folder.ts";
import type { LabFolder } from "../../store/mailbox.ts";
import type { XmlElement } from "../../xml.ts";
import { readExtendedValue } from "../items/extended-property-from-xml.ts";
import { ItemError, type Operation, type RequestContext, responses } from "../operation.ts";
import { folderElement, folderIdOnly, folderXml, hiddenTag } from "../search/folder-xml.ts";
import { type PropertyPath, pathIn, pathXml } from "../search/property-path.ts";
import { checkChange, folderAt } from "../sign-in/access.ts";
import { withFolderErrors } from "../store-refusal.ts";

/** Reads the change by t:SetFolderField or t:DeleteFolderField. Throws ItemError. */
function readUpdate(element: XmlElement, folder: LabFolder, extended: LabFolder["extended"]): FolderChange {
  const path = pathIn(element);
  if (path === undefined) throw new ItemError("ErrorInvalidPropertySet", "The update names no property.");
  // Microsoft's page of AppendToFolderField: any request with it returns an error.
  if (element.name === "AppendToFolderField")
    throw new ItemError("ErrorInvalidPropertyAppend", "The property can not be appended to.", pathXml(path));
  return element.name === "DeleteFolderField" ? deleted(path, extended) : set(path, propertyOf(element, path), folder, extended);
}

function deleted(path: PropertyPath, extended: LabFolder["extended"]): FolderChange {
  // The lab has no permissions of folders, and clients that save a folder delete those that they have not.
  if (path.kind === "field" && path.uri === "folder:PermissionSet") return {};
  if (path.kind !== "extended" || !extended.has(path.key))
    throw new ItemError("ErrorInvalidPropertyDelete", "The property can not be deleted.", pathXml(path));
  return { extended: new Map([...extended].filter(([key]) => key !== path.key)) };
}

/** The one property in the folder element of an update. */
function propertyOf(element: XmlElement, path: PropertyPath): XmlElement {
  const [property, ...more] = element.children.find(({ name }) => !name.endsWith("FieldURI"))?.children ?? [];
  if (property === undefined || more.length > 0)
    throw new ItemError("ErrorIncorrectUpdatePropertyCount", "An update sets exactly one property.", pathXml(path));
  const named = path.kind === "extended" ? "ExtendedProperty" : path.kind === "field" ? path.uri.replace(/^folder:/, "") : "";
  if (property.name !== named)
    throw new ItemError("ErrorUpdatePropertyMismatch", "The property that is set is not the one that is named.", pathXml(path));
  return property;
}

function set(path: PropertyPath, property: XmlElement, folder: LabFolder, extended: LabFolder["extended"]): FolderChange {
  if (path.kind === "extended") return setExtended(property, extended);
  switch (property.name) {
    case "DisplayName":
      if (property.text.trim() === "") throw new ItemError("ErrorFolderSavePropertyError", "Folder save failed: it has no name.");
      if (property.text !== folder.name && folder.distinguishedName !== undefined)
        throw new ItemError("ErrorFolderSaveFailed", "Folder save failed: a default folder cannot be renamed.");
      return { name: property.text };
    case "FolderClass":
      if (folderElement(property.text) !== folderElement(folder.folderClass))
        throw new ItemError("ErrorNoFolderClassOverride", "The folder class does not go with the kind of folder.");
      return { folderClass: property.text };
    case "PermissionSet":
      throw new ItemError("ErrorInvalidRequest", "This lab does not offer permissions of folders.");
    default:
      throw new ItemError("ErrorInvalidPropertySet", "Set action is invalid for property.", pathXml(path));
  }
}

function setExtended(property: XmlElement, extended: LabFolder["extended"]): FolderChange {
  const { path, value } = readExtendedValue(property);
  if (path.tag === hiddenTag) return { isHidden: value === "true" };
  return { extended: new Map([...extended, [path.key, value]]) };
}

function update(element: XmlElement, context: RequestContext): LabFolder {
  const id = element.child("FolderId") ?? element.child("DistinguishedFolderId");
  if (id === undefined) throw new ItemError("ErrorInvalidId", "The folder is not named.");
  const folder = folderAt(id, context);
  checkChange(folder.mailbox, context);
  // All updates are read before the first takes effect; each sees the earlier ones.
  let change: FolderChange = {};
  for (const one of element.child("Updates")?.children ?? []) {
    change = { ...change, ...readUpdate(one, folder, change.extended ?? folder.extended) };
  }
  withFolderErrors(() => folder.mailbox.updateFolder(folder, change));
  return folder;
}

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/updatefolder-operation */
export const updateFolder: Operation = {
  name: "UpdateFolder",
  handle(context) {
    const tasks = (context.request.child("FolderChanges")?.children ?? []).map(
      (element) => () => `<m:Folders>${folderXml(update(element, context), folderIdOnly)}</m:Folders>`,
    );
    return responses("UpdateFolder", tasks, context, { empty: "<m:Folders/>" });
  },
};
