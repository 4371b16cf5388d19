import type { LabAttachment } from "../../item.ts";
import type { Store } from "../../store.ts";
import { attachmentAt } from "../access.ts";
import { attachmentElement, attachmentFieldsXml } from "../attachment-xml.ts";
import { itemXml } from "../item-xml.ts";
import { base64, type Content, flatten, ItemError, type Operation, responses, tasksOf } from "../operation.ts";
import { type ItemShape, readShape } from "../shape.ts";

function contentXml(attachment: LabAttachment, shape: ItemShape, store: Store): Content {
  if (attachment.unreadable === true) throw new ItemError("ErrorCannotOpenFileAttachment", "The file attachment could not be opened.");
  const element = attachmentElement(attachment);
  const start = `<${element}>${attachmentFieldsXml(attachment)}`;
  if (attachment.kind === "file") {
    return flatten([start, "<t:Content>", base64(attachment.content ?? new Uint8Array(0)), `</t:Content></${element}>`]);
  }
  if (attachment.item === undefined) return `${start}</${element}>`;
  return flatten([start, itemXml(attachment.item, shape, store), `</${element}>`]);
}

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/getattachment-operation */
export const getAttachment: Operation = {
  name: "GetAttachment",
  handle(context) {
    const { request, store } = context;
    const tasks = tasksOf(context, "AttachmentIds", (id) => {
      // Without a base the item inside is given with all its properties.
      const shape = readShape(request.child("AttachmentShape"), "AllProperties");
      return flatten(["<m:Attachments>", contentXml(attachmentAt(id, context).attachment, shape, store), "</m:Attachments>"]);
    });
    return responses("GetAttachment", tasks, context, { empty: "<m:Attachments/>" });
  },
};
