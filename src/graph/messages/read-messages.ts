import type { Attachment } from "../../exchange/attachment.ts";
import type { Detail, Message } from "../../exchange/message.ts";
import { done, type Outcome } from "../../outcome.ts";
import { getMessage } from "../requests/messages.ts";
import type { GraphMailbox } from "../session/mailbox.ts";
import { attachments } from "./attachments.ts";

/** Bodies are held whole, so fewer are read at a time. */
const bodyBatch = 5;

/** Returns each message with the requested detail: as many Outcomes as ids, in their order. Throws only when cancelled. */
export async function* getMessages(mailbox: GraphMailbox, itemIds: readonly string[], detail: Detail): AsyncIterable<Outcome<Message>> {
  const hasBody = detail.body === "text" || detail.body === "html";
  const requested = itemIds.map((itemId) => ({ itemId, detail }));
  const messages = mailbox.each(getMessage, requested, hasBody ? { batchSize: bodyBatch } : {});
  if (detail.attachments !== true) {
    yield* messages;
    return;
  }
  const read: Outcome<Message>[] = [];
  for await (const outcome of messages) read.push(outcome);
  const there = read.flatMap((outcome) => (outcome.ok ? [outcome.value.itemId] : []));
  const listed: Outcome<readonly Attachment[]>[] = [];
  for await (const outcome of attachments(mailbox, there)) listed.push(outcome);
  let next = 0;
  for (const outcome of read) {
    const own = outcome.ok ? listed[next++] : undefined;
    if (own === undefined || !outcome.ok) yield outcome;
    else if (!own.ok) yield own;
    else {
      const unlisted = own.value.flatMap(({ unreadable }) => unreadable?.message ?? []).join(" ");
      yield done({ ...outcome.value, attachments: own.value, ...(unlisted === "" ? {} : { unlisted }) });
    }
  }
}

/** Reads messages again. Returns an Outcome for each id as listed. Throws only when cancelled. */
export async function readMessages(
  mailbox: GraphMailbox,
  messages: readonly Message[],
  detail: Detail,
): Promise<Map<string, Outcome<Message>>> {
  const read = new Map<string, Outcome<Message>>();
  let index = 0;
  for await (const outcome of getMessages(
    mailbox,
    messages.map(({ itemId }) => itemId),
    detail,
  )) {
    const message = messages[index++];
    if (message) read.set(message.itemId, outcome);
  }
  return read;
}
