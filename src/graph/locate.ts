import { bareMessageId, sameMessageId } from "../exchange/match.ts";
import type { Message, MessageName } from "../exchange/message.ts";
import { asFailure, Failure } from "../failure.ts";
import { done, failed, type Outcome } from "../outcome.ts";
import { explained, translatedIds } from "./ews-ids.ts";
import { newestFirst } from "./newest-first.ts";
import { maxMessageIds, messageIdFilter } from "./odata.ts";
import { getMessage } from "./requests/messages.ts";
import type { GraphMailbox } from "./session.ts";
import { whereToSearch } from "./where.ts";

/**
 * Every message that each name stands for, newest first; none is Failure `not-found`. Ids of Exchange Web Services are translated first. What has
 * only an Internet Message-ID, or an id that is dead, is looked for in the whole mailbox. As many Outcomes as names, in their order; throws only when cancelled.
 */
export async function* locate(mailbox: GraphMailbox, names: readonly MessageName[]): AsyncIterable<Outcome<readonly Message[]>> {
  const outcomes: Outcome<readonly Message[]>[] = names.map(() => failed(nameless()));
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
  const wanted = [...names.entries()].flatMap(([index, { itemId, internetMessageId }]) => {
    if (internetMessageId === undefined || bareMessageId(internetMessageId) === "") return [];
    return itemId === undefined || isDead(outcomes[index]) ? [{ index, internetMessageId }] : [];
  });
  for (let start = 0; start < wanted.length; start += maxMessageIds) {
    const some = wanted.slice(start, start + maxMessageIds);
    const ids = some.map(({ internetMessageId }) => internetMessageId);
    const together = await findCopies(mailbox, ids);
    for (const { index, internetMessageId } of some) {
      const outcome = together.of(internetMessageId);
      // One name that cannot be written, or all of them being too many for the server, must not cost the others their answer.
      const alone = ids.length > 1 && !outcome.ok && (outcome.failure.code === "invalid-input" || outcome.failure.code === "refused");
      outcomes[index] = alone ? (await findCopies(mailbox, [internetMessageId])).of(internetMessageId) : outcome;
    }
  }
  yield* outcomes;
}

/** A dead id, or one that is none of this service's: the other name may still be good. */
function isDead(outcome: Outcome<unknown> | undefined): boolean {
  return outcome !== undefined && !outcome.ok && ["not-found", "invalid-input", "refused"].includes(outcome.failure.code);
}

function nameless(): Failure {
  return new Failure("invalid-input", "A message is named neither by an item id nor by an Internet Message-ID.");
}

/** What was found for some Internet Message-IDs. */
interface Copies {
  of(internetMessageId: string): Outcome<readonly Message[]>;
}

/** One search for several Internet Message-IDs over the whole mailbox, Deleted Items included. Throws only when cancelled. */
async function findCopies(mailbox: GraphMailbox, ids: readonly string[]): Promise<Copies> {
  const found = new Map<string, Message>();
  try {
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
    return { of: (id) => copiesOf(id, [...found.values()]) };
  } catch (thrown) {
    const failure = asFailure(thrown);
    if (failure.code === "cancelled") throw failure;
    return { of: () => failed(failure) };
  }
}

/** Looked at again here, whatever the server took for equal: what is found may be deleted next. */
function copiesOf(id: string, found: readonly Message[]): Outcome<readonly Message[]> {
  const copies = found.filter(({ internetMessageId }) => internetMessageId !== undefined && sameMessageId(internetMessageId, id));
  if (copies.length > 0) return done(copies);
  return failed(
    new Failure("not-found", `No message with the Internet Message-ID ${JSON.stringify(id.slice(0, 200))} was found in any folder.`),
  );
}
