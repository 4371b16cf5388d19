import { constants, fstatSync, statSync, writeSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { errorCode, Failure } from "../../failure.ts";
import { makeFolder } from "../../files/make-folder.ts";
import { openRegular } from "../../files/regular-file.ts";
import { harmlessJson } from "../../text/harmless-json.ts";
import { type ChainEnd, hashOfLineBefore, readEnd, sha256 } from "./audit-chain.ts";
import { askFor, withLock } from "./audit-lock.ts";
import type { AuditHead, AuditHeads } from "./audit-log-end.ts";
import { sealed } from "./audit-seal.ts";
import type { ChainCheck } from "./follow-chain.ts";

/** Runs `work` while no other process on any host runs work of the same name: a lock of a database. */
export type Exclusively = <T>(name: string, work: () => Promise<T>) => Promise<T>;

export interface AuditOptions {
  readonly now?: (() => Date) | undefined;
  /** Taken in addition to the lock file if a database is open: it excludes processes of other hosts, which a lock file cannot check. */
  readonly exclusively?: Exclusively | undefined;
  /** Where the end of the log is stored, separately. Without any, entries cut off at its end are not detected. */
  readonly heads?: readonly AuditHeads[] | undefined;
  /** Key of an HMAC for each entry: without it nobody can write entries, not even a whole new log. */
  readonly key?: string | undefined;
  /**
   * For a server, which writes many entries: it keeps the lock between them for as long as no other process asks for it, at most `keepMs`, and
   * flushes entries of reads and keeps the end of the log once for all of them, when it gives the lock back. Default false.
   */
  readonly busy?: boolean | undefined;
}

/** One entry without the members of the chain. */
export type Members = Readonly<Record<string, unknown>>;

/** The last entry, and how many there are. */
export interface CheckedEnd extends ChainEnd {
  readonly entries: number;
}

/** A log under our lock: no other process writes to it. */
export interface LockedLog {
  end(): Promise<ChainEnd>;
  /** Throws Failure `audit-failed` if the log is not as its writers left it. */
  checkedEnd(): Promise<CheckedEnd>;
  /** Appends entries after `end` in one write. Returns the new end when they are on the disk. */
  append(end: CheckedEnd, entries: readonly Members[]): Promise<CheckedEnd>;
  /** Appends entries after `end` in one write, and returns the new end. They are in the file then; `keepEnd` flushes them to the disk. */
  appendUnflushed(end: CheckedEnd, entries: readonly Members[]): CheckedEnd;
  /** Flushes the log, and stores its end after the last `append`, separately. */
  keepEnd(end: CheckedEnd): Promise<void>;
  /** Throws Failure `audit-failed` if the file at the log's path is not the one of the last `append`, or has another size. */
  demandUntouched(end: CheckedEnd): void;
  /** Opens a new file after the earlier one was moved aside. */
  begin(): Promise<void>;
}

/** On Linux each write flushes itself, which saves a thread switch. On macOS only fsync flushes the disk's own memory; Windows has no such flag. */
const flushesItself = process.platform === "linux" && constants.O_DSYNC !== undefined;
const flags = constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | (constants.O_NOFOLLOW ?? 0);

/** Runs `work` with the log's locks. Throws Failure `audit-failed`, or what `work` throws as one. */
export async function withLockedLog<T>(path: string, options: AuditOptions, work: (log: LockedLog) => Promise<T>): Promise<T> {
  const { heads = [], key, busy = false } = options;
  const flushesEachWrite = flushesItself && !busy;
  const allFlags = flushesEachWrite ? flags | constants.O_DSYNC : flags;
  const alone = () =>
    withLock(`${path}.lock`, async (sure) => {
      let file = await openRegular(path, allFlags, 0o600);
      let isFlushed = true;
      const flush = async () => {
        if (!isFlushed) await file.datasync();
        isFlushed = true;
      };
      let written: { readonly dev: number; readonly ino: number; readonly size: number } | undefined;
      const left = (end: CheckedEnd, entries: readonly Members[], bytes: Buffer, hash: string): CheckedEnd => {
        const { dev, ino, size } = written === undefined ? fstatSync(file.fd) : { ...written, size: written.size + bytes.length };
        written = { dev, ino, size };
        return { hash, torn: [], unfinished: false, entries: end.entries + entries.length };
      };
      try {
        return await work({
          end: () => readEnd(file, path),
          checkedEnd: () => checkedEnd(file, path, heads),
          async append(end, entries) {
            const { bytes, hash } = linesAfter(end, entries, key);
            sure();
            await writeWhole(file, bytes);
            isFlushed = flushesEachWrite;
            await flush();
            return left(end, entries, bytes, hash);
          },
          appendUnflushed(end, entries) {
            const { bytes, hash } = linesAfter(end, entries, key);
            sure();
            isFlushed = false;
            // The system copies some hundred bytes and returns. Through Node's threads the same write costs ten times as much.
            for (let at = 0; at < bytes.length; ) at += writeSync(file.fd, bytes, at);
            return left(end, entries, bytes, hash);
          },
          async keepEnd({ entries, hash }) {
            await flush();
            const { size } = written ?? fstatSync(file.fd);
            for (const { write } of heads) await write({ entries, bytes: size, hash });
          },
          demandUntouched({ entries }) {
            if (written === undefined) return;
            const { dev, ino, size } = statSync(path);
            if (dev !== written.dev || ino !== written.ino) throw notAsLeft(path, "another file is in its place");
            if (size < written.size) throw notAsLeft(path, `it is shorter than it was left: it had ${entries} entries`);
            if (size > written.size) throw notAsLeft(path, "what was appended to it since was not written under its lock");
          },
          async begin() {
            await file.close();
            file = await openRegular(path, allFlags, 0o600);
            written = undefined;
          },
        });
      } finally {
        await file.close();
      }
    });
  try {
    await makeFolder(dirname(path), 0o700);
    if (options.exclusively === undefined) return await alone();
    await askFor(`${path}.lock`);
    return await ifAvailable(options.exclusively)(`audit ${path}`, alone);
  } catch (thrown) {
    throw asAuditFailure(path, thrown);
  }
}

function asAuditFailure(path: string, thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  const code = errorCode(thrown) ?? "unknown error";
  return new Failure("audit-failed", `The audit entry could not be written (${code}).`, { local: path, cause: thrown });
}

/** Returns the lines of entries that follow `end`, and the hash of the last one. */
function linesAfter(end: ChainEnd, entries: readonly Members[], key: string | undefined): { bytes: Buffer; hash: string } {
  let hash = end.hash;
  let text = end.unfinished ? "\n" : "";
  let torn = end.torn.length > 0 ? { after_torn: end.torn } : {};
  for (const entry of entries) {
    const line = sealed(boundedJson({ previous: hash, ...torn, ...entry }), key);
    hash = sha256(line);
    text += `${line}\n`;
    torn = {};
  }
  return { bytes: Buffer.from(text), hash };
}

async function writeWhole(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten;
}

/** Compares the log with its end in each of `heads`. The log may be longer: another writer may store its end elsewhere, or died before it did. */
async function checkedEnd(file: FileHandle, path: string, heads: readonly AuditHeads[]): Promise<CheckedEnd> {
  const end = await readEnd(file, path);
  const { size } = await file.stat();
  let entries: number | undefined;
  for (const head of await Promise.all(heads.map(({ read }) => read()))) {
    if (head === undefined) continue;
    if (size < head.bytes) throw notAsLeft(path, `it is shorter than it was left: it had ${head.entries} entries`);
    if (!(await holdsEnd(file, head, end, size))) throw notAsLeft(path, `its entry ${head.entries} is not the one that mailcordon wrote`);
    const since = size === head.bytes ? undefined : await followFrom(path, head);
    if (since?.broken !== undefined) throw notAsLeft(path, "later entries do not continue its chain");
    entries = head.entries + (since?.entries ?? 0);
  }
  if (entries === undefined) entries = heads.length === 0 || size === 0 ? 0 : (await followFrom(path)).entries;
  return { ...end, entries: entries + unfinishedEntries(end) };
}

/** Follows the entries after `head`, or all. Most processes find the log as long as its kept end says, and load no code for this. */
async function followFrom(path: string, head?: AuditHead): Promise<ChainCheck> {
  const [{ linesOf }, { followChain }] = await Promise.all([import("../../files/read-lines.ts"), import("./follow-chain.ts")]);
  return await followChain(linesOf(path, head?.bytes), head?.hash);
}

async function holdsEnd(file: FileHandle, head: AuditHead, end: ChainEnd, size: number): Promise<boolean> {
  // The last line was just read and hashed.
  if (size === head.bytes && !end.unfinished && end.torn.length === 0) return end.hash === head.hash;
  return (await hashOfLineBefore(file, head.bytes)) === head.hash;
}

/** Returns 1 if the last entry lacks its line feed, which the next write adds: until then it is not counted. */
export function unfinishedEntries({ unfinished, torn }: ChainEnd): number {
  return unfinished && torn.length === 0 ? 1 : 0;
}

function notAsLeft(path: string, what: string): Failure {
  return new Failure("audit-failed", `The audit log is not as it was left: ${what}. Nothing was appended.`, {
    local: path,
    hint: "Keep a copy and find out who changed it. Then continue it with an entry that names the gap: mailcordon audit accept --reason TEXT",
  });
}

/** Lets the work run even without the database, so no entry is lost: the lock file still excludes the other processes of this host. */
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

/** Maximum characters of one text: no id is longer, and a subject has no limit of its own. */
const longestText = 2048;

/** Returns the entry as JSON with bounded texts. A short document has no long text: most entries are made in one step. */
function boundedJson(entry: Members): string {
  const json = harmlessJson(entry);
  return json.length <= longestText ? json : harmlessJson(boundTexts(entry));
}

function boundTexts(value: unknown): unknown {
  if (typeof value === "string") {
    return value.length <= longestText ? value : `${value.slice(0, longestText)}… [${value.length - longestText} more characters]`;
  }
  if (Array.isArray(value)) return value.map(boundTexts);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, boundTexts(member)]));
}
