import { basename, dirname, join } from "node:path";
import * as z from "zod";
import { errorCode, Failure } from "../../failure.ts";
import { linesOf } from "../../files/read-lines.ts";
import { parseJson } from "../../text/parse-json.ts";
import { rotateAction, sha256 } from "./audit-chain.ts";
import { type ChainCheck, followChain } from "./follow-chain.ts";

/** The action of the entry that records an archive. An archive does not contain these entries, so that a second one has the same bytes. */
export const archiveAction = "sweep archive";

/** The place of one entry in the chain of the log. */
export interface EntryLink {
  /** Number of the entry in the log, from 1; older files of a rotated log are counted as well. */
  readonly entry: number;
  /** The hash of the line, without its line feed. */
  readonly sha256: string;
  /** As recorded in the entry itself. */
  readonly previous: string;
}

/** A person's operation on a sweep. */
export interface SweepEvent {
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly action: string;
  readonly actor: string;
}

/** The part of the audit log about one sweep. */
export interface AuditPart {
  readonly links: readonly EntryLink[];
  /** People's operations on the sweep. */
  readonly events: readonly SweepEvent[];
  /** Ids of messages and calendar entries that entries say an action was done to. */
  readonly done: ReadonlySet<string>;
  /** Why the log could not be read or does not verify; one sentence each. */
  readonly problems: readonly string[];
  /** Yields the lines again, each with its line feed. */
  lines(): AsyncIterable<Buffer>;
}

const Entry = z.object({
  sweep: z.string(),
  action: z.string(),
  previous: z.string(),
  time: z.string(),
  actor: z.string(),
  phase: z.string().optional(),
  targets: z
    .array(z.looseObject({ item_id: z.string().optional(), calendar_entry: z.string().optional(), plan_hash: z.string().optional() }))
    .optional(),
  outcome: z.array(z.looseObject({ status: z.string().optional() })).optional(),
});
type Entry = z.output<typeof Entry>;

/** Reads a log, and the files that it continues, for the entries of one sweep. */
export async function readAuditPart(file: string, sweep: string): Promise<AuditPart> {
  const { files, missing } = await filesOf(file);
  const links: EntryLink[] = [];
  const events: SweepEvent[] = [];
  const done = new Set<string>();
  const problems: string[] = [...missing];
  let before = 0;
  for (const path of files) {
    let number = before;
    const checked = await follow(path, (hash, line) => {
      number += 1;
      const entry = entryOf(line, sweep);
      if (entry === undefined) return;
      links.push({ entry: number, sha256: hash, previous: entry.previous });
      const { action, actor, time, targets = [] } = entry;
      // A person's operation refers to the plan; the sweep's own changes refer to messages.
      if (targets[0]?.plan_hash !== undefined) events.push({ time, action, actor });
      noteDone(entry, done);
    });
    if (checked === undefined) problems.push("The audit log of this machine could not be read, or there is none.");
    else if (checked.broken !== undefined)
      problems.push(
        `The audit log does not verify from line ${checked.broken.line} on: ${checked.broken.problem} Later entries are not in the archive.`,
      );
    before = number;
  }
  return {
    ...{ links, events, done, problems },
    async *lines() {
      const wanted = new Set(links.map(({ sha256 }) => sha256));
      for (const path of files) {
        for await (const { line } of linesOf(path)) {
          if (entryOf(line, sweep) === undefined || !wanted.has(sha256(line))) continue;
          yield Buffer.concat([line, Buffer.from("\n")]);
        }
      }
    },
  };
}

function entryOf(line: Buffer, sweep: string): Entry | undefined {
  // Most lines are of something else: they are not parsed.
  if (!line.includes(`"sweep":${JSON.stringify(sweep)}`)) return undefined;
  const entry = Entry.safeParse(parseJson(line.toString("utf8"))).data;
  return entry?.sweep === sweep && entry.action !== archiveAction ? entry : undefined;
}

function noteDone({ phase, targets = [], outcome = [] }: Entry, done: Set<string>): void {
  if (phase !== "ended") return;
  for (const [at, { item_id, calendar_entry }] of targets.entries()) {
    const id = item_id ?? calendar_entry;
    if (id !== undefined && outcome[at]?.status === "done") done.add(id);
  }
}

/** Follows the chain of one file; undefined if it cannot be read. */
async function follow(path: string, seen: (hash: string, line: Buffer) => void): Promise<ChainCheck | undefined> {
  try {
    return await followChain(linesOf(path), undefined, (hash, line) => {
      seen(hash, line);
      return undefined;
    });
  } catch (thrown) {
    if (errorCode(thrown) === undefined || thrown instanceof Failure) throw thrown;
    return undefined;
  }
}

const Rotated = z.object({ action: z.literal(rotateAction), file: z.string() });
/** Maximum number of older files that are followed. */
const mostFiles = 1000;

/** The files of a log, the oldest first. */
async function filesOf(file: string): Promise<{ readonly files: readonly string[]; readonly missing: readonly string[] }> {
  const files = [file];
  for (let path = file; files.length <= mostFiles; ) {
    const first = await firstLine(path);
    if (first === "unreadable" && files.length > 1) {
      files.shift();
      return { files, missing: ["An older file of the rotated audit log is not beside it: entries in it are not in the archive."] };
    }
    const rotated = Rotated.safeParse(typeof first === "string" ? undefined : parseJson(first?.toString("utf8") ?? "")).data;
    if (rotated === undefined) return { files, missing: [] };
    path = join(dirname(file), basename(rotated.file));
    if (files.includes(path)) return { files, missing: ["The audit log names itself as the file that it continues."] };
    files.unshift(path);
  }
  return { files, missing: [`The audit log has more than ${mostFiles} older files: entries in the oldest are not in the archive.`] };
}

async function firstLine(path: string): Promise<Buffer | "unreadable" | undefined> {
  try {
    for await (const { line } of linesOf(path)) return line;
    return undefined;
  } catch {
    return "unreadable";
  }
}
