import { rename } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { Failure } from "../../failure.ts";
import { linesOf } from "../../files/read-lines.ts";
import { attempt } from "../../outcome.ts";
import { acceptAction, rotateAction } from "./audit-chain.ts";
import type { AuditHead } from "./audit-log-end.ts";
import { followChain } from "./follow-chain.ts";
import { type AuditOptions, unfinishedEntries, withLockedLog } from "./locked-log.ts";

/** The person who accepts a log, and the reason. */
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
    const accepted = {
      ...{ time: (options.now?.() ?? new Date()).toISOString(), action: acceptAction, actor, reason },
      expected: expected.map(named).find((head) => head !== undefined) ?? null,
      found: { entries: found.entries, hash: found.lastHash },
    };
    const left = await log.append({ ...end, entries: found.entries + unfinishedEntries(end) }, [accepted]);
    await log.keepEnd(left);
    return left.hash;
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
    if (end.entries === 0) throw new Failure("audit-failed", "The audit log has no entry: there is nothing to rotate.", { local: path });
    const time = (options.now?.() ?? new Date()).toISOString();
    const aside = path.replace(/(\.jsonl)?$/, `-${time.replaceAll(":", "")}-${end.hash.slice(0, 8)}$1`);
    await rename(path, aside);
    await log.begin();
    const began = { time, action: rotateAction, actor, file: basename(aside), entries: end.entries };
    await log.keepEnd(await log.append({ hash: end.hash, torn: [], unfinished: false, entries: 0 }, [began]));
    return aside;
  });
}
