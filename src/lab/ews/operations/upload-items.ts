import type { LabItem } from "../../store/mailbox.ts";
import type { XmlElement } from "../../xml.ts";
import { itemIdXml } from "../items/item-properties.ts";
import { readItemStream } from "../items/item-stream.ts";
import { Fault, ItemError, type Operation, type RequestContext, responses, type Task } from "../operation.ts";
import { checkChange, folderAt, itemAt } from "../sign-in/access.ts";

const notFound = (): ItemError => new ItemError("ErrorItemNotFound", "The specified object was not found in the store.");

/** Returns the item to overwrite; undefined if a new one is to be created. */
function existing(upload: XmlElement, context: RequestContext): LabItem | undefined {
  const action = upload.attributes.get("CreateAction");
  const id = upload.child("ItemId");
  // CreateNew ignores the id.
  if (action === "CreateNew" || id === undefined) return undefined;
  try {
    const item = itemAt(id, context);
    if (item.folder.id !== upload.child("ParentFolderId")?.attributes.get("Id")) throw notFound();
    return item;
  } catch (error) {
    if (action === "UpdateOrCreate" && error instanceof ItemError && error.code === "ErrorItemNotFound") return undefined;
    throw error;
  }
}

function upload(element: XmlElement, context: RequestContext): string {
  const parent = element.child("ParentFolderId");
  if (parent === undefined) throw new ItemError("ErrorFolderNotFound", "No folder was named.");
  const folder = folderAt(parent, context);
  checkChange(folder.mailbox, context);
  const item = existing(element, context);
  const content = readItemStream(Buffer.from(element.textAt("Data") ?? "", "base64"));
  if (item === undefined) return itemIdXml(folder.mailbox.add(folder, content), "m:ItemId");
  folder.mailbox.replace(item, content);
  return itemIdXml(item, "m:ItemId");
}

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/uploaditems-operation */
export const uploadItems: Operation = {
  name: "UploadItems",
  handle(context) {
    const uploads = context.request.child("Items")?.children ?? [];
    // Refused as a whole: before anything of it is done.
    if (uploads.some((one) => one.attributes.get("CreateAction") === "Update" && one.child("ItemId") === undefined)) {
      throw new Fault("ErrorInvalidRequest", "An item to update must be named by its ItemId.");
    }
    const tasks = uploads.map(
      (element): Task => ({ itemId: element.child("ItemId")?.attributes.get("Id") ?? "", run: () => upload(element, context) }),
    );
    return responses("UploadItems", tasks, context);
  },
};
