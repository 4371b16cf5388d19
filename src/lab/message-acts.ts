/** One change of a message: a move, a copy, a permanent deletion, or the deletion of one of its attachments. */
export interface LabAct {
  readonly act: "move" | "copy" | "delete" | "delete-attachment";
  readonly mailbox: string;
  /** Of the message; it stays when the message moves within its mailbox. */
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

/** What was done to the messages of an organisation since the lab has started, in order. */
export class ActLog {
  #acts: LabAct[] = [];
  /** Told of each act. */
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

  /** How often each message was acted on; of one Message-ID, or of all. */
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

  /** Forgets what was done so far: what seeding has moved is no act. */
  clear(): void {
    this.#acts = [];
  }
}
