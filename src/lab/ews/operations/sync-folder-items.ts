import type { Change } from "../../store/changes.ts";
import type { LabFolder } from "../../store/mailbox.ts";
import { el } from "../../xml.ts";
import { itemIdXml } from "../items/item-properties.ts";
import { rowXml } from "../items/item-xml.ts";
import { ItemError, type Operation, type RequestContext, responses } from "../operation.ts";
import { type ItemShape, readSyncShape } from "../search/item-shape.ts";
import { readSyncState, writeSyncState } from "../search/sync-state.ts";
import { targetFolder } from "../sign-in/access.ts";

function changeXml(change: Change, folder: LabFolder, shape: ItemShape, context: RequestContext): string {
  const item = folder.items.get(change.id);
  if (item === undefined) return `<t:Delete>${el("t:ItemId", { Id: change.id })}</t:Delete>`;
  if (change.kind === "read") return `<t:ReadFlagChange>${itemIdXml(item)}<t:IsRead>${item.isRead}</t:IsRead></t:ReadFlagChange>`;
  const row = rowXml(item, shape, context.store);
  return change.kind === "create" ? `<t:Create>${row}</t:Create>` : `<t:Update>${row}</t:Update>`;
}

function sync(context: RequestContext): string {
  const { request } = context;
  const target = request.child("SyncFolderId");
  if (target === undefined) throw new ItemError("ErrorFolderNotFound", "No folder was named.");
  const folder = targetFolder(target, context);
  const shape = readSyncShape(request.child("ItemShape"));
  const position = readSyncState(request.textAt("SyncState"), "items", folder, folder.changes);
  const page = folder.changes.since(position, Number(request.textAt("MaxChangesReturned")));
  const ignored = new Set(request.child("Ignore")?.children.map((id) => id.attributes.get("Id")));
  const changes = page.changes.filter(({ id }) => !ignored.has(id)).map((change) => changeXml(change, folder, shape, context));
  return (
    `<m:SyncState>${writeSyncState("items", folder, page.position)}</m:SyncState>` +
    `<m:IncludesLastItemInRange>${page.isLast}</m:IncludesLastItemInRange><m:Changes>${changes.join("")}</m:Changes>`
  );
}

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/syncfolderitems-operation */
export const syncFolderItems: Operation = {
  name: "SyncFolderItems",
  handle: (context) =>
    // An error has them, too: a real server was seen to send them.
    responses("SyncFolderItems", [() => sync(context)], context, {
      empty: "<m:SyncState/><m:IncludesLastItemInRange>true</m:IncludesLastItemInRange>",
    }),
};
