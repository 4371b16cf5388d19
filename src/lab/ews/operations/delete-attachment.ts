import { el } from "../../xml.ts";
import { type Operation, responses, tasksOf } from "../operation.ts";
import { attachmentAt } from "../sign-in/access.ts";

/**
 * The request contains only ids; the reply contains the item at the root with its new change key. @see
 * https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/deleteattachment-operation
 */
export const deleteAttachment: Operation = {
  name: "DeleteAttachment",
  handle(context) {
    const tasks = tasksOf(context, "AttachmentIds", (id) => {
      const { item, attachment } = attachmentAt(id, context);
      const root = item.folder.mailbox.removeAttachment(attachment.id);
      return el("m:RootItemId", { RootItemId: root.id, RootItemChangeKey: root.changeKey });
    });
    return responses("DeleteAttachment", tasks, context);
  },
};
