import { setTimeout as sleep } from "node:timers/promises";
import { isWanted } from "./audit-lock.ts";
import { type AuditOptions, type CheckedEnd, type LockedLog, type Members, withLockedLog } from "./locked-log.ts";

/** Maximum time for which a busy process keeps the lock: well below the two seconds after which another host treats it as void (`unknownFor`). Milliseconds. */
const keepMs = 500;
/** How long the queue waits for another entry before it gives the lock back: a client without pauses calls again sooner. Milliseconds. */
const lingerMs = 25;
/**
 * How often a busy process checks that the file is unchanged and whether another process wants the lock; it checks before each change as well.
 * Milliseconds.
 */
const pollIntervalMs = 50;
/** How long a process waits after it gave the lock to another one: longer than the other's next check takes. Milliseconds. */
const yieldMs = 15;
/** Entries of one write. One has some 500 bytes, and can have megabytes. */
const mostAtOnce = 100;

interface Waiting {
  readonly members: Members;
  readonly options: AuditOptions;
  /** Whether the entry may be flushed, and the end of the log stored, a little later. */
  readonly endMayFollow: boolean;
  resolve(): void;
  reject(thrown: unknown): void;
}

/** The queue of each log in this process, for all connections. */
const queues = new Map<string, EntryQueue>();

export function queueFor(path: string): EntryQueue {
  const queue = queues.get(path) ?? new EntryQueue(path);
  queues.set(path, queue);
  return queue;
}

/** Gives back the locks that this process keeps between entries. Call it before the process ends. */
export async function settleAudits(): Promise<void> {
  await Promise.all([...queues.values()].map((queue) => queue.settled()));
}

/** Writes the entries of one log. Entries that wait together share one lock, one write, one flush and one stored end. */
class EntryQueue {
  readonly #path: string;
  readonly #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  /** Ends the wait of a busy process for a next entry. */
  #wake: (() => void) | undefined;
  #settling = false;
  /** Whether the end could not be stored after acknowledged entries: the next entries then wait for it. */
  #endFailed = false;

  constructor(path: string) {
    this.#path = path;
  }

  /** Resolves when the entry is in the file, and on the disk unless `endMayFollow` in a busy process. Throws Failure `audit-failed`. */
  append(members: Members, options: AuditOptions, endMayFollow: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ members, options, endMayFollow, resolve, reject });
      this.#wake?.();
      this.#running ??= this.#run();
    });
  }

  async settled(): Promise<void> {
    this.#settling = true;
    this.#wake?.();
    await this.#running;
    this.#settling = false;
  }

  async #run(): Promise<void> {
    for (let [first] = this.#waiting; first !== undefined; [first] = this.#waiting) {
      const { options } = first;
      const before = this.#waiting.length;
      const state = { isOpen: false, isWanted: false };
      let taken: readonly Waiting[] = [];
      const finish = (thrown?: unknown) => {
        for (const { resolve, reject } of taken) {
          if (thrown === undefined) resolve();
          else reject(thrown);
        }
        taken = [];
      };
      try {
        await withLockedLog(this.#path, options, async (log) => {
          state.isOpen = true;
          await this.#writeWhileOpen(log, options, state, {
            take: () => {
              taken = this.#take(options);
              return taken;
            },
            finish,
          });
        });
        finish();
      } catch (thrown) {
        // The entries that waited for the locks fail; later ones get an attempt of their own.
        if (!state.isOpen) taken = this.#waiting.splice(0, before);
        finish(thrown);
      }
      if (state.isWanted) await sleep(yieldMs);
    }
    this.#running = undefined;
  }

  /** Writes group after group. A process that is not busy writes one. */
  async #writeWhileOpen(
    log: LockedLog,
    { busy = false }: AuditOptions,
    state: { isWanted: boolean },
    { take, finish }: { take: () => readonly Waiting[]; finish: () => void },
  ): Promise<void> {
    const opened = performance.now();
    let looked = opened;
    let end: CheckedEnd | undefined;
    let owed = false;
    try {
      for (;;) {
        const group = take();
        if (group.length === 0) return;
        if (end === undefined) end = await log.checkedEnd();
        else if (performance.now() - looked > pollIntervalMs || group.some(({ endMayFollow }) => !endMayFollow)) {
          looked = performance.now();
          log.demandUntouched(end);
          state.isWanted = await isWanted(`${this.#path}.lock`);
        }
        const mayFollow = busy && !this.#endFailed && group.every(({ endMayFollow }) => endMayFollow);
        const entries = group.map(({ members }) => members);
        end = mayFollow ? log.appendUnflushed(end, entries) : await log.append(end, entries);
        owed = true;
        if (!mayFollow) {
          owed = false;
          await log.keepEnd(end);
          this.#endFailed = false;
        }
        if (!busy) return;
        finish();
        if (this.#waiting.length === 0 && !state.isWanted) await this.#nextEntry();
        if (state.isWanted || performance.now() - opened > keepMs) return;
      }
    } finally {
      // All of these entries were acknowledged, and they are in the file.
      if (owed && end !== undefined) {
        await log.keepEnd(end).catch(() => {
          this.#endFailed = true;
        });
      }
    }
  }

  #take(options: AuditOptions): readonly Waiting[] {
    const others = this.#waiting.findIndex((waiting) => !isAlike(waiting.options, options));
    return this.#waiting.splice(0, Math.min(others < 0 ? mostAtOnce : others, mostAtOnce));
  }

  async #nextEntry(): Promise<void> {
    if (this.#settling) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, lingerMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }
}

/** Returns whether entries with these options can share a lock, a key and a stored end: each connection of a server has its own. */
function isAlike(one: AuditOptions, other: AuditOptions): boolean {
  if (one === other) return true;
  const placesOf = ({ heads = [] }: AuditOptions) => heads.map(({ place }) => place).join("\n");
  return (
    one.key === other.key &&
    one.busy === other.busy &&
    (one.exclusively === undefined) === (other.exclusively === undefined) &&
    placesOf(one) === placesOf(other)
  );
}
