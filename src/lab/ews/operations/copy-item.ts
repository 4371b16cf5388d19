import { moveOrCopy } from "../move-and-copy.ts";

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/copyitem-operation */
export const copyItem = moveOrCopy("CopyItem", (item, folder) => item.folder.mailbox.copy(item, folder));
