import { addressKey } from "../../store/address.ts";
import { itemIdXml } from "../items/item-properties.ts";
import { type Operation, responses, tasksOf } from "../operation.ts";
import { itemAt } from "../sign-in/access.ts";

/**
 * IsJunk blocks or unblocks the sender; MoveItem moves to Junk Email or back to the Inbox. MovedItemId is given when it moved.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/markasjunk-operation
 */
export const markAsJunk: Operation = {
  name: "MarkAsJunk",
  handle(context) {
    const { request } = context;
    const isJunk = /^(true|1)$/.test(request.attributes.get("IsJunk") ?? "");
    const moves = /^(true|1)$/.test(request.attributes.get("MoveItem") ?? "");
    const tasks = tasksOf(context, "ItemIds", (id) => {
      const item = itemAt(id, context);
      // An archive has neither a Junk Email folder nor a blocked senders list: those of the mailbox apply. No page describes what Exchange does
      // with its items.
      const mailbox = context.store.mailbox(item.folder.mailbox.address) ?? item.folder.mailbox;
      const sender = item.from?.address ?? item.sender?.address;
      if (sender !== undefined) {
        if (isJunk) mailbox.blockedSenders.add(addressKey(sender));
        else mailbox.blockedSenders.delete(addressKey(sender));
      }
      if (!moves) return "";
      return itemIdXml(item.folder.mailbox.move(item, mailbox.known(isJunk ? "junkemail" : "inbox")), "m:MovedItemId");
    });
    return responses("MarkAsJunk", tasks, context);
  },
};
