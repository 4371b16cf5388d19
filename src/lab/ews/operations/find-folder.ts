import type { LabFolder } from "../../store/mailbox.ts";
import { el, type XmlElement } from "../../xml.ts";
import { ItemError, type Operation, type RequestContext, responses, tasksOf } from "../operation.ts";
import { folderProperties, folderXml, readFolderShape } from "../search/folder-xml.ts";
import { pageLimit, pageOf, restrictedPageLimit } from "../search/paging.ts";
import { readRestrictionOver } from "../search/restriction.ts";
import { folderAt } from "../sign-in/access.ts";

/** Deep returns all subfolders, Shallow only the direct ones. Deleted folders are not kept, so SoftDeleted finds none. */
function foldersBelow(folder: LabFolder, traversal: string): readonly LabFolder[] {
  if (traversal === "SoftDeleted") return [];
  return traversal === "Deep" ? folder.descendants() : folder.children;
}

function search(parent: XmlElement, context: RequestContext): string {
  const { request } = context;
  const shape = readFolderShape(request.child("FolderShape"));
  const restriction = request.child("Restriction");
  const filter = restriction === undefined ? undefined : readRestrictionOver(restriction, folderProperties);
  const folder = folderAt(parent, context);
  const traversal = request.attributes.get("Traversal") ?? "Shallow";
  if (traversal === "Deep" && folder.mailbox === context.store.publicFolders) {
    throw new ItemError("ErrorInvalidOperation", "A deep traversal of public folders is not supported.");
  }
  const all = foldersBelow(folder, traversal);
  const view = filter === undefined ? all : all.filter(filter);
  const paging = request.child("IndexedPageFolderView") ?? request.child("FractionalPageFolderView");
  const page = pageOf(view, paging, filter === undefined ? pageLimit : restrictedPageLimit);
  const folders = page.entries.map((folder) => folderXml(folder, shape)).join("");
  return el("m:RootFolder", page.attributes, `<t:Folders>${folders}</t:Folders>`);
}

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/findfolder-operation */
export const findFolder: Operation = {
  name: "FindFolder",
  handle(context) {
    const tasks = tasksOf(context, "ParentFolderIds", (id) => search(id, context));
    return responses("FindFolder", tasks, context);
  },
};
