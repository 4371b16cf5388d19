import { mimeOf } from "../../mime/mime-of-item.ts";
import type { LabAttachment } from "../../store/item.ts";
import { attachmentElement, attachmentFieldsXml } from "../items/attachment-xml.ts";
import { elementOf } from "../items/item-kind.ts";
import { itemXml } from "../items/item-xml.ts";
import { base64, type Content, flatten, ItemError, type Operation, type RequestContext, responses, tasksOf } from "../operation.ts";
import { type ItemShape, readShape } from "../search/item-shape.ts";
import { attachmentAt } from "../sign-in/access.ts";

function contentXml(attachment: LabAttachment, shape: ItemShape, { store, habits }: RequestContext): Content {
  if (attachment.unreadable === true) throw new ItemError("ErrorCannotOpenFileAttachment", "The file attachment could not be opened.");
  const element = attachmentElement(attachment);
  const start = `<${element}>${attachmentFieldsXml(attachment)}`;
  if (attachment.kind === "file") {
    return flatten([start, "<t:Content>", base64(attachment.content ?? new Uint8Array(0)), `</t:Content></${element}>`]);
  }
  if (attachment.item === undefined) return `${start}</${element}>`;
  if (habits.has("attached-mime-only")) {
    const item = `t:${elementOf(attachment.item.itemClass)}`;
    const mime = base64(mimeOf(attachment.item));
    return flatten([`${start}<${item}><t:MimeContent CharacterSet="UTF-8">`, mime, `</t:MimeContent></${item}></${element}>`]);
  }
  return flatten([start, itemXml(attachment.item, shape, store), `</${element}>`]);
}

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/getattachment-operation */
export const getAttachment: Operation = {
  name: "GetAttachment",
  handle(context) {
    const { request } = context;
    const tasks = tasksOf(context, "AttachmentIds", (id) => {
      // Without a base the item inside is given with all its properties.
      const shape = readShape(request.child("AttachmentShape"), "AllProperties");
      return flatten(["<m:Attachments>", contentXml(attachmentAt(id, context).attachment, shape, context), "</m:Attachments>"]);
    });
    return responses("GetAttachment", tasks, context, { empty: "<m:Attachments/>" });
  },
};
