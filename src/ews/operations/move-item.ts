import type { Outcome } from "../../outcome.ts";
import { mapped, optional, type Reader, record } from "../../wire/xml/read-xml.ts";
import { element, type Xml } from "../../wire/xml/write-xml.ts";
import type { FolderRef } from "../folders/folder-ref.ts";
import { messagesReader } from "../messages/message-reader.ts";
import { m } from "../namespaces.ts";
import { type Operation, outcomeOf, responses } from "../operation.ts";
import { folderId, folderName, type ItemRef, itemIds, itemNames } from "../session/item-ids.ts";
import { status } from "../session/response-status.ts";

/** The items to move or copy, and the target folder. */
export interface Relocation {
  readonly ids: readonly ItemRef[];
  readonly to: FolderRef;
}

/** The id is absent when the target is another mailbox or a public folder. */
export interface Relocated {
  readonly newItemId?: string | undefined;
}

/** Returns the names of the items, then of the target folder. */
export function relocationNames({ ids, to }: Relocation): readonly string[] {
  return [...itemNames(ids), folderName(to)];
}

/** Writes the element of MoveItem and CopyItem, which differ in name only. */
export function relocation(name: string, { ids, to }: Relocation): Xml {
  return element(
    `m:${name}`,
    undefined,
    element("m:ToFolderId", undefined, folderId(to)),
    itemIds(ids),
    element("m:ReturnNewItemIds", undefined, true),
  );
}

export function relocated(name: string): Reader<readonly Outcome<Relocated>[]> {
  return responses(
    name,
    mapped(
      record({ ...status, items: optional(m("Items"), messagesReader) }),
      outcomeOf(({ items }): Relocated => ({ newItemId: items?.[0]?.itemId || undefined })),
    ),
  );
}

/**
 * Moves items to one folder. A moved item has a new id, and the old one becomes invalid. Not repeated: the first request may have been carried out.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/moveitem-operation
 */
export const moveItem: Operation<Relocation, Relocated> = {
  name: "MoveItem",
  safety: "never",
  names: relocationNames,
  write: (input) => relocation("MoveItem", input),
  read: relocated("MoveItem"),
};
