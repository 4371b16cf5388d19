import { mimeOf } from "../../mime/mime-of-item.ts";
import type { Store } from "../../store/store.ts";
import { textEl } from "../../xml.ts";
import { base64, type Content, flatten, ItemError } from "../operation.ts";
import { type ItemShape, isInTables } from "../search/item-shape.ts";
import { contactProperties, dictionaryElements, dictionaryXml, membersXml } from "./contact-xml.ts";
import { extendedXml } from "./extended-properties.ts";
import type { AnyItem } from "./item-facts.ts";
import { elementOf, hasMime, type ItemElement, isMessage } from "./item-kind.ts";
import {
  type ItemProperty,
  itemIdXml,
  itemProperties,
  itemPropertiesAfter,
  meetingProperties,
  messageProperties,
  postProperties,
  type WriteContext,
} from "./item-properties.ts";

/** The URL of Outlook on the web for this practice organisation; no server answers there. */
const webUrl = "https://mail.example.com/owa/";

/**
 * FindItem returns the first 255 characters of properties that can be streamed. @see
 * https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/finditem-operation
 */
const tableTextLimit = 255;

function isWanted(property: ItemProperty, shape: ItemShape, inTable: boolean): boolean {
  if (property.uri === "item:ItemId") return true;
  if (shape.uris.has(property.uri)) return true;
  if (property.uri === "item:InternetMessageHeaders" && shape.indexed.some(({ uri }) => uri === "item:InternetMessageHeader")) return true;
  if (inTable && !isInTables(property.uri)) return false;
  if (shape.base === "AllProperties") return property.from !== "named";
  return shape.base === "Default" && property.from === "default";
}

/** The properties of one kind after those of t:ItemType, in the order of its schema type. */
function ownProperties(element: ItemElement): readonly ItemProperty[] {
  const { uid, start, end, isAllDay, location, organizer, associated, freeBusy, isMeeting, isRecurring, type, myResponse } =
    meetingProperties;
  const { required, optional } = meetingProperties;
  switch (element) {
    case "PostItem":
      return postProperties;
    case "CalendarItem":
      return [uid, start, end, isAllDay, freeBusy, location, isMeeting, isRecurring, type, myResponse, organizer, required, optional];
    case "MeetingRequest":
      return [...messageProperties, associated, uid, start, end, isAllDay, location, organizer];
    case "MeetingCancellation":
    case "MeetingResponse":
      return [...messageProperties, associated, uid, start, end, location];
    default:
      return isMessage(element) ? messageProperties : [];
  }
}

function contactXml(item: AnyItem, shape: ItemShape): string {
  const contact = item.contact;
  if (contact === undefined) return "";
  const keys = new Map<string, Set<string>>();
  for (const { uri, index } of shape.indexed) {
    const name = dictionaryElements.get(uri);
    if (name !== undefined) keys.set(name, (keys.get(name) ?? new Set()).add(index));
  }
  return contactProperties
    .map(({ uri, isDefault, write }) => {
      if (shape.uris.has(uri) || shape.base === "AllProperties" || (shape.base === "Default" && isDefault)) return write(contact);
      const name = `t:${uri.slice("contacts:".length)}`;
      const wanted = keys.get(name);
      return wanted === undefined ? "" : dictionaryXml(name, contact, wanted);
    })
    .join("");
}

function groupXml(item: AnyItem, shape: ItemShape, inTable: boolean): string {
  const group = item.group;
  if (group === undefined) return "";
  const wants = (uri: string): boolean => shape.base !== "IdOnly" || shape.uris.has(uri);
  return [
    wants("contacts:DisplayName") ? textEl("t:DisplayName", group.displayName) : "",
    wants("contacts:FileAs") ? textEl("t:FileAs", group.displayName) : "",
    !inTable && wants("distributionlist:Members") ? membersXml(group) : "",
  ].join("");
}

function fieldsXml(item: AnyItem, element: ItemElement, writing: WriteContext, inTable: boolean): string {
  const { shape } = writing;
  const write = (properties: readonly ItemProperty[]): string =>
    properties.map((property) => (isWanted(property, shape, inTable) ? property.write(item, writing) : "")).join("");
  return [
    write(itemProperties),
    ...shape.extended.map((path) => extendedXml(path, item, writing.cut)),
    write(itemPropertiesAfter),
    element === "Contact"
      ? contactXml(item, shape)
      : element === "DistributionList"
        ? groupXml(item, shape, inTable)
        : write(ownProperties(element)),
  ].join("");
}

/** One row of FindItem. */
export function rowXml(item: AnyItem, shape: ItemShape, store: Store): string {
  const element = elementOf(item.itemClass);
  const writing: WriteContext = { store, shape, webUrl, cut: (text) => text.slice(0, tableTextLimit) };
  return `<t:${element}>${fieldsXml(item, element, writing, true)}</t:${element}>`;
}

/**
 * One item as GetItem and GetAttachment give it, in the order of its schema type. MimeContent comes in pieces. Throws ItemError
 * `ErrorUnsupportedMimeConversion` when MIME is wanted of what has none.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/getitem-operation
 */
export function itemXml(item: AnyItem, shape: ItemShape, store: Store): Content {
  const element = elementOf(item.itemClass);
  const fields = fieldsXml(item, element, { store, shape, webUrl, cut: (text) => text }, false);
  if (!shape.includeMime || (!hasMime(element) && !shape.isMimeRequired)) return `<t:${element}>${fields}</t:${element}>`;
  if (!hasMime(element)) throw new ItemError("ErrorUnsupportedMimeConversion", "MIME conversion is not supported for this item type.");
  return flatten([`<t:${element}><t:MimeContent CharacterSet="UTF-8">`, base64(mimeOf(item)), `</t:MimeContent>${fields}</t:${element}>`]);
}

/** Returns the reply to a write: the element with its new id. */
export function itemIdOnlyXml(item: AnyItem & { readonly id: string; readonly changeKey: string }): string {
  const element = elementOf(item.itemClass);
  return `<t:${element}>${itemIdXml(item)}</t:${element}>`;
}
