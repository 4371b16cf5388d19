import { attempt } from "../../outcome.ts";
import type { FolderRef } from "../folders/folder-ref.ts";
import { shape } from "../messages/item-shapes.ts";
import { findItem, type ItemPage } from "../operations/find-item.ts";
import type { EwsMailbox } from "../session/mailbox.ts";
import { messageIdCondition, restrictionOf } from "./restriction.ts";

const idShape = shape("m:ItemShape", ["item:ItemId"]);
/** No message has this id. */
const impossible = "<no-message-has-this-id@mailcordon.invalid>";

/**
 * Tells whether the server counts the whole folder instead of the items that match. Two requests show it: a restriction that matches nothing returns
 * no item and a count above 0, and the folder without a restriction returns an item. Such a server is remembered. Throws Failure `cancelled`.
 */
export async function countsFolder(mailbox: EwsMailbox, folder: FolderRef): Promise<boolean> {
  const condition = messageIdCondition([impossible]);
  if (condition === undefined) return false;
  const ask = async (restriction?: ReturnType<typeof restrictionOf>): Promise<ItemPage<unknown> | undefined> => {
    const page = await attempt(() => mailbox.ask(findItem, { folders: [folder], shape: idShape, pageSize: 1, offset: 0, restriction }));
    if (!page.ok && page.failure.code === "cancelled") throw page.failure;
    return page.ok ? page.value : undefined;
  };
  const none = await ask(restrictionOf([condition]));
  if (none === undefined || none.items.length > 0 || Math.max(none.total ?? 0, none.nextOffset ?? 0) === 0) return false;
  const some = await ask();
  if (some === undefined || some.items.length === 0) return false;
  mailbox.counting.learn();
  return true;
}
