import { errorCode, Failure } from "../../failure.ts";
import { type FileLine, linesOf } from "../../files/read-lines.ts";
import { attempt, type Outcome } from "../../outcome.ts";
import type { AuditHead, AuditHeads } from "./audit-log-end.ts";
import { isSealed } from "./audit-seal.ts";
import { type ChainCheck, followChain } from "./follow-chain.ts";

/** The result of checking an audit log. */
export interface AuditCheck extends ChainCheck {
  /** Whether the log ends as its writers left it: `unknown` if no end was stored. */
  readonly end: "as-left" | "longer" | "unknown";
  /** Number of entries at the beginning without an HMAC, if a key is given: they were written before the key existed. */
  readonly unsealed: number;
  /** The places whose stored end was compared. */
  readonly comparedWith: readonly string[];
  /** The limits of this check, a sentence each. */
  readonly cannotKnow: readonly string[];
}

export interface AuditProof {
  readonly heads?: readonly AuditHeads[] | undefined;
  /** Hash of an entry that was noted elsewhere: the log must contain the entry. */
  readonly contains?: string | undefined;
  /** As `contains`; entries before it are not counted. */
  readonly since?: string | undefined;
  readonly key?: string | undefined;
}

/**
 * Reads a whole audit log and checks its chain, its end against the stored ends, and the HMACs of its entries if a key is given.
 * Throws Failure `audit-failed` if the file cannot be read.
 */
export async function verifyAudit(file: string, { heads = [], contains, since, key }: AuditProof = {}): Promise<AuditCheck> {
  const ends = await Promise.all(heads.map(async ({ place, read }) => ({ place, kept: await attempt(read) })));
  const counts = new Set(ends.map(({ kept }) => (kept.ok ? kept.value?.entries : undefined)));
  /** The hashes of the entries that were at the end of the log. */
  const hashes = new Map<number, { readonly hash: string; readonly line: number }>();
  const wanted = new Set([contains, since].filter((hash) => hash !== undefined));
  let before = since === undefined ? 0 : Number.POSITIVE_INFINITY;
  let number = 0;
  let unsealed = 0;
  let hasSeal = false;
  const followed = await followChain(readLines(file, ends), undefined, (hash, line, at) => {
    number++;
    if (counts.has(number)) hashes.set(number, { hash, line: at });
    wanted.delete(hash);
    if (hash === since) before = number;
    if (key === undefined) return undefined;
    if (isSealed(line.toString("utf8"), key)) hasSeal = true;
    else if (hasSeal) return "Its HMAC is missing or was not made with this HMAC key (audit.key).";
    else unsealed++;
    return undefined;
  });
  const end = followed.broken === undefined ? endOf(followed, ends, hashes) : { end: "unknown" as const };
  const missing = [...wanted].map(
    (hash) => `The log has no entry with the hash ${hash}: entries were removed from its end, or the log was rewritten.`,
  );
  const problem =
    followed.broken ?? ("problem" in end ? end.problem : undefined) ?? missing.map((text) => ({ line: number, problem: text }))[0];
  return {
    ...followed,
    entries: Math.max(0, followed.entries - before),
    ...(problem === undefined ? {} : { broken: problem }),
    end: end.end,
    unsealed,
    comparedWith: ends.filter(({ kept }) => kept.ok && kept.value !== undefined).map(({ place }) => place),
    cannotKnow: [...ends.flatMap(withoutEnd), ...unknowns(end.end, contains ?? since, key, unsealed)],
  };
}

type EndFound = Pick<AuditCheck, "end"> & { readonly problem?: { readonly line: number; readonly problem: string } };

interface KeptEnd {
  readonly place: string;
  readonly kept: Outcome<AuditHead | undefined>;
}

/** Throws the Failure of an end that cannot be read. */
function endOf({ entries }: ChainCheck, ends: readonly KeptEnd[], hashes: ReadonlyMap<number, { hash: string; line: number }>): EndFound {
  let end: AuditCheck["end"] = "unknown";
  for (const { place, kept } of ends) {
    if (!kept.ok && kept.failure.code === "unreachable") continue;
    if (!kept.ok) throw kept.failure;
    const head = kept.value;
    if (head === undefined) continue;
    if (entries < head.entries) {
      const problem = `The log ends after entry ${entries}, but its writers left it with entry ${head.entries} as the last (${place}): entries were removed from its end, or the log was rewritten.`;
      return { end, problem: { line: entries + 1, problem } };
    }
    const left = hashes.get(head.entries);
    if (left?.hash !== head.hash) {
      const which = entries === head.entries ? "Its last entry" : `Its entry ${head.entries}, which was the last one when it was left,`;
      return { end, problem: { line: left?.line ?? 1, problem: `${which} is not the one that mailcordon wrote (${place}).` } };
    }
    // One place may lack an end that another has: after a database was unreachable, or for a process of another user.
    if (end !== "as-left") end = entries === head.entries ? "as-left" : "longer";
  }
  return { end };
}

/** Returns a sentence about a place whose stored end could not be compared. */
function withoutEnd({ place, kept }: KeptEnd): readonly string[] {
  if (!kept.ok) return [`What ${place} records as the end of this log: ${kept.failure.message}`];
  return kept.value === undefined
    ? [`Whether the log ends as its writers left it, according to ${place}: no end of this log is kept there.`]
    : [];
}

function unknowns(end: AuditCheck["end"], kept: string | undefined, key: string | undefined, unsealed: number): readonly string[] {
  return [
    ...(end === "unknown" && kept === undefined
      ? [
          "Whether entries were removed from the end, or the whole log was rewritten: no end of this log is kept here, and --contains was not given.",
        ]
      : []),
    ...(end === "longer"
      ? ["Whether the entries after the kept end were written by mailcordon: another writer, or a crash, leaves the same trace."]
      : []),
    ...(key === undefined
      ? ["Who wrote the entries: without an HMAC key (audit.key), anybody who can write the file and its kept end can write a valid chain."]
      : []),
    ...(unsealed > 0 ? [`Who wrote the first ${unsealed} entries: they have no HMAC made with this HMAC key.`] : []),
    "Whether other programs changed mailboxes: they leave no entry here.",
  ];
}

async function* readLines(file: string, ends: readonly KeptEnd[]): AsyncGenerator<FileLine> {
  try {
    yield* linesOf(file);
  } catch (thrown) {
    if (thrown instanceof Failure) throw thrown;
    const left = ends.flatMap(({ place, kept }) =>
      kept.ok && kept.value !== undefined ? [{ place, entries: kept.value.entries }] : [],
    )[0];
    if (errorCode(thrown) === "ENOENT" && left !== undefined)
      throw new Failure(
        "audit-failed",
        `The audit file is not there, but its writers left it with ${left.entries} entries (${left.place}): it was removed or moved.`,
        {
          local: file,
          hint: "Find out who removed it, and put it back. To go on without it: mailcordon audit accept --reason TEXT",
        },
      );
    if (errorCode(thrown) === "ENOENT")
      throw new Failure("audit-failed", "There is no such audit file.", {
        local: file,
        hint: "Check the path: --audit-file, audit_file, or the default that docs/command-line.md names.",
      });
    throw new Failure("audit-failed", `The audit file could not be read (${errorCode(thrown) ?? "unknown error"}).`, {
      local: file,
      cause: thrown,
    });
  }
}
