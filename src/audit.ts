import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, mkdir, open } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Effect, Row } from "./action.ts";
import { locked } from "./audit-lock.ts";
import { errorCode, Failure } from "./failure.ts";
import { type FileLine, linesOf } from "./file-lines.ts";
import { jsonText } from "./json-text.ts";
import { parseJson } from "./parse-json.ts";

/** One entry as its writer gives it. Never secrets, never bodies. */
export interface AuditEntry {
  readonly phase: "began" | "ended";
  readonly action: string;
  readonly effect: Effect;
  readonly actor: string;
  readonly connection?: string | undefined;
  readonly mailbox: string;
  readonly backend: string;
  /** The same on both entries of a call. */
  readonly call_id: string;
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

/** Where audit entries go. */
export interface AuditLog {
  /** Resolves when the entry is on the disk. Throws Failure `audit-failed`. */
  append(entry: AuditEntry): Promise<void>;
  /** Which of these names of messages it says that the action was carried out on. Absent where the log cannot be asked. */
  readonly done?:
    | ((asked: { readonly action: string; readonly mailbox: string; readonly names: readonly string[] }) => Promise<ReadonlySet<string>>)
    | undefined;
}

export interface AuditProblem {
  /** From 1. */
  readonly line: number;
  readonly problem: string;
}

/** What checking an audit file gave. */
export interface AuditCheck {
  /** How many entries are whole and in their chain. */
  readonly entries: number;
  /** SHA-256 of the last entry that was found whole, hexadecimal; zeros for none. Kept elsewhere, it shows later whether the end was cut off. */
  readonly lastHash: string;
  /** The first line that is not what was written. */
  readonly broken?: AuditProblem | undefined;
  /** Lines that a crash tore while they were written: acknowledged by the entry after them, or the last of the file. */
  readonly torn: readonly number[];
}

/** `previous` of the first entry. */
const noHash = "0".repeat(64);

/** How far back the last whole entry is looked for: an entry of 10,000 targets has about 5 MB. Bytes. */
const lookBack = 64 * 1024 * 1024;

/** Runs `work` while no other process runs work of the same name, wherever it is: a lock of a database. */
export type Exclusively = <T>(name: string, work: () => Promise<T>) => Promise<T>;

export interface AuditOptions {
  readonly now?: (() => Date) | undefined;
  /** Taken besides the lock file, where a database is open: it holds off processes of other hosts, which no lock file can ask about. */
  readonly exclusively?: Exclusively | undefined;
}

/**
 * An append-only file of JSON lines. Each entry holds as `previous` the SHA-256 of the line before it, so that a line changed or taken out
 * later shows (all of them rewritten, or the last ones cut off, does not: for that, keep the last hash elsewhere). Each is flushed to the
 * disk before `append` resolves. Several processes may append at once. A line torn by a crash stays where it is; the next entry names its hash
 * in `after_torn` and continues the chain. Mode 0600.
 */
export function openAudit(file: string, options: AuditOptions = {}): AuditLog {
  const path = resolve(file);
  const exclusively = options.exclusively === undefined ? undefined : whereItCan(options.exclusively);
  const now = options.now ?? (() => new Date());
  // Within one process the entries queue here, so that they do not wait for each other's lock.
  let last: Promise<unknown> = Promise.resolve();
  return {
    append(entry) {
      const work = () => append(path, { time: now().toISOString(), ...entry });
      const appended = last.then(() => (exclusively === undefined ? work() : exclusively(`audit ${path}`, work)));
      // Who appended it is told; the next ones are no worse for it.
      last = appended.catch(() => undefined);
      return appended;
    },
  };
}

/** An entry is not lost because the database is away: the lock file still holds off the other processes of this host. */
function whereItCan(exclusively: Exclusively): Exclusively {
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

async function append(path: string, entry: AuditEntry & { readonly time: string }): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await locked(`${path}.lock`, async (sure) => {
      const flags = constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | (constants.O_NOFOLLOW ?? 0);
      const file = await open(path, flags, 0o600);
      try {
        const end = await readEnd(file, path);
        const line = { previous: end.hash, ...(end.torn.length > 0 ? { after_torn: end.torn } : {}), ...entry };
        sure();
        await file.appendFile(`${end.unfinished ? "\n" : ""}${jsonText(bounded(line))}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
    });
  } catch (thrown) {
    if (thrown instanceof Failure) throw thrown;
    const code = errorCode(thrown) ?? "unknown error";
    throw new Failure("audit-failed", `The audit entry could not be written to ${path} (${code}).`, { cause: thrown });
  }
}

/** Characters of one text: no id is longer, and a subject has no bounds of its own. */
const longestText = 2048;

function bounded(value: unknown): unknown {
  if (typeof value === "string") {
    return value.length <= longestText ? value : `${value.slice(0, longestText)}… [${value.length - longestText} more characters]`;
  }
  if (Array.isArray(value)) return value.map(bounded);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, bounded(member)]));
}

interface End {
  /** Of the last whole entry. */
  readonly hash: string;
  /** Hashes of the torn lines after it. */
  readonly torn: readonly string[];
  /** The file does not end with a line feed. */
  readonly unfinished: boolean;
}

/** Finds the last whole entry, reading backwards in pieces that double. */
async function readEnd(file: FileHandle, path: string): Promise<End> {
  const { size } = await file.stat();
  for (let piece = 64 * 1024; ; piece *= 2) {
    const from = Math.max(0, size - piece);
    const bytes = Buffer.alloc(size - from);
    await file.read(bytes, 0, bytes.length, from);
    const found = lastEntry(bytes, from === 0);
    if (found !== undefined) return found;
    if (from === 0 || piece > lookBack) throw new Failure("audit-failed", `${path} is not an audit file: nothing is appended to it.`);
  }
}

/** Undefined when the piece holds no whole entry and is not the beginning of an audit file. */
function lastEntry(bytes: Buffer, fromStart: boolean): End | undefined {
  const unfinished = bytes.length > 0 && bytes.at(-1) !== 0x0a;
  const torn: string[] = [];
  let end = unfinished ? bytes.length : bytes.length - 1;
  while (end > 0) {
    const feed = bytes.lastIndexOf(0x0a, end - 1);
    if (feed < 0 && !fromStart) return undefined;
    const line = bytes.subarray(feed + 1, end);
    // A line that lacks nothing but its line feed is whole as soon as it gets one.
    if (entryOf(line) !== undefined) return { hash: sha256(line), torn: torn.reverse(), unfinished };
    torn.push(sha256(line));
    end = feed;
  }
  const empty = bytes.length === 0;
  // Torn lines only: the very first entry was. It must at least begin as one, so that no other file is ever appended to.
  return fromStart && (empty || bytes[0] === 0x7b) ? { hash: noHash, torn: torn.reverse(), unfinished } : undefined;
}

interface Link {
  readonly previous: string;
  readonly torn: readonly string[];
}

function entryOf(line: Buffer): Link | undefined {
  const value = parseJson(line.toString("utf8"));
  if (typeof value !== "object" || value === null || !("previous" in value) || typeof value.previous !== "string") return undefined;
  const torn = "after_torn" in value && Array.isArray(value.after_torn) ? value.after_torn.map(String) : [];
  return { previous: value.previous, torn };
}

/** Reads the whole file and finds the first line that is not in its chain. Throws Failure `audit-failed` when the file cannot be read. */
export async function verifyAudit(file: string): Promise<AuditCheck> {
  let entries = 0;
  let number = 0;
  let hash = noHash;
  const torn: number[] = [];
  let pending: string[] = [];
  let ended = true;
  for await (const { line, whole } of readLines(file)) {
    number++;
    ended = whole;
    const link = whole ? entryOf(line) : undefined;
    if (link === undefined) {
      pending.push(sha256(line));
      torn.push(number);
      continue;
    }
    if (pending.join() !== link.torn.join()) {
      return { entries, lastHash: hash, torn, broken: { line: number - pending.length, problem: brokenLine(pending.length) } };
    }
    if (link.previous !== hash) {
      return {
        entries,
        lastHash: hash,
        torn,
        broken: { line: number, problem: "It does not hold the hash of the entry before: that one was changed, or one is missing." },
      };
    }
    entries++;
    hash = sha256(line);
    pending = [];
  }
  // Torn lines that no entry acknowledges yet stand at the end, and the last of them has no line feed.
  if (pending.length > 0 && ended) {
    return { entries, lastHash: hash, torn, broken: { line: number - pending.length + 1, problem: brokenLine(pending.length) } };
  }
  return { entries, lastHash: hash, torn };
}

function brokenLine(unreadable: number): string {
  return unreadable > 0
    ? "It is not an entry, and no entry after it says that it was torn."
    : "It says that a line before it was torn, but there is none.";
}

async function* readLines(file: string): AsyncGenerator<FileLine> {
  try {
    yield* linesOf(file);
  } catch (thrown) {
    if (thrown instanceof Failure) throw thrown;
    throw new Failure("audit-failed", `The audit file ${file} could not be read.`, { cause: thrown });
  }
}

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
