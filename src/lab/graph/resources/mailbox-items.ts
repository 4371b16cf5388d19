import { writeItemStream } from "../../ews/items/item-stream.ts";
import type { LabItem } from "../../store/mailbox.ts";
import { badRequest } from "../errors.ts";
import { findItem, isImmutable, isWellFormed } from "../ids.ts";
import { listIn, textIn } from "../items/message-from-json.ts";
import { type JsonObject, parameterOf } from "../json.ts";
import { mailboxId } from "../mailbox-id.ts";
import { type Call, jsonOf, type Operation } from "../operation.ts";
import { contextOf, valueReply } from "../reply.ts";
import { checkParameters } from "./message-changes.ts";

/** Maximum number of items in one export: https://learn.microsoft.com/en-us/graph/api/mailbox-exportitems */
const maxItems = 20;

/** Clouds that have it not know no such path. */
function checkCloud(call: Call, segment: string): void {
  if (call.habits.importExport === false) throw badRequest(`Resource not found for the segment '${segment}'.`);
}

/** @see https://learn.microsoft.com/en-us/graph/api/usersettings-list-exchange */
export const getExchangeSettings: Operation = {
  name: "usersettings-list-exchange",
  method: "GET",
  paths: ["/users/{user}/settings/exchange"],
  permissions: ["User.Read.All", "User.ReadWrite.All"],
  of: "exchange",
  handle(call) {
    checkCloud(call, "exchange");
    return valueReply({ primaryMailboxId: mailboxId(call.mailbox) }, `${contextOf(call, "settings/exchange")}/$entity`);
  },
};

/** @see https://learn.microsoft.com/en-us/graph/api/mailbox-exportitems */
export const exportItems: Operation = {
  name: "mailbox-exportitems",
  method: "POST",
  paths: ["/admin/exchange/mailboxes/{mailbox}/exportItems"],
  permissions: ["MailboxItem.Export.All", "MailboxItem.ImportExport.All"],
  of: "exchange",
  handle(call) {
    checkCloud(call, "exportItems");
    const body = jsonOf(call.request);
    checkParameters(body, "exportItems", ["ItemIds"]);
    const ids = listIn(parameterOf(body, "ItemIds"), "ItemIds").map((one) => textIn(one, "ItemIds"));
    if (ids.length === 0 || ids.length > maxItems)
      throw badRequest(`1 to ${maxItems} items can be exported at once.`, "ErrorInvalidRequest");
    const value = ids.map((itemId): JsonObject => {
      const item = itemAt(itemId, call);
      if (item === undefined) return { itemId, error: { code: "ErrorItemNotFound", message: "The specified object was not found." } };
      if (item === "malformed") return { itemId, error: { code: "ErrorInvalidIdMalformed", message: "Id is malformed." } };
      return { itemId, changeKey: item.changeKey, data: Buffer.from(writeItemStream(item)).toString("base64") };
    });
    return valueReply({ value }, "Collection(microsoft.graph.exportItemResponse)");
  },
};

/** Microsoft does not promise which form of id is accepted: this lab accepts one. */
function itemAt(id: string, call: Call): LabItem | "malformed" | undefined {
  const form = call.habits.exportIds ?? "restId";
  if (form === "ewsId") return call.mailbox.item(id) ?? (/[-_]/.test(id) ? "malformed" : undefined);
  if (!isWellFormed(id) || isImmutable(id) !== (form === "restImmutableEntryId")) return "malformed";
  return findItem(call.mailbox, id);
}

/** @see https://learn.microsoft.com/en-us/graph/api/mailbox-createimportsession */
export const createImportSession: Operation = {
  name: "mailbox-createimportsession",
  method: "POST",
  paths: ["/admin/exchange/mailboxes/{mailbox}/createImportSession"],
  permissions: ["MailboxItem.ImportExport.All"],
  of: "exchange",
  handle(call) {
    checkCloud(call, "createImportSession");
    checkParameters(jsonOf(call.request), "createImportSession", []);
    const { path, expiresAt } = call.imports.begin(call.mailbox, call.store.now());
    const reply = { importUrl: call.uploadOrigin() + path, expirationDateTime: expiresAt.toISOString() };
    return valueReply(reply, "microsoft.graph.mailboxItemImportSession");
  },
};
