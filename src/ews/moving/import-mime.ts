import { intoOldFolder, lossesOf, lossesOfImport } from "../../exchange/copy-losses.ts";
import { type Copied, copyLosses, type KeptMessage } from "../../exchange/exchange.ts";
import type { Message } from "../../exchange/message.ts";
import { throwDefect } from "../../failure.ts";
import { attempt } from "../../outcome.ts";
import { type ByteSource, base64Content, element, type Xml } from "../../wire/xml/write-xml.ts";
import { flagXml, withFlag } from "../messages/flag.ts";
import { createItem } from "../operations/create-item.ts";
import { getItem } from "../operations/get-item.ts";
import { updateItem } from "../operations/update-item.ts";
import { uploadItem } from "../operations/upload-items.ts";
import type { EwsMailbox } from "../session/mailbox.ts";

/**
 * PidTagMessageFlags. Without mfUnsent, Exchange treats the message as sent or received.
 * @see https://learn.microsoft.com/en-us/openspecs/exchange_server_protocols/ms-oxcmsg/
 */
const messageFlags = { PropertyTag: "0x0E07", PropertyType: "Integer" };
const isReadFlag = 1;
/** PidTagMessageDeliveryTime. */
const deliveryTime = { PropertyTag: "0x0E06", PropertyType: "SystemTime" };

/** A message in RFC 5322 form, with the properties of the original in its mailbox. */
export interface Import {
  readonly folderId: string;
  readonly data: ByteSource;
  readonly original: Pick<Message, "receivedAt" | "isRead" | "categories" | "flag">;
}

/**
 * Creates a message from its RFC 5322 form. The request sets it as not a draft and with the original's time of receipt; the copy is then read to see
 * what the server accepted. Throws Failure.
 */
export async function importMime(to: EwsMailbox, { folderId, data, original }: Import, note?: string): Promise<Copied> {
  const { categories = [] } = original;
  const item = element(
    "t:Message",
    undefined,
    element("t:MimeContent", undefined, base64Content(data)),
    element("t:ItemClass", undefined, "IPM.Note"),
    categories.length === 0
      ? undefined
      : element("t:Categories", undefined, ...categories.map((category) => element("t:String", undefined, category))),
    property(messageFlags, String(original.isRead === false ? 0 : isReadFlag)),
    original.receivedAt && property(deliveryTime, original.receivedAt),
  );
  const created = await to.ask(createItem, { item, folder: { id: folderId } });
  const { flag } = original;
  if (flag !== undefined && flag.status !== "not_flagged") {
    // Sent as a separate request, since servers before Exchange 2013 refuse it; the copy shows whether it was set.
    const set = [{ path: element("t:FieldURI", { FieldURI: "item:Flag" }), value: flagXml(flag) }];
    const flagged = await attempt(() => to.ask(updateItem, { item: created, conflict: "AlwaysOverwrite", set }));
    if (!flagged.ok) throwDefect(flagged.failure, "The message was created.");
  }
  return { newItemId: created.id, method: "mime", lost: await lostOf(to, created.id, original), note };
}

/** Reads the copy to see what the server accepted. */
async function lostOf(to: EwsMailbox, id: string, original: Import["original"], compare = lossesOf): Promise<Copied["lost"]> {
  const copy = await attempt(() => to.ask(getItem, { ids: [{ id }], detail: { flag: true } }));
  if (!copy.ok) throwDefect(copy.failure, "The message was created.");
  return copy.ok ? compare(original, withFlag(copy.value)) : copyLosses;
}

function property(of: { readonly PropertyTag: string; readonly PropertyType: string }, value: string): Xml {
  return element("t:ExtendedProperty", undefined, element("t:ExtendedFieldURI", of), element("t:Value", undefined, value));
}

/** Creates a message from its kept bytes. Throws Failure. */
export async function restoreMessage(mailbox: EwsMailbox, message: KeptMessage): Promise<Copied> {
  return await intoOldFolder(async () => {
    const { folderId } = await mailbox.folders.get(message.folder);
    if (message.form === "mime") return await importMime(mailbox, { folderId, data: message, original: message });
    const { newItemId: id } = await mailbox.ask(uploadItem, { folderId, data: message });
    return { newItemId: id, method: "export-import", lost: id === undefined ? [] : await lostOf(mailbox, id, message, lossesOfImport) };
  });
}
