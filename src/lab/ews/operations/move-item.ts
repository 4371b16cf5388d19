import { moveOrCopy } from "../move-and-copy.ts";

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/moveitem-operation */
export const moveItem = moveOrCopy("MoveItem", (item, folder) => item.folder.mailbox.move(item, folder));
