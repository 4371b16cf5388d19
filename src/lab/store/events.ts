/** What happened to one item or folder, for clients that subscribe to it. Ids and change keys are those at that moment. */
export interface MailboxEvent {
  readonly kind: "created" | "deleted" | "modified" | "moved" | "copied" | "newMail";
  readonly at: Date;
  readonly isFolder: boolean;
  readonly id: string;
  readonly changeKey: string;
  readonly parent: Place;
  /** Of something that was moved or copied: what it was, and where. */
  readonly old?: { readonly id: string; readonly changeKey: string; readonly parent: Place } | undefined;
}

/** A folder at that moment. */
export interface Place {
  readonly id: string;
  readonly changeKey: string;
}

/** Older events are dropped: a mailbox that nobody watches must not keep all that ever happened. */
const limit = 4000;

/** The last events of one mailbox, in order. */
export class EventLog {
  #events: MailboxEvent[] = [];
  #dropped = 0;
  readonly #waiting = new Set<() => void>();

  /** The number of events so far, dropped ones included. */
  get position(): number {
    return this.#dropped + this.#events.length;
  }

  add(event: MailboxEvent): void {
    this.#events.push(event);
    if (this.#events.length > 2 * limit) {
      this.#dropped += limit;
      this.#events = this.#events.slice(limit);
    }
    this.wake();
  }

  /** Returns the events after a position; undefined if some of them were dropped. */
  since(position: number): readonly MailboxEvent[] | undefined {
    return position < this.#dropped ? undefined : this.#events.slice(position - this.#dropped);
  }

  /** Ends every wait at once. */
  wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  /** Resolves at the next event or `wake`, or when the signal is aborted. */
  async next(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { promise, resolve } = waiting();
    this.#waiting.add(resolve);
    signal.addEventListener("abort", resolve, { once: true });
    await promise;
    this.#waiting.delete(resolve);
    signal.removeEventListener("abort", resolve);
  }
}

function waiting(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** The parts of an item that an event names. */
interface PlacedItem {
  readonly id: string;
  readonly changeKey: string;
  readonly folder: Place;
}

/** An event about an item as it is now. */
export function itemEvent(kind: MailboxEvent["kind"], item: PlacedItem, at: Date, old?: PlacedItem): MailboxEvent {
  const placed = ({ id, changeKey, folder }: PlacedItem) => ({ id, changeKey, parent: { id: folder.id, changeKey: folder.changeKey } });
  return { kind, at, isFolder: false, ...placed(item), ...(old === undefined ? {} : { old: placed(old) }) };
}
