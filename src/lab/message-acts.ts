/** One change of a message: a move, a copy, a permanent deletion, or the deletion of one of its attachments. */
export interface LabAct {
  readonly act: "move" | "copy" | "delete" | "delete-attachment";
  readonly mailbox: string;
  /** Identity of the message, which stays the same when the message moves within its mailbox. */
  readonly identity: string;
  readonly internetMessageId: string | undefined;
  readonly subject: string | undefined;
  /** Name of the folder that it was in. */
  readonly from: string;
  /** Name of the folder that it went to. */
  readonly to: string | undefined;
  readonly at: string;
}

/** A message before it is acted on. */
interface ActedOn {
  readonly identity: Uint8Array;
  readonly internetMessageId?: string | undefined;
  readonly subject?: string | undefined;
  readonly folder: { readonly name: string };
}

/** Acts on one message, by their kind. */
export interface CountedActs extends Pick<LabAct, "mailbox" | "identity" | "internetMessageId" | "subject"> {
  readonly counts: Readonly<Partial<Record<LabAct["act"], number>>>;
}

/** Oldest acts are forgotten beyond this number: a lab may run for weeks. */
const mostActs = 200_000;

/** The actions on the messages of an organisation since the start of the lab, in order. */
export class ActLog {
  #acts: LabAct[] = [];
  /** Called with each action. */
  onAct: ((act: LabAct) => void) | undefined;

  add(act: LabAct["act"], item: ActedOn, mailbox: string, to: string | undefined, at: Date): void {
    const { internetMessageId, subject, folder } = item;
    const identity = Buffer.from(item.identity).toString("hex");
    const entry: LabAct = { act, mailbox, identity, internetMessageId, subject, from: folder.name, to, at: at.toISOString() };
    this.#acts.push(entry);
    if (this.#acts.length > mostActs) this.#acts = this.#acts.slice(mostActs / 10);
    this.onAct?.(entry);
  }

  get all(): readonly LabAct[] {
    return this.#acts;
  }

  /** Returns how often each message was changed: those with one Message-ID, or all. */
  counted(internetMessageId?: string): readonly CountedActs[] {
    const found = new Map<string, CountedActs>();
    for (const { act, mailbox, identity, ...one } of this.#acts) {
      if (internetMessageId !== undefined && one.internetMessageId !== internetMessageId) continue;
      const key = `${mailbox} ${identity}`;
      const { counts = {} } = found.get(key) ?? {};
      const { subject } = one;
      found.set(key, {
        ...{ mailbox, identity, internetMessageId: one.internetMessageId, subject },
        counts: { ...counts, [act]: (counts[act] ?? 0) + 1 },
      });
    }
    return [...found.values()];
  }

  /** Forgets the actions so far: moves by the seeding do not count. */
  clear(): void {
    this.#acts = [];
  }
}
