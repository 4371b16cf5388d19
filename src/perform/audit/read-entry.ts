import { createHash, randomUUID } from "node:crypto";
import { asFailure, Failure } from "../../failure.ts";
import type { AuditEntry, AuditLog, Searched } from "./audit-log.ts";

/** Appends the entry of a read before anything of it is returned. Throws Failure `audit-failed`: then nothing is. */
export async function appendRead(audit: AuditLog | undefined, entry: AuditEntry): Promise<void> {
  try {
    await audit?.append(entry);
  } catch (thrown) {
    const { message, hint } = asFailure(thrown);
    throw new Failure("audit-failed", `Nothing is returned, because the audit entry could not be written. ${message}`, {
      hint,
      cause: thrown,
    });
  }
}

/** Evidence that a caller of a server is about to read. */
export interface EvidenceRead {
  readonly actor: string;
  /** Hexadecimal. */
  readonly sha256: string;
  readonly name: string;
  readonly size: number;
  /** Where it came from, as far as that is known. */
  readonly mailbox?: string | undefined;
  readonly connection?: string | undefined;
}

/** The entry of such a read, which is no action of the catalogue. */
export function evidenceEntry({ actor, sha256, name, size, mailbox = "", connection }: EvidenceRead): AuditEntry {
  const about = { action: "read-evidence", effect: "read", actor, connection, mailbox, backend: "", call_id: randomUUID() } as const;
  return { phase: "read", ...about, targets: [{ sha256, name, size }] };
}

/** So many addresses stand in an entry: a line of a log stays short, and the hash of all of them tells whether a mailbox was among them. */
const mostNamed = 100;

export function searchedOf(mailboxes: readonly string[]): Searched {
  const all = mailboxes.map((address) => `${address.toLowerCase()}\n`).sort();
  return {
    count: mailboxes.length,
    mailboxes: mailboxes.slice(0, mostNamed),
    sha256: createHash("sha256").update(all.join("")).digest("hex"),
  };
}
