import type { Content } from "../../exchange/message.ts";
import { Failure } from "../../failure.ts";
import { attempt, failed, type Outcome } from "../../outcome.ts";
import { openPartDecoder } from "../../wire/mime/decode-part.ts";
import { exportIdsOf, noExportInCloud, sizeOfExport } from "../moving/copy-to-other-mailbox.ts";
import { exportItem } from "../requests/mailbox-exportitems.ts";
import { getMailboxId } from "../requests/usersettings-list-exchange.ts";
import type { GraphMailbox } from "../session/mailbox.ts";
import { oneByOne } from "../session/one-by-one.ts";
import { restId } from "../session/request-description.ts";
import { ExportReply } from "./export-reply.ts";

/** Returns each message as exportItems exports it, with one request each. */
export async function* exported(mailbox: GraphMailbox, itemIds: readonly string[]): AsyncIterable<Outcome<Content>> {
  const ready = await attempt(async () => {
    if (!mailbox.behaviour.importExport) throw new Failure("unsupported", noExportInCloud);
    return { mailboxId: await mailbox.ask(getMailboxId, undefined), ids: await exportIdsOf(mailbox, itemIds) };
  });
  if (!ready.ok) {
    if (ready.failure.code === "cancelled") throw ready.failure;
    for (const _ of itemIds) yield failed(ready.failure);
    return;
  }
  const { mailboxId, ids } = ready.value;
  yield* oneByOne(itemIds, async (id) => {
    const reply = await mailbox.stream(exportItem, { mailboxId, itemId: ids.get(id) ?? restId(id) });
    // A failed export has an error in the place of data. It is read first, so it does not look like an opened item.
    const data = dataOf(reply);
    const first = await data.next();
    return { bytes: beginningWith(first, data) };
  });
}

async function* beginningWith(
  first: IteratorResult<Uint8Array, unknown>,
  rest: AsyncGenerator<Uint8Array, void, undefined>,
): AsyncGenerator<Uint8Array> {
  if (first.done !== true) yield first.value;
  yield* rest;
}

/** Yields the data of the item while it arrives. Throws Failure at the end when the reply reports that there is none. */
async function* dataOf(reply: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = new ExportReply();
  const decoder = openPartDecoder("base64");
  for await (const piece of reply) {
    const base64 = reader.read(piece).replaceAll("-", "+").replaceAll("_", "/");
    const bytes = decoder.write(Buffer.from(base64, "latin1"));
    if (bytes.length > 0) yield bytes;
  }
  sizeOfExport(reader);
}
