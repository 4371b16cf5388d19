import { el, type XmlElement } from "../../xml.ts";
import { ItemError } from "../operation.ts";

/** An extended property as the wire names it: a tag, or a property set with a name or a number. */
export interface ExtendedPath {
  readonly kind: "extended";
  /** The set as a distinguished name or a GUID in lower case; absent for a tag. */
  readonly set?: string;
  readonly tag?: number;
  readonly name?: string;
  readonly id?: number;
  /** A MapiPropertyTypeType, such as `String` or `StringArray`. */
  readonly type: string;
  /** The key in LabItem.extended; the type is not part of a property's identity. */
  readonly key: string;
  /** The requested attributes, which Exchange repeats in its reply. */
  readonly asked: ReadonlyMap<string, string>;
}

/** A property by its URI, or one entry of a dictionary property. */
export type PropertyPath =
  | { readonly kind: "field"; readonly uri: string }
  | { readonly kind: "indexed"; readonly uri: string; readonly index: string }
  | ExtendedPath;

/**
 * The property sets that have a name of their own.
 * @see https://learn.microsoft.com/en-us/openspecs/exchange_server_protocols/ms-oxprops/cc9d955b-1492-47de-9dce-5bdea80a3323
 */
const distinguishedSets: Readonly<Record<string, string>> = {
  "00062002-0000-0000-c000-000000000046": "Appointment",
  "00062003-0000-0000-c000-000000000046": "Task",
  "00062004-0000-0000-c000-000000000046": "Address",
  "00062008-0000-0000-c000-000000000046": "Common",
  "00062040-0000-0000-c000-000000000046": "Sharing",
  "00020329-0000-0000-c000-000000000046": "PublicStrings",
  "00020386-0000-0000-c000-000000000046": "InternetHeaders",
  "6ed8da90-450b-101b-98da-00aa003f1305": "Meeting",
  "4442858e-a9e3-4e80-b900-317a210cc15b": "UnifiedMessaging",
  "11000e07-b51b-40d6-af21-caa85edab1d0": "CalendarAssistant",
};

/** The key of a property with a tag in LabItem.extended. */
export function tagKey(tag: number): string {
  return `0x${tag.toString(16).padStart(4, "0")}`;
}

/** The key of a named property in LabItem.extended; `set` is a distinguished name or a GUID. */
export function namedKey(set: string, nameOrId: string | number): string {
  return `${set}/${typeof nameOrId === "number" ? `#${nameOrId}` : nameOrId}`;
}

/** Returns the name of a property set if it has one, otherwise its GUID in lower case. */
export function setOf(guid: string): string {
  const known = guid.toLowerCase();
  return distinguishedSets[known] ?? known;
}

/** How many of the ways to name an extended property the schema allows in one path: one. */
function refuse(message: string): never {
  throw new ItemError("ErrorInvalidExtendedProperty", message);
}

function readExtended(element: XmlElement): ExtendedPath {
  const requested = element.attributes;
  const type = requested.get("PropertyType") ?? "";
  const tagText = requested.get("PropertyTag");
  const distinguished = requested.get("DistinguishedPropertySetId");
  const guid = requested.get("PropertySetId");
  const name = requested.get("PropertyName");
  const idText = requested.get("PropertyId");
  if (tagText !== undefined) {
    if (distinguished !== undefined || guid !== undefined || name !== undefined || idText !== undefined) {
      return refuse("A property with a tag has neither a property set nor a name.");
    }
    const tag = Number(tagText);
    // From 0x8000 on each mailbox assigns tags itself: they mean nothing outside it.
    if (tag >= 0x8000) throw new ItemError("ErrorNoPropertyTagForCustomProperties", "Custom properties cannot be named by a tag.");
    return { kind: "extended", tag, type, key: tagKey(tag), asked: requested };
  }
  if ((distinguished === undefined) === (guid === undefined)) return refuse("A named property has exactly one property set.");
  if ((name === undefined) === (idText === undefined)) return refuse("A named property has either a name or a number.");
  const set = distinguished ?? setOf(guid ?? "");
  if (name !== undefined) {
    // Names of headers are ignoring case; those of other sets are not.
    const known = set === "InternetHeaders" ? name.toLowerCase() : name;
    return { kind: "extended", set, name: known, type, key: namedKey(set, known), asked: requested };
  }
  const id = Number(idText);
  return { kind: "extended", set, id, type, key: namedKey(set, id), asked: requested };
}

/** Reads t:FieldURI, t:IndexedFieldURI or t:ExtendedFieldURI. Throws ItemError `ErrorInvalidExtendedProperty`. */
export function readPath(element: XmlElement): PropertyPath {
  if (element.name === "ExtendedFieldURI") return readExtended(element);
  const uri = element.attributes.get("FieldURI") ?? "";
  const index = element.attributes.get("FieldIndex");
  return element.name === "IndexedFieldURI" ? { kind: "indexed", uri, index: index ?? "" } : { kind: "field", uri };
}

/** The first path among the children of an expression. */
export function pathIn(element: XmlElement): PropertyPath | undefined {
  const found = element.children.find(({ name }) => name === "FieldURI" || name === "IndexedFieldURI" || name === "ExtendedFieldURI");
  return found === undefined ? undefined : readPath(found);
}

/** A path as the wire writes it. */
export function pathXml(path: PropertyPath): string {
  if (path.kind === "field") return el("t:FieldURI", { FieldURI: path.uri });
  if (path.kind === "indexed") return el("t:IndexedFieldURI", { FieldURI: path.uri, FieldIndex: path.index });
  return el("t:ExtendedFieldURI", Object.fromEntries(path.asked));
}

/** Whether a property of this type has several values. */
export function isArray(type: string): boolean {
  return type.endsWith("Array");
}
