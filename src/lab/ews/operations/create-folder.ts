import type { LabFolder } from "../../store/mailbox.ts";
import type { XmlElement } from "../../xml.ts";
import { readExtendedValue } from "../items/extended-property-from-xml.ts";
import { ItemError, type Operation, type RequestContext, responses } from "../operation.ts";
import { folderElement, folderIdOnly, folderXml, hiddenTag } from "../search/folder-xml.ts";
import { pathXml } from "../search/property-path.ts";
import { targetFolder } from "../sign-in/access.ts";
import { withFolderErrors } from "../store-refusal.ts";

/** The class of a folder whose request names none. */
const classOf: Readonly<Record<string, string>> = {
  CalendarFolder: "IPF.Appointment",
  ContactsFolder: "IPF.Contact",
  TasksFolder: "IPF.Task",
};

/** Properties that only the server sets. */
const readOnly = [
  "FolderId",
  "ParentFolderId",
  "TotalCount",
  "ChildFolderCount",
  "EffectiveRights",
  "UnreadCount",
  "DistinguishedFolderId",
];

function create(element: XmlElement, context: RequestContext): LabFolder {
  const target = context.request.child("ParentFolderId");
  if (target === undefined) throw new ItemError("ErrorParentFolderIdRequired", "A parent folder must be given.");
  const parent = parentOf(target, context);
  const fixed = readOnly.find((name) => element.child(name) !== undefined);
  if (fixed !== undefined) {
    throw new ItemError(
      "ErrorInvalidPropertySet",
      "Set action is invalid for property.",
      pathXml({ kind: "field", uri: `folder:${fixed}` }),
    );
  }
  if (element.name === "SearchFolder") throw new ItemError("ErrorInvalidFolderTypeForOperation", "This lab does not offer search folders.");
  if (element.child("PermissionSet") !== undefined)
    throw new ItemError("ErrorInvalidRequest", "This lab does not offer permissions of folders.");
  const name = element.child("DisplayName")?.text ?? "";
  if (name.trim() === "") throw new ItemError("ErrorFolderSavePropertyError", "Folder save failed: it has no name.");
  const folderClass = element.textAt("FolderClass") ?? classOf[element.name] ?? "IPF.Note";
  const kind = folderElement(folderClass);
  // A class of another kind than the element: a t:CalendarFolder cannot be IPF.Note.
  if (kind !== element.name && (element.name !== "Folder" || kind === "CalendarFolder")) {
    throw new ItemError("ErrorNoFolderClassOverride", "The folder class does not go with the kind of folder.");
  }
  const extended = element.all("ExtendedProperty").map(readExtendedValue);
  const hidden = extended.find(({ path }) => path.tag === hiddenTag);
  const isHidden = hidden?.value === "true";
  const made = withFolderErrors(() => parent.mailbox.createFolder(parent, name, folderClass, { isHidden }));
  const kept = extended.filter((one) => one !== hidden);
  if (kept.length > 0) made.mailbox.updateFolder(made, { extended: new Map(kept.map(({ path, value }) => [path.key, value])) });
  return made;
}

function parentOf(target: XmlElement, context: RequestContext): LabFolder {
  try {
    return targetFolder(target, context);
  } catch (error) {
    if (error instanceof ItemError && error.code === "ErrorItemNotFound") {
      throw new ItemError("ErrorParentFolderNotFound", "The specified parent folder could not be found.");
    }
    throw error;
  }
}

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/createfolder-operation */
export const createFolder: Operation = {
  name: "CreateFolder",
  handle(context) {
    const tasks = (context.request.child("Folders")?.children ?? []).map(
      (element) => () => `<m:Folders>${folderXml(create(element, context), folderIdOnly)}</m:Folders>`,
    );
    return responses("CreateFolder", tasks, context, { empty: "<m:Folders/>" });
  },
};
