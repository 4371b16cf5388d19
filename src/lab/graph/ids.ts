import { parseId } from "../store/id.ts";
import type { LabAttachment } from "../store/item.ts";
import type { LabItem, LabMailbox } from "../store/mailbox.ts";
import type { Store } from "../store/store.ts";

/** The forms of item ids: `rest` changes with the folder, `immutable` stays while the item is in its mailbox. */
export type IdForm = "rest" | "immutable";

// Both are base64 with - and _ (and with its padding) where EWS has / and +.
const restOf = (base64: string): string => base64.replaceAll("/", "-").replaceAll("+", "_");
const base64Of = (rest: string): string => rest.replaceAll("-", "/").replaceAll("_", "+");

/** An id of EWS, of a folder or an item, as Graph writes it. */
export function restId(ewsId: string): string {
  return restOf(ewsId);
}

/** Returns the EWS form of an id. Undefined if the id does not have Graph's default form. */
export function ewsId(rest: string): string | undefined {
  if (/[/+]/.test(rest)) return undefined;
  const id = base64Of(rest);
  return parseId(id) === undefined ? undefined : id;
}

// Storage type 9, then the length of the rest, so these ids begin with AAkALg, as in the service.
const immutableHead = Uint8Array.of(0, 9, 0, 46, 0);

/** @see https://learn.microsoft.com/en-us/graph/outlook-immutable-id */
export function immutableId(item: LabItem): string {
  return immutableIdOf(item.identity);
}

/** The same for an item that is gone, from its identity. */
export function immutableIdOf(identity: Uint8Array): string {
  return restOf(Buffer.concat([immutableHead, identity]).toString("base64"));
}

function identityOf(rest: string): { readonly identity: Buffer; readonly path: Buffer } | undefined {
  if (/[/+]/.test(rest)) return undefined;
  const base64 = base64Of(rest);
  const bytes = Buffer.from(base64, "base64");
  const length = immutableHead.length + 46;
  if (bytes.length < length || bytes.toString("base64") !== base64) return undefined;
  if (!bytes.subarray(0, immutableHead.length).equals(immutableHead)) return undefined;
  return { identity: bytes.subarray(immutableHead.length, length), path: bytes.subarray(length) };
}

/** Whether the text is an id of one of the two forms, even if there is no such item. */
export function isWellFormed(rest: string): boolean {
  return ewsId(rest) !== undefined || identityOf(rest) !== undefined;
}

export function isImmutable(rest: string): boolean {
  return identityOf(rest) !== undefined;
}

export function itemId(item: LabItem, form: IdForm): string {
  return form === "immutable" ? immutableId(item) : restOf(item.id);
}

/** Returns the item that an id of either form names. */
export function findItem(mailbox: LabMailbox, rest: string): LabItem | undefined {
  const immutable = identityOf(rest);
  if (immutable !== undefined) return immutable.path.length === 0 ? mailbox.itemByIdentity(immutable.identity) : undefined;
  const id = ewsId(rest);
  return id === undefined ? undefined : mailbox.item(id);
}

export function attachmentId(item: LabItem, attachment: LabAttachment, form: IdForm): string {
  if (form === "rest") return restOf(attachment.id);
  const path = (parseId(attachment.id)?.path ?? []).flatMap((key) => [Uint8Array.of(key.length), key]);
  return restOf(Buffer.concat([immutableHead, item.identity, ...path]).toString("base64"));
}

/** The attachment of this item that an id of either form names. */
export function findAttachment(item: LabItem, rest: string): LabAttachment | undefined {
  return item.attachments.find((one) => attachmentId(item, one, "rest") === rest || attachmentId(item, one, "immutable") === rest);
}

/** Returns the mailbox that an id of the default form names. */
export function mailboxOf(store: Store, rest: string): LabMailbox | undefined {
  const parsed = parseId(base64Of(rest));
  return parsed && store.mailboxByGuid(parsed.mailbox);
}
