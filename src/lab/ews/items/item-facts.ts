import type { LabAddress } from "../../store/address.ts";
import type { EmbeddedItem, ItemContent } from "../../store/item.ts";
import type { LabItem } from "../../store/mailbox.ts";

export type AnyItem = LabItem | EmbeddedItem;

/** Returns the item if it is in a folder; undefined for one inside an attachment. */
export function storedItemOf(item: AnyItem): LabItem | undefined {
  return "id" in item ? item : undefined;
}

/** Names joined as Exchange shows them in DisplayTo. */
export function displayNames(addresses: readonly LabAddress[]): string {
  return addresses.map(({ name, address }) => name || address || "").join("; ");
}

/** Returns the beginning of the body's text, 255 characters, as a mail program lists it. */
export function previewOf(item: ItemContent): string {
  return item.text.replace(/\s+/g, " ").trim().slice(0, 255);
}

const importanceRank = { Low: 0, Normal: 1, High: 2 } as const;
const sensitivityRank = { Normal: 0, Personal: 1, Private: 2, Confidential: 3 } as const;

/** Number of an importance or sensitivity as MAPI has it; such values are sorted and compared by number. */
export function rankOf(item: ItemContent): { readonly importance: number; readonly sensitivity: number } {
  return { importance: importanceRank[item.importance], sensitivity: sensitivityRank[item.sensitivity] };
}

/** Returns whether a message was written in the mailbox that contains it. */
export function isFromMe(item: AnyItem): boolean {
  const here = storedItemOf(item);
  return here !== undefined && (here.isDraft || here.folder.distinguishedName === "sentitems");
}

/** Exchange calls a received message unmodified until it is changed; a draft never is. */
export function isUnmodified(item: AnyItem): boolean {
  const here = storedItemOf(item);
  return here !== undefined && !here.isDraft && here.createdAt.getTime() === here.modifiedAt.getTime();
}
