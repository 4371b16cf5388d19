export type ChangeKind = "create" | "update" | "read" | "delete";

/** One change, for a client that knew everything up to its position. `read`: only the read flag changed. */
export interface Change {
  readonly kind: ChangeKind;
  readonly id: string;
  /** For a deleted item: `LabItem.identity`, from which its immutable id is made. */
  readonly identity?: Uint8Array | undefined;
}

export interface Changes {
  readonly changes: readonly Change[];
  /** The position at which the next request begins. */
  readonly position: number;
  readonly isLast: boolean;
}

interface ObjectLife {
  created: number;
  updated: number;
  last: number;
  gone: boolean;
}

/** The events in one folder (or among one mailbox's folders), in order, for clients that keep a copy. */
export class ChangeLog {
  readonly #events: Change[] = [];
  readonly #lives = new Map<string, ObjectLife>();

  /** The number of events so far. Position 0 is before the first event. */
  get position(): number {
    return this.#events.length;
  }

  record(kind: ChangeKind, id: string, identity?: Uint8Array): void {
    this.#events.push({ kind, id, identity });
    const position = this.#events.length;
    const life = this.#lives.get(id) ?? { created: position, updated: 0, last: position, gone: false };
    if (kind === "update") life.updated = position;
    if (kind === "delete") life.gone = true;
    life.last = position;
    this.#lives.set(id, life);
  }

  /**
   * Returns the net changes after `position`, at most `max`. An object that came and went in between is not reported; several updates are reported
   * once, at the last. A creation keeps its place even if an update follows beyond the page, so no client sees an update of an unknown object. A
   * client may see the deletion of an object that was gone before its page.
   */
  since(position: number, max: number): Changes {
    const changes: Change[] = [];
    let at = position;
    while (at < this.#events.length && changes.length < max) {
      const event = this.#events[at];
      at += 1;
      const life = event && this.#lives.get(event.id);
      if (!event || !life) continue;
      const kind = this.#told(life, at, position);
      if (kind) changes.push({ ...event, kind });
    }
    const isLast = !this.#toldAfter(at);
    return { changes, position: isLast ? this.#events.length : at, isLast };
  }

  /** Returns whether there is a change for a client at `position`: events may cancel each other out. */
  #toldAfter(position: number): boolean {
    for (let at = position; at < this.#events.length; at += 1) {
      const event = this.#events[at];
      const life = event && this.#lives.get(event.id);
      if (life && this.#told(life, at + 1, position)) return true;
    }
    return false;
  }

  #told(life: ObjectLife, at: number, since: number): ChangeKind | undefined {
    const unseen = life.created > since;
    if (life.gone) return !unseen && at === life.last ? "delete" : undefined;
    if (unseen) return at === life.created ? "create" : undefined;
    if (at !== life.last) return undefined;
    return life.updated > since ? "update" : "read";
  }
}
