import type { LabAddress } from "../../store/address.ts";
import { parseId } from "../../store/id.ts";
import { el, textEl } from "../../xml.ts";
import { type ExtendedPath, isArray, pathXml } from "../search/property-path.ts";
import { type AnyItem, displayNames, rankOf, storedItemOf } from "./item-facts.ts";

type Computed = (item: AnyItem) => string | undefined;

const own = (address: LabAddress | undefined): string | undefined => address?.address;
const smtp = (address: LabAddress | undefined): string | undefined =>
  address?.routingType === "EX" ? address.smtpAddress : address?.address;
const typeOf = (address: LabAddress | undefined): string | undefined =>
  address === undefined ? undefined : (address.routingType ?? "SMTP");
const time = (date: Date | undefined): string | undefined => (date === undefined ? undefined : wireTime(date));
const base64Of = (text: string | Uint8Array | undefined): string | undefined =>
  text === undefined ? undefined : Buffer.from(text).toString("base64");

/** Returns a time in Exchange's form without DateTimePrecision: whole seconds, UTC. */
export function wireTime(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

/** The header lines of the message, as PidTagTransportMessageHeaders holds them. */
function headerText(item: AnyItem): string | undefined {
  return item.headers.length === 0 ? undefined : item.headers.map(({ name, value }) => `${name}: ${value}\r\n`).join("");
}

/** The entry id in the id of an item, which MAPI calls its record key as well. */
function entryIn(item: AnyItem): Buffer | undefined {
  const parsed = parseId(storedItemOf(item)?.id ?? "");
  return parsed && Buffer.from(parsed.entry);
}

/** PidTagInternetArticleNumber: the counter at the end of the entry id rises with each item of the mailbox. */
function articleNumber(item: AnyItem): string | undefined {
  const entry = entryIn(item);
  return entry && String(entry.readUIntBE(entry.length - 6, 4));
}

/** PidTagChangeKey: the bytes after the head of the change key of EWS. */
function keyIn(item: AnyItem): Buffer | undefined {
  const key = storedItemOf(item)?.changeKey;
  return key === undefined ? undefined : Buffer.from(key, "base64").subarray(8);
}

/** PidTagMessageFlags: 0x1 read, 0x8 unsent, 0x10 has attachments, 0x20 from me. */
function messageFlags(item: AnyItem): string {
  return String((item.isRead ? 1 : 0) + (item.isDraft ? 8 : 0) + (item.hasAttachments ? 16 : 0));
}

/**
 * MAPI properties that only show fields of the item in another form, by tag.
 * @see https://learn.microsoft.com/en-us/openspecs/exchange_server_protocols/ms-oxprops/f6ab1613-aefe-447d-a49c-18217230b148
 */
const computedProperties: ReadonlyMap<number, Computed> = new Map<number, Computed>([
  [0x0017, (item) => String(rankOf(item).importance)],
  [0x001a, (item) => item.itemClass],
  [0x0036, (item) => String(rankOf(item).sensitivity)],
  [0x0037, (item) => item.subject],
  [0x0039, (item) => time(item.sentAt)],
  [0x0042, (item) => item.from?.name ?? item.from?.address],
  [0x0064, (item) => typeOf(item.from)],
  [0x0065, (item) => own(item.from)],
  [0x0070, (item) => item.conversationTopic],
  [0x0071, (item) => base64Of(item.conversationIndex)],
  [0x007d, headerText],
  [0x0c1a, (item) => item.sender?.name ?? item.sender?.address],
  [0x0c1e, (item) => typeOf(item.sender)],
  [0x0c1f, (item) => own(item.sender)],
  [0x0e02, (item) => displayNames(item.bcc)],
  [0x0e03, (item) => displayNames(item.cc)],
  [0x0e04, (item) => displayNames(item.to)],
  [0x0e06, (item) => time(item.receivedAt)],
  [0x0e07, messageFlags],
  [0x0e08, (item) => String(item.size)],
  [0x0e1b, (item) => String(item.hasAttachments)],
  [0x0e1d, (item) => item.conversationTopic],
  [0x0e23, (item) => articleNumber(item)],
  [0x0ff9, (item) => base64Of(entryIn(item))],
  [0x0fff, (item) => base64Of(storedItemOf(item)?.id)],
  [0x1000, (item) => item.text],
  [0x1013, (item) => (item.body.type === "HTML" ? base64Of(item.body.value) : undefined)],
  [0x1035, (item) => item.internetMessageId],
  [0x1039, (item) => item.references],
  [0x1042, (item) => item.inReplyTo],
  [0x1081, () => "0"],
  [0x1090, (item) => (item.flag.status === "NotFlagged" ? undefined : item.flag.status === "Complete" ? "1" : "2")],
  [0x1091, (item) => time(item.flag.completeAt)],
  [0x3007, (item) => time(storedItemOf(item)?.createdAt)],
  [0x3008, (item) => time(storedItemOf(item)?.modifiedAt)],
  [0x300b, (item) => base64Of(entryIn(item)?.subarray(-18, -2))],
  [0x3013, (item) => item.conversationId],
  [0x3ff8, (item) => storedItemOf(item)?.modifiedBy],
  [0x3ffa, (item) => storedItemOf(item)?.modifiedBy],
  [0x5d01, (item) => smtp(item.sender)],
  [0x5d02, (item) => smtp(item.from)],
  [0x65e0, (item) => base64Of(entryIn(item)?.subarray(-24, -2))],
  [0x65e2, (item) => base64Of(keyIn(item))],
]);

/** PidLidTaskStartDate and PidLidTaskDueDate, by their numbers. */
const taskProperties: ReadonlyMap<number | undefined, Computed> = new Map<number | undefined, Computed>([
  [0x8104, (item) => time(item.flag.startAt)],
  [0x8105, (item) => time(item.flag.dueAt)],
]);

/** Returns the value of an extended property: the one set on the item, otherwise the one that its fields imply; undefined if it has none. */
export function extendedValue(path: ExtendedPath, item: AnyItem): string | readonly string[] | undefined {
  const kept = item.extended.get(path.key);
  if (kept !== undefined) return kept;
  if (path.tag !== undefined) return computedProperties.get(path.tag)?.(item);
  if (path.set === "Task") return taskProperties.get(path.id)?.(item);
  if (path.set === "InternetHeaders") return item.headers.find(({ name }) => name.toLowerCase() === path.name)?.value;
  if (path.set === "PublicStrings" && path.name === "Keywords" && item.categories.length > 0) return item.categories;
  return undefined;
}

/** Returns t:ExtendedProperty; nothing if the item has no such property, as Exchange does. `cut` shortens streamed text. */
export function extendedXml(path: ExtendedPath, item: AnyItem, cut: (text: string) => string): string {
  const value = extendedValue(path, item);
  if (value === undefined) return "";
  const several = typeof value === "string" ? [value] : value;
  const inner = isArray(path.type)
    ? el("t:Values", {}, ...several.map((one) => textEl("t:Value", cut(one))))
    : textEl("t:Value", cut(several.join("; ")));
  return el("t:ExtendedProperty", {}, pathXml(path), inner);
}
