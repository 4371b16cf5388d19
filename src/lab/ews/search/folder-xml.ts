import type { LabFolder } from "../../store/mailbox.ts";
import { el, textEl, type XmlElement } from "../../xml.ts";
import { ItemError } from "../operation.ts";
import type { PropertyValue } from "./properties.ts";
import { type ExtendedPath, type PropertyPath, pathXml, readPath } from "./property-path.ts";
import type { PropertyReaders } from "./restriction.ts";

/** The properties of each folder that a request wants. */
export interface FolderShape {
  readonly base: "IdOnly" | "Default" | "AllProperties";
  readonly uris: ReadonlySet<string>;
  readonly extended: readonly ExtendedPath[];
}

export const folderIdOnly: FolderShape = { base: "IdOnly", uris: new Set(), extended: [] };

/** Reads m:FolderShape. Throws ItemError `ErrorInvalidPropertyRequest` for a property that folders do not have. */
export function readFolderShape(element: XmlElement | undefined): FolderShape {
  const base = element?.textAt("BaseShape");
  const paths = element?.child("AdditionalProperties")?.children.map(readPath) ?? [];
  const strange = paths.find((path) => path.kind === "indexed" || (path.kind === "field" && !path.uri.startsWith("folder:")));
  if (strange !== undefined) {
    throw new ItemError("ErrorInvalidPropertyRequest", "Property is not valid for this object type.", pathXml(strange));
  }
  return {
    base: base === "Default" || base === "AllProperties" ? base : "IdOnly",
    uris: new Set(paths.flatMap((path) => (path.kind === "field" ? [path.uri] : []))),
    extended: paths.filter((path) => path.kind === "extended"),
  };
}

/** The element that a folder of this class is. */
export function folderElement(folderClass: string | undefined): "CalendarFolder" | "ContactsFolder" | "TasksFolder" | "Folder" {
  const is = (base: string): boolean => folderClass === base || folderClass?.startsWith(`${base}.`) === true;
  if (is("IPF.Appointment")) return "CalendarFolder";
  if (is("IPF.Contact")) return "ContactsFolder";
  return is("IPF.Task") ? "TasksFolder" : "Folder";
}

function folderIdXml(folder: LabFolder, name = "t:FolderId"): string {
  return el(name, { Id: folder.id, ChangeKey: folder.changeKey });
}

/** `mayChange`: whether the account may do more than read. */
const rights = (mayChange: boolean): string =>
  el("t:EffectiveRights", {}, ...rightNames.map((name) => textEl(`t:${name}`, mayChange || name === "Read")));
const rightNames = ["CreateAssociated", "CreateContents", "CreateHierarchy", "Delete", "Modify", "Read", "ViewPrivateItems"];

/** Names that newer servers give to folders: those of the schema that every mailbox has. */
const property: Readonly<Record<string, (folder: LabFolder, mayChange: boolean) => string>> = {
  "folder:ParentFolderId": ({ parent }) => (parent === undefined ? "" : folderIdXml(parent, "t:ParentFolderId")),
  "folder:FolderClass": ({ folderClass }) => textEl("t:FolderClass", folderClass),
  "folder:DisplayName": ({ name }) => textEl("t:DisplayName", name),
  "folder:TotalCount": ({ totalCount }) => textEl("t:TotalCount", totalCount),
  "folder:ChildFolderCount": ({ childCount }) => textEl("t:ChildFolderCount", childCount),
  "folder:EffectiveRights": (_, mayChange) => rights(mayChange),
  "folder:DistinguishedFolderId": ({ distinguishedName }) => textEl("t:DistinguishedFolderId", distinguishedName),
  "folder:UnreadCount": (folder) => {
    // t:CalendarFolderType and t:ContactsFolderType have no such element.
    const element = folderElement(folder.folderClass);
    return element === "Folder" || element === "TasksFolder" ? textEl("t:UnreadCount", folder.unreadCount) : "";
  },
};

/** In the order of the schema: extended properties stand after ChildFolderCount, UnreadCount last. */
const beforeExtended = [
  "folder:ParentFolderId",
  "folder:FolderClass",
  "folder:DisplayName",
  "folder:TotalCount",
  "folder:ChildFolderCount",
];
const afterExtended = ["folder:EffectiveRights", "folder:DistinguishedFolderId", "folder:UnreadCount"];

const inDefault: ReadonlySet<string> = new Set([
  "folder:DisplayName",
  "folder:TotalCount",
  "folder:ChildFolderCount",
  "folder:UnreadCount",
]);

/** PidTagAttributeHidden, which the lab keeps as a field of the folder. */
export const hiddenTag = 0x10f4;

/**
 * MAPI properties that repeat other properties of a folder, by tag.
 * @see https://learn.microsoft.com/en-us/openspecs/exchange_server_protocols/ms-oxprops/f6ab1613-aefe-447d-a49c-18217230b148
 */
const computedProperties: ReadonlyMap<number, (folder: LabFolder) => string | undefined> = new Map<
  number,
  (folder: LabFolder) => string | undefined
>([
  [hiddenTag, (folder) => String(folder.isHidden)],
  [0x3001, (folder) => folder.name],
  // PidTagFolderType: 1 is an ordinary folder, 0 the root.
  [0x3601, (folder) => (folder.distinguishedName === "root" ? "0" : "1")],
  [0x3602, (folder) => String(folder.totalCount)],
  [0x3603, (folder) => String(folder.unreadCount)],
  [0x360a, (folder) => String(folder.childCount > 0)],
  [0x3613, (folder) => folder.folderClass],
  // PidTagMessageSize
  [0x0e08, (folder) => String([...folder.items.values()].reduce((sum, item) => sum + item.size, 0))],
  // PR_REPLICA_LIST of public folders: a GUID as text and a zero, in base64, as in the reply of Microsoft's page on routing.
  [
    0x6698,
    ({ mailbox, contentsIn = mailbox.guid }) =>
      mailbox.distinguished("publicfoldersroot") && Buffer.from(`${contentsIn}\0`, "latin1").toString("base64"),
  ],
  // The path from the visible root. Names are parted by U+FFFE on the wire of MAPI, which XML cannot carry; Exchange sends U+FEFF.
  [0x66b5, (folder) => `\uFEFF${folder.path.replaceAll("/", "\uFEFF")}`],
]);

function extendedValue(folder: LabFolder, path: ExtendedPath): string | readonly string[] | undefined {
  return folder.extended.get(path.key) ?? (path.tag === undefined ? undefined : computedProperties.get(path.tag)?.(folder));
}

function extendedXml(folder: LabFolder, path: ExtendedPath): string {
  const value = extendedValue(folder, path);
  if (value === undefined) return "";
  const inner = typeof value === "string" ? textEl("t:Value", value) : el("t:Values", {}, ...value.map((one) => textEl("t:Value", one)));
  return el("t:ExtendedProperty", {}, pathXml(path), inner);
}

/** Returns one folder in the requested shape, as the element of its class. */
export function folderXml(folder: LabFolder, shape: FolderShape, mayChange = true): string {
  const isAsked = (uri: string): boolean =>
    shape.base === "AllProperties" || shape.uris.has(uri) || (shape.base === "Default" && inDefault.has(uri));
  const write = (uris: readonly string[]): string =>
    uris.map((uri) => (isAsked(uri) ? (property[uri]?.(folder, mayChange) ?? "") : "")).join("");
  return el(
    `t:${folderElement(folder.folderClass)}`,
    {},
    folderIdXml(folder),
    write(beforeExtended),
    ...shape.extended.map((path) => extendedXml(folder, path)),
    write(afterExtended),
  );
}

const searchable: Readonly<Record<string, (folder: LabFolder) => PropertyValue>> = {
  "folder:FolderId": (folder) => folder.id,
  "folder:ParentFolderId": (folder) => folder.parent?.id,
  "folder:DisplayName": (folder) => folder.name,
  "folder:FolderClass": (folder) => folder.folderClass,
  "folder:TotalCount": (folder) => folder.totalCount,
  "folder:UnreadCount": (folder) => folder.unreadCount,
  "folder:ChildFolderCount": (folder) => folder.childCount,
};

/** The properties that FindFolder can be restricted by. */
export const folderProperties: PropertyReaders<LabFolder> = {
  valueAt: (path: PropertyPath) => {
    if (path.kind === "extended") return (folder) => extendedValue(folder, path);
    const read = path.kind === "field" ? searchable[path.uri] : undefined;
    if (read !== undefined) return read;
    throw new ItemError("ErrorUnsupportedPathForQuery", "The property can not be used in a query.", pathXml(path));
  },
  rankAt: () => undefined,
};
