import type { LabFolder } from "../../store/mailbox.ts";
import { el } from "../../xml.ts";
import { type Operation, type RequestContext, responses } from "../operation.ts";
import { folderXml, readFolderShape } from "../search/folder-xml.ts";
import { readSyncState, writeSyncState } from "../search/sync-state.ts";
import { ownMailbox, targetFolder } from "../sign-in/access.ts";

function sync(context: RequestContext): string {
  const { request } = context;
  const target = request.child("SyncFolderId");
  const root: LabFolder = target === undefined ? ownMailbox(context).root : targetFolder(target, context);
  const { hierarchy } = root.mailbox;
  const shape = readFolderShape(request.child("FolderShape"));
  const position = readSyncState(request.textAt("SyncState"), "folders", root, hierarchy);
  const page = hierarchy.since(position, Number.POSITIVE_INFINITY);
  const changes = page.changes.map(({ kind, id }) => {
    const folder = root.mailbox.folder(id);
    if (folder?.isBelow(root)) {
      const element = kind === "create" ? "t:Create" : "t:Update";
      return `<${element}>${folderXml(folder, shape)}</${element}>`;
    }
    // A folder that was never here is not reported; one that moved away is deleted from here.
    return kind === "create" ? "" : `<t:Delete>${el("t:FolderId", { Id: id })}</t:Delete>`;
  });
  return (
    `<m:SyncState>${writeSyncState("folders", root, page.position)}</m:SyncState>` +
    `<m:IncludesLastFolderInRange>${page.isLast}</m:IncludesLastFolderInRange><m:Changes>${changes.join("")}</m:Changes>`
  );
}

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/syncfolderhierarchy-operation */
export const syncFolderHierarchy: Operation = {
  name: "SyncFolderHierarchy",
  handle: (context) => responses("SyncFolderHierarchy", [() => sync(context)], context),
};
