import { locateCopies, nameless } from "../exchange/locate-copies.ts";
import type { Message, MessageName } from "../exchange/message.ts";
import type { FailureCode } from "../failure.ts";
import { done, failed, type Outcome } from "../outcome.ts";
import { explained, translatedIds } from "./ews-ids.ts";
import { newestFirst } from "./newest-first.ts";
import { maxMessageIds, messageIdFilter } from "./odata.ts";
import { getMessage } from "./requests/messages.ts";
import type { GraphMailbox } from "./session.ts";
import { whereToSearch } from "./where.ts";

const unreadable: readonly FailureCode[] = ["invalid-input", "refused"];

/**
 * Every message that each name stands for, newest first; none is Failure `not-found`. Ids of Exchange Web Services are translated first. What has
 * only an Internet Message-ID, or an id that is dead, is looked for in the whole mailbox. As many Outcomes as names, in their order; throws only when cancelled.
 */
export async function* locate(mailbox: GraphMailbox, names: readonly MessageName[]): AsyncIterable<Outcome<readonly Message[]>> {
  const outcomes: Outcome<readonly Message[]>[] = names.map(nameless);
  const byId = [...names.entries()].flatMap(([index, { itemId }]) => (itemId === undefined ? [] : [{ index, itemId }]));
  const translated = await translatedIds(
    mailbox,
    byId.map(({ itemId }) => itemId),
  );
  const asked = byId.map(({ itemId }) => ({ itemId: translated.get(itemId) ?? itemId, detail: {} }));
  let next = 0;
  for await (const outcome of mailbox.each(getMessage, asked)) {
    const name = byId[next++];
    if (name) outcomes[name.index] = outcome.ok ? done([outcome.value]) : failed(explained(outcome.failure, name.itemId));
  }
  await locateCopies(names, outcomes, { atOnce: maxMessageIds, unreadable, find: (ids) => findCopies(mailbox, ids) });
  yield* outcomes;
}

/** One search for several Internet Message-IDs over the whole mailbox, Deleted Items included. Throws Failure. */
async function findCopies(mailbox: GraphMailbox, ids: readonly string[]) {
  const found = new Map<string, Message>();
  const where = await whereToSearch(mailbox, {});
  const list = await newestFirst(mailbox, where.places, {
    detail: {},
    filters: [messageIdFilter(ids)],
    expected: ids.length,
    includes: where.includes,
  });
  for await (const message of list.messages()) {
    found.set(message.itemId, { ...message, folderPath: where.pathOfId(message.parentFolderId) });
  }
  return { messages: [...found.values()], unlisted: list.unlisted };
}
