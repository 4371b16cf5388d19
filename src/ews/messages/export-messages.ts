import type { Content } from "../../exchange/message.ts";
import { Failure } from "../../failure.ts";
import type { Outcome } from "../../outcome.ts";
import { m } from "../namespaces.ts";
import { exportItem } from "../operations/export-items.ts";
import { oneByOne } from "../session/batch.ts";
import type { EwsMailbox } from "../session/mailbox.ts";

/** Returns each message as ExportItems exports it, with one request each. */
export function exported(mailbox: EwsMailbox, itemIds: readonly string[]): AsyncIterable<Outcome<Content>> {
  return oneByOne(itemIds, async (id) => {
    const { bytes } = await mailbox.stream(exportItem, { id }, [m("Data")]);
    if (bytes === undefined) throw new Failure("unreadable", "Exchange returned no data for this item.");
    return { bytes };
  });
}
