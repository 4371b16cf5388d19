import { el } from "../../xml.ts";
import { attachmentElement, attachmentIdXml } from "../items/attachment-xml.ts";
import { readAttachment } from "../items/item-from-xml.ts";
import { ItemError, type Operation, responses, type Task } from "../operation.ts";
import { itemAt } from "../sign-in/access.ts";
import { withStoreErrors } from "../store-refusal.ts";

/**
 * Each attachment changes its item: the reply contains the item's new change key. @see
 * https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/createattachment-operation
 */
export const createAttachment: Operation = {
  name: "CreateAttachment",
  handle(context) {
    const { request, store } = context;
    const parent = request.child("ParentItemId");
    const tasks = (request.child("Attachments")?.children ?? []).map(
      (element): Task => ({
        itemId: parent?.attributes.get("Id") ?? "",
        run: () => {
          if (parent === undefined) throw new ItemError("ErrorInvalidId", "The parent item is not named.");
          const item = itemAt(parent, context);
          const attachment = readAttachment(element, store);
          const added = withStoreErrors(() => item.folder.mailbox.addAttachment(item, attachment));
          return `<m:Attachments>${el(attachmentElement(added), {}, attachmentIdXml(added, item))}</m:Attachments>`;
        },
      }),
    );
    return responses("CreateAttachment", tasks, context, { empty: "<m:Attachments/>" });
  },
};
