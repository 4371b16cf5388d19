import type { XmlElement } from "../../xml.ts";
import { ItemError } from "../operation.ts";
import { type ExtendedPath, type PropertyPath, pathXml, readPath } from "./property-path.ts";

/** The properties of each item that a request wants. */
export interface ItemShape {
  readonly base: "IdOnly" | "Default" | "AllProperties";
  readonly includeMime: boolean;
  /** MIME that cannot be created is omitted if it was named as a property, and refused if IncludeMimeContent requested it. */
  readonly isMimeRequired: boolean;
  readonly bodyType: "Best" | "HTML" | "Text";
  readonly filterHtml: boolean;
  /** In characters; undefined: no limit. */
  readonly maximumBodySize?: number | undefined;
  /** Properties requested by name, in addition to the base. */
  readonly uris: ReadonlySet<string>;
  readonly indexed: readonly { readonly uri: string; readonly index: string }[];
  readonly extended: readonly ExtendedPath[];
}

export const idOnly: ItemShape = {
  base: "IdOnly",
  includeMime: false,
  isMimeRequired: false,
  bodyType: "Best",
  filterHtml: false,
  uris: new Set(),
  indexed: [],
  extended: [],
};

/**
 * Properties that FindItem cannot return: it reads a table of the folder, not the items. GetItem returns them.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/finditem-operation
 */
const notInTables: ReadonlySet<string> = new Set([
  ...["item:MimeContent", "item:MimeContentUTF8", "item:Body", "item:UniqueBody", "item:NormalizedBody", "item:TextBody", "item:FirstBody"],
  ...["item:Attachments", "item:InternetMessageHeaders", "item:InternetMessageHeader", "item:ResponseObjects"],
  ...["message:ToRecipients", "message:CcRecipients", "message:BccRecipients", "message:ReplyTo"],
  ...["calendar:RequiredAttendees", "calendar:OptionalAttendees", "calendar:Resources", "distributionlist:Members"],
]);

export function isInTables(uri: string): boolean {
  return !notInTables.has(uri);
}

const isTrue = (text: string | undefined): boolean => text === "true" || text === "1";

function baseOf(text: string | undefined): ItemShape["base"] {
  return text === "AllProperties" || text === "Default" ? text : "IdOnly";
}

function bodyTypeOf(text: string | undefined): ItemShape["bodyType"] {
  return text === "HTML" || text === "Text" ? text : "Best";
}

/** Reads m:ItemShape or m:AttachmentShape, which has no base: `base` is its default. Throws ItemError. */
export function readShape(element: XmlElement | undefined, base: ItemShape["base"] = "IdOnly"): ItemShape {
  if (element === undefined) return { ...idOnly, base };
  const paths: readonly PropertyPath[] = element.child("AdditionalProperties")?.children.map(readPath) ?? [];
  const size = element.textAt("MaximumBodySize");
  const isMimeRequired = isTrue(element.textAt("IncludeMimeContent"));
  return {
    base: element.child("BaseShape") === undefined ? base : baseOf(element.textAt("BaseShape")),
    isMimeRequired,
    includeMime: isMimeRequired || paths.some((path) => path.kind === "field" && path.uri === "item:MimeContent"),
    bodyType: bodyTypeOf(element.textAt("BodyType")),
    filterHtml: isTrue(element.textAt("FilterHtmlContent")),
    maximumBodySize: size === undefined ? undefined : Number(size),
    uris: new Set(paths.flatMap((path) => (path.kind === "field" ? [path.uri] : []))),
    indexed: paths.filter((path) => path.kind === "indexed"),
    extended: paths.filter((path) => path.kind === "extended"),
  };
}

/** Reads the shape of FindItem. Throws ItemError `ErrorInvalidPropertyForOperation` for a property that a table does not have. */
export function readTableShape(element: XmlElement | undefined): ItemShape {
  const shape = readShape(element);
  if (isTrue(element?.textAt("IncludeMimeContent"))) refuse({ kind: "field", uri: "item:MimeContent" });
  for (const uri of shape.uris) if (!isInTables(uri)) refuse({ kind: "field", uri });
  for (const { uri, index } of shape.indexed) if (!isInTables(uri)) refuse({ kind: "indexed", uri, index });
  return shape;
}

/**
 * Reads the shape of SyncFolderItems, which reads the items themselves. Only IncludeMimeContent is refused (MS-OXWSSYNC,
 * `ErrorInvalidPropertyForOperation`). MIME as a named property is ignored: many clients request it by default, and their requests succeed. @see
 * https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/syncfolderitems-operation
 */
export function readSyncShape(element: XmlElement | undefined): ItemShape {
  const shape = readShape(element);
  if (shape.isMimeRequired) refuse({ kind: "field", uri: "item:MimeContent" });
  return shape;
}

function refuse(path: PropertyPath): never {
  throw new ItemError("ErrorInvalidPropertyForOperation", "The property is not valid for this operation.", pathXml(path));
}
