import type { LabFolder, LabItem, LabMailbox } from "./store/mailbox.ts";

/** Observed habits of servers that speak Exchange Web Services but are not Exchange. */
export const serverVariants = {
  "other-wrapper":
    "SendItem replies with NoError in m:Responses instead of m:ResponseMessages; other-wrapper:OPERATION does so for another",
  "keeps-sent-drafts": "SendItem leaves the draft in its folder",
  "opens-deleted":
    "GetItem opens a soft-deleted item by its old id and names the folder where it is now; opens-deleted:in-place names the old folder, which no longer lists it",
  "no-new-ids": "MoveItem and CopyItem return no new id",
  "ids-without-mailbox": "ids of items, folders and attachments contain no mailbox; the server accepts each id that the account may open",
  "refuses-restrictions": "FindItem refuses every restriction; refuses-restrictions:PROPERTY only those with item:Size, 0x0c1f or the like",
  "ignores-queries": "FindItem ignores its QueryString and returns every item",
  "counts-folder": "FindItem counts every item of the folder in TotalItemsInView, including items that its restriction or query excludes",
  missing: "missing:OPERATION: the server does not know this operation, such as missing:ExportItems",
  "refuses-message-ids": "CreateItem refuses an InternetMessageId; Exchange accepts it",
  "get-405": "the server replies to GET with 405 and no challenge; it challenges only POST",
  "read-only-delegates": "an account that opens another mailbox as a delegate may only read it",
  "attached-mime-only": "GetAttachment returns an attached message as MimeContent and nothing else",
} as const satisfies Record<string, string>;

type VariantName = keyof typeof serverVariants;

/** Habits that take an operation, property or mode as their value. */
const takesValue: ReadonlySet<VariantName> = new Set(["other-wrapper", "opens-deleted", "refuses-restrictions", "missing"]);

function isVariant(name: string): name is VariantName {
  return Object.hasOwn(serverVariants, name);
}

/** The habits of a lab. */
export class ServerVariants {
  readonly #values = new Map<VariantName, Set<string>>();
  /** Items that `opens-deleted` still opens: where each was, by its old id. */
  readonly #deleted = new Map<string, { readonly mailbox: LabMailbox; readonly identity: Uint8Array; readonly folder: LabFolder }>();

  /** Each is `NAME` or `NAME:VALUE`. Throws an Error that describes the mistake. */
  constructor(given: readonly string[] = [], operations: readonly string[] = []) {
    for (const text of given) this.#add(text.trim(), operations);
  }

  #add(text: string, operations: readonly string[]): void {
    const [, name = "", value] = /^([^:]*)(?::(.*))?$/s.exec(text) ?? [];
    if (!isVariant(name)) throw new Error(`"${name}" is not a habit. Habits: ${Object.keys(serverVariants).join(", ")}.`);
    if (value !== undefined && !takesValue.has(name)) throw new Error(`The habit ${name} takes no value.`);
    const isAboutOperation = name === "missing" || (name === "other-wrapper" && value !== undefined);
    if (isAboutOperation && !operations.includes(value ?? ""))
      throw new Error(`${name}: "${value ?? ""}" is not an operation of the lab. Operations: ${operations.join(", ")}.`);
    if (name === "opens-deleted" && value !== undefined && value !== "in-place")
      throw new Error(`opens-deleted: its only value is in-place, not "${value}".`);
    const values = this.#values.get(name) ?? new Set();
    this.#values.set(name, values.add(value ?? ""));
  }

  has(name: VariantName): boolean {
    return this.#values.has(name);
  }

  isMissing(operation: string): boolean {
    return this.#values.get("missing")?.has(operation) === true;
  }

  /** Returns the element that contains the messages of a reply. */
  wrapperOf(operation: string): string {
    const others = this.#values.get("other-wrapper");
    const isOther = others?.has(operation) === true || (operation === "SendItem" && others?.has("") === true);
    return isOther ? "m:Responses" : "m:ResponseMessages";
  }

  /** Whether a restriction with this property is refused; the empty name stands for any restriction. */
  refusesRestriction(property: string): boolean {
    const refused = this.#values.get("refuses-restrictions");
    return refused?.has("") === true || [...(refused ?? [])].some((one) => one.toLowerCase() === property.toLowerCase());
  }

  /** Remembers an item that is about to be moved or deleted. */
  remember(item: LabItem): void {
    const { id, identity, folder } = item;
    if (this.has("opens-deleted")) this.#deleted.set(id, { mailbox: folder.mailbox, identity, folder });
  }

  /** The soft-deleted item that an old id still opens. */
  deletedItem(id: string): LabItem | undefined {
    const known = this.#deleted.get(id);
    const item = known?.mailbox.itemByIdentity(known.identity);
    const dumpster = known?.mailbox.distinguished("recoverableitemsroot");
    if (known === undefined || item === undefined || dumpster === undefined || !item.folder.isBelow(dumpster)) return undefined;
    return { ...item, id, folder: this.#values.get("opens-deleted")?.has("in-place") === true ? known.folder : item.folder };
  }
}
