import { constants } from "node:fs";
import { type FileHandle, rename } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import type { Effect, Row } from "../../catalogue/action-definition.ts";
import { errorCode, Failure } from "../../failure.ts";
import { makeFolder } from "../../files/make-folder.ts";
import { linesOf } from "../../files/read-lines.ts";
import { openRegular } from "../../files/regular-file.ts";
import { attempt } from "../../outcome.ts";
import { harmlessJson } from "../../text/harmless-json.ts";
import { acceptAction, type ChainEnd, followChain, hashOfLineBefore, readEnd, rotateAction, sha256 } from "./audit-chain.ts";
import { withLock } from "./audit-lock.ts";
import type { AuditHead, AuditHeads } from "./audit-log-end.ts";
import { sealed } from "./audit-seal.ts";

/** One entry as its writer gives it. Never secrets, never bodies. */
export interface AuditEntry {
  /** `read`: nothing is changed, and the call has this one entry. */
  readonly phase: "began" | "ended" | "read";
  /** The action's name; `read-evidence` for evidence that a caller of a server reads. */
  readonly action: string;
  readonly effect: Effect;
  readonly actor: string;
  readonly connection?: string | undefined;
  readonly mailbox: string;
  /** The mailboxes that a read of several was about, as the caller named them. */
  readonly mailboxes?: readonly string[] | undefined;
  /** The mailboxes that were in fact asked, where that is not what `mailboxes` or `mailbox` names. */
  readonly searched?: Searched | undefined;
  readonly backend: string;
  /** The same on both entries of a call. */
  readonly call_id: string;
  /** The sweep that the call belongs to. */
  readonly sweep?: string | undefined;
  /** What was asked for, as far as it says what is done: modes, switches, destinations. */
  readonly options?: Row | undefined;
  /** The columns that name what is touched: ids, Message-IDs, subjects. */
  readonly targets: readonly Row[];
  /** Of `ended`: what became of each target, in the same order. */
  readonly outcome?: readonly Row[] | undefined;
  /** Present when a setting had switched the check of the server's certificate off. */
  readonly tls_verified?: false | undefined;
  /** Of `ended`: how long it was waited, in milliseconds, because Exchange asked for it. */
  readonly waited_ms?: number | undefined;
}

/** Which mailboxes a search asked. */
export interface Searched {
  readonly count: number;
  /** The first of them, in the order in which they were asked. */
  readonly mailboxes: readonly string[];
  /** SHA-256, hexadecimal, of all their addresses in lower case, sorted, each with a line feed. */
  readonly sha256: string;
}

/** Where audit entries go. */
export interface AuditLog {
  /** Resolves when the entry is on the disk. Throws Failure `audit-failed`. */
  append(entry: AuditEntry): Promise<void>;
  /** Which of these names of messages it says that the action was carried out on. Absent where the log cannot be asked. */
  readonly done?:
    | ((requested: {
        readonly action: string;
        readonly mailbox: string;
        readonly names: readonly string[];
      }) => Promise<ReadonlySet<string>>)
    | undefined;
}

/** Runs `work` while no other process runs work of the same name, wherever it is: a lock of a database. */
export type Exclusively = <T>(name: string, work: () => Promise<T>) => Promise<T>;

export interface AuditOptions {
  readonly now?: (() => Date) | undefined;
  /** Taken besides the lock file, where a database is open: it holds off processes of other hosts, which no lock file can ask about. */
  readonly exclusively?: Exclusively | undefined;
  /** Where the end of the log is kept, away from the log. Without any, entries cut off at its end do not show. */
  readonly heads?: readonly AuditHeads[] | undefined;
  /** Key of an HMAC that each entry gets: then who lacks it cannot write entries, not even a whole new log. */
  readonly key?: string | undefined;
}

/** Within one process the entries of a log queue here, whichever connection they are of, so that they do not wait for each other's lock. */
const queues = new Map<string, Promise<unknown>>();

/**
 * An append-only file of JSON lines. Each entry holds as `previous` the SHA-256 of the line before it, so that a line changed or taken out
 * later shows. Its end is kept in `heads`: a writer that finds the log shorter than it was left, or its last entry changed, appends nothing
 * (`acceptAudit` continues such a log). Each entry is flushed to the disk before `append` resolves. Several processes may append at once. A line
 * torn by a crash stays where it is; the next entry names its hash in `after_torn` and continues the chain. Mode 0600.
 */
export function openAudit(file: string, options: AuditOptions = {}): AuditLog {
  const path = resolve(file);
  const now = options.now ?? (() => new Date());
  return {
    append(entry) {
      const appended = (queues.get(path) ?? Promise.resolve()).then(() =>
        withLockedLog(path, options, async (log) => {
          const end = await log.checkedEnd();
          await log.write(end, { time: now().toISOString(), ...entry });
        }),
      );
      // Who appended it is told; the next ones are no worse for it.
      queues.set(
        path,
        appended.catch(() => undefined),
      );
      return appended;
    },
  };
}

/** What a person says of a log: who, and why. */
export interface Statement {
  readonly actor: string;
  readonly reason: string;
}

/**
 * Continues a log that is not as its writers left it, with an entry that names the gap: how many entries there were and how many there are, both
 * last hashes, and the reason. Returns that entry's hash. Throws Failure `audit-failed`.
 */
export async function acceptAudit(file: string, { actor, reason }: Statement, options: AuditOptions = {}): Promise<string> {
  const path = resolve(file);
  return await withLockedLog(path, options, async (log) => {
    const end = await log.end();
    const found = await followChain(linesOf(path), undefined);
    const checked = await attempt(() => log.checkedEnd());
    if (checked.ok && found.broken === undefined) {
      throw new Failure("audit-failed", "The audit log is as its writers left it: there is nothing to accept.", {
        local: path,
        hint: "`mailcordon audit verify` checks the log. Accept only a log to which mailcordon appends nothing.",
      });
    }
    const expected = await Promise.all((options.heads ?? []).map(({ read }) => read().catch(() => undefined)));
    const named = (head: Pick<AuditHead, "entries" | "hash"> | undefined) => head && { entries: head.entries, hash: head.hash };
    return await log.write(
      { ...end, entries: found.entries + unfinishedEntries(end) },
      {
        ...{ time: (options.now?.() ?? new Date()).toISOString(), action: acceptAction, actor, reason },
        expected: expected.map(named).find((head) => head !== undefined) ?? null,
        found: { entries: found.entries, hash: found.lastHash },
      },
    );
  });
}

/**
 * Moves the log aside and begins a new one whose first entry continues its chain. Returns the path of the log so far. Throws Failure
 * `audit-failed` where the log is not as its writers left it.
 */
export async function rotateAudit(file: string, { actor }: Pick<Statement, "actor">, options: AuditOptions = {}): Promise<string> {
  const path = resolve(file);
  return await withLockedLog(path, options, async (log) => {
    const end = await log.checkedEnd();
    if (end.entries === 0) throw new Failure("audit-failed", "The audit log holds no entry: there is nothing to rotate.", { local: path });
    const time = (options.now?.() ?? new Date()).toISOString();
    const aside = path.replace(/(\.jsonl)?$/, `-${time.replaceAll(":", "")}-${end.hash.slice(0, 8)}$1`);
    await rename(path, aside);
    await log.begin();
    const began = { time, action: rotateAction, actor, file: basename(aside), entries: end.entries };
    await log.write({ hash: end.hash, torn: [], unfinished: false, entries: 0 }, began);
    return aside;
  });
}

/** The last entry, and how many there are. */
interface CheckedEnd extends ChainEnd {
  readonly entries: number;
}

/** A log that no other process writes meanwhile. */
interface LockedLog {
  end(): Promise<ChainEnd>;
  /** Throws Failure `audit-failed` where the log is not as its writers left it. */
  checkedEnd(): Promise<CheckedEnd>;
  /** Appends an entry after `end`, flushes it and keeps the new end. Returns the entry's hash. */
  write(end: CheckedEnd, entry: Readonly<Record<string, unknown>>): Promise<string>;
  /** Opens the file anew, after the one of before was moved aside. */
  begin(): Promise<void>;
}

async function withLockedLog<T>(path: string, options: AuditOptions, work: (log: LockedLog) => Promise<T>): Promise<T> {
  const { heads = [], key } = options;
  const alone = async () => {
    await makeFolder(dirname(path), 0o700);
    return await withLock(`${path}.lock`, async (sure) => {
      const flags = constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | (constants.O_NOFOLLOW ?? 0);
      let file = await openRegular(path, flags, 0o600);
      try {
        return await work({
          end: () => readEnd(file, path),
          checkedEnd: () => checkedEnd(file, path, heads),
          async write(end, entry) {
            const whole = { previous: end.hash, ...(end.torn.length > 0 ? { after_torn: end.torn } : {}), ...entry };
            const line = sealed(harmlessJson(boundTexts(whole)), key);
            sure();
            await file.appendFile(`${end.unfinished ? "\n" : ""}${line}\n`);
            await file.sync();
            const hash = sha256(Buffer.from(line));
            const { size } = await file.stat();
            for (const { write } of heads) await write({ entries: end.entries + 1, bytes: size, hash });
            return hash;
          },
          async begin() {
            await file.close();
            file = await openRegular(path, flags, 0o600);
          },
        });
      } finally {
        await file.close();
      }
    });
  };
  try {
    return await (options.exclusively === undefined ? alone() : ifAvailable(options.exclusively)(`audit ${path}`, alone));
  } catch (thrown) {
    if (thrown instanceof Failure) throw thrown;
    const code = errorCode(thrown) ?? "unknown error";
    throw new Failure("audit-failed", `The audit entry could not be written (${code}).`, { local: path, cause: thrown });
  }
}

/** Compares the log with its end as each of `heads` has it. It may have grown since: another writer may keep its end elsewhere, or have died before it did. */
async function checkedEnd(file: FileHandle, path: string, heads: readonly AuditHeads[]): Promise<CheckedEnd> {
  const end = await readEnd(file, path);
  const { size } = await file.stat();
  let entries: number | undefined;
  for (const { read } of heads) {
    const head = await read();
    if (head === undefined) continue;
    if (size < head.bytes) throw notAsLeft(path, `it is shorter than it was left: it had ${head.entries} entries`);
    if ((await hashOfLineBefore(file, head.bytes)) !== head.hash)
      throw notAsLeft(path, `its entry ${head.entries} is not the one that was written`);
    const since = size === head.bytes ? undefined : await followChain(linesOf(path, head.bytes), head.hash);
    if (since?.broken !== undefined) throw notAsLeft(path, "what was appended to it since does not continue its chain");
    entries = head.entries + (since?.entries ?? 0);
  }
  if (entries === undefined) entries = heads.length === 0 || size === 0 ? 0 : (await followChain(linesOf(path), undefined)).entries;
  return { ...end, entries: entries + unfinishedEntries(end) };
}

/** A last entry that lacks nothing but its line feed is not counted before it has one: what is appended gives it one. */
function unfinishedEntries({ unfinished, torn }: ChainEnd): number {
  return unfinished && torn.length === 0 ? 1 : 0;
}

function notAsLeft(path: string, what: string): Failure {
  return new Failure("audit-failed", `The audit log is not as it was left: ${what}. Nothing was appended.`, {
    local: path,
    hint: "Keep a copy and find out who changed it. Then continue it with an entry that names the gap: mailcordon audit accept --reason TEXT",
  });
}

/** An entry is not lost because the database is away: the lock file still holds off the other processes of this host. */
function ifAvailable(exclusively: Exclusively): Exclusively {
  return async (name, work) => {
    let begun = false;
    try {
      return await exclusively(name, () => {
        begun = true;
        return work();
      });
    } catch (thrown) {
      if (begun) throw thrown;
      return await work();
    }
  };
}

/** Characters of one text: no id is longer, and a subject has no bounds of its own. */
const longestText = 2048;

function boundTexts(value: unknown): unknown {
  if (typeof value === "string") {
    return value.length <= longestText ? value : `${value.slice(0, longestText)}… [${value.length - longestText} more characters]`;
  }
  if (Array.isArray(value)) return value.map(boundTexts);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, boundTexts(member)]));
}
