import { asFailure, Failure, type FailureCode } from "../failure.ts";
import { done, failed, type Outcome } from "../outcome.ts";
import { bareMessageId, sameMessageId } from "./match.ts";
import type { Message, MessageName } from "./message.ts";

type Located = Outcome<readonly Message[]>;

/** How a back end looks for messages by their Internet Message-IDs. */
export interface CopySearch {
  /** How many ids one search names. */
  readonly atOnce: number;
  /** What it says of an id that it cannot read. */
  readonly unreadable: readonly FailureCode[];
  /** One search for several ids, over every folder. `unlisted`: what could not be looked into. Throws Failure. */
  find(ids: readonly string[]): Promise<{ readonly messages: readonly Message[]; readonly unlisted: readonly Unlisted[] }>;
}

interface Unlisted {
  readonly failure: Failure;
}

/** What a name stands for before anything was found. */
export function nameless(): Located {
  return failed(new Failure("invalid-input", "A message is named neither by an item id nor by an Internet Message-ID."));
}

/** True for a dead id, or one that is none of this server's (of another mailbox, or of another back end): the other name may still be good. */
export function isDead(outcome: Located | undefined, unreadable: readonly FailureCode[]): boolean {
  return outcome?.ok === false && (outcome.failure.code === "not-found" || unreadable.includes(outcome.failure.code));
}

/** Looks for what has only an Internet Message-ID, or an id that is dead, and puts what it finds into the outcomes. Throws only when cancelled. */
export async function locateCopies(names: readonly MessageName[], outcomes: Located[], search: CopySearch): Promise<void> {
  const { atOnce, unreadable } = search;
  const wanted = [...names.entries()].flatMap(([index, { itemId, internetMessageId }]) => {
    if (internetMessageId === undefined || bareMessageId(internetMessageId) === "") return [];
    return itemId === undefined || isDead(outcomes[index], unreadable) ? [{ index, internetMessageId }] : [];
  });
  for (let start = 0; start < wanted.length; start += atOnce) {
    const some = wanted.slice(start, start + atOnce);
    const ids = some.map(({ internetMessageId }) => internetMessageId);
    const together = await findCopies(ids, search);
    for (const { index, internetMessageId } of some) {
      const outcome = together(internetMessageId);
      // One name that cannot be written, or all of them being too many for the server, must not cost the others their answer.
      const alone = ids.length > 1 && !outcome.ok && unreadable.includes(outcome.failure.code);
      outcomes[index] = alone ? (await findCopies([internetMessageId], search))(internetMessageId) : outcome;
    }
  }
}

async function findCopies(ids: readonly string[], search: CopySearch): Promise<(id: string) => Located> {
  try {
    const { messages, unlisted } = await search.find(ids);
    return (id) => copiesOf(id, messages, unlisted);
  } catch (thrown) {
    const failure = asFailure(thrown);
    if (failure.code === "cancelled") throw failure;
    return () => failed(failure);
  }
}

/**
 * Looked at again here, whatever the server took for equal: what is found may be deleted next. Not found where a folder could not be looked
 * into is that folder's failure: the message may be there.
 */
function copiesOf(id: string, found: readonly Message[], unlisted: readonly Unlisted[]): Located {
  const copies = found.filter(({ internetMessageId }) => internetMessageId !== undefined && sameMessageId(internetMessageId, id));
  if (copies.length > 0) return done(copies);
  const sought = `No message with the Internet Message-ID ${JSON.stringify(id.slice(0, 200))} was found`;
  const [first] = unlisted;
  if (first === undefined) return failed(new Failure("not-found", `${sought} in any folder.`));
  const { code, wireCode, requestId, message } = first.failure;
  const told = `${sought}, but ${unlisted.length} of the folders could not be looked into: ${message}`;
  return failed(new Failure(code === "not-found" ? "refused" : code, told, { wireCode, requestId, cause: first.failure }));
}
