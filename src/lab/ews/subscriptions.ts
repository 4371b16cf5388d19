import { randomUUID } from "node:crypto";
import type { MailboxEvent } from "../store/events.ts";
import type { LabMailbox } from "../store/mailbox.ts";
import type { User } from "../store/organisation.ts";

/** One subscription of a client to the events of one mailbox. */
export interface Subscription {
  readonly id: string;
  /** Only this account may read its events. */
  readonly owner: User;
  readonly mailbox: LabMailbox;
  /** Ids of its folders; undefined: all. */
  readonly folders: ReadonlySet<string> | undefined;
  readonly kinds: ReadonlySet<MailboxEvent["kind"]>;
  readonly isStreaming: boolean;
  /** It ends when it is not read for so long. Milliseconds. */
  readonly lifetime: number;
  /** The position in the event log after what a stream has delivered. */
  delivered: number;
  readAt: Date;
}

/** The subscriptions of the lab that have not ended. */
export class Subscriptions {
  readonly #open = new Map<string, Subscription>();

  begin(given: Omit<Subscription, "id" | "delivered" | "readAt">, now: Date): Subscription {
    for (const one of this.#open.values()) if (hasEnded(one, now)) this.#open.delete(one.id);
    const begun = { ...given, id: randomUUID(), delivered: given.mailbox.events.position, readAt: now };
    this.#open.set(begun.id, begun);
    return begun;
  }

  /** Returns undefined if there is none, or if it has ended. */
  find(id: string, now: Date): Subscription | undefined {
    const found = this.#open.get(id);
    return found === undefined || hasEnded(found, now) ? undefined : found;
  }

  end({ id, mailbox }: Subscription): void {
    this.#open.delete(id);
    mailbox.events.wake();
  }
}

function hasEnded({ readAt, lifetime }: Subscription, now: Date): boolean {
  return readAt.getTime() + lifetime <= now.getTime();
}

/** An event with its position in the log, after which a client continues. */
export interface SeenEvent {
  readonly event: MailboxEvent;
  readonly position: number;
}

/** Returns the events of a subscription after a position; undefined if some were dropped. */
export function eventsOf({ mailbox, folders, kinds }: Subscription, after: number): readonly SeenEvent[] | undefined {
  const concerns = ({ isFolder, id, parent, old }: MailboxEvent): boolean =>
    folders === undefined || folders.has(parent.id) || folders.has(old?.parent.id ?? "") || (isFolder && folders.has(id));
  return mailbox.events
    .since(after)
    ?.map((event, at) => ({ event, position: after + at + 1 }))
    .filter(({ event }) => kinds.has(event.kind) && concerns(event));
}
