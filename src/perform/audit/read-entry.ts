import { createHash, randomUUID } from "node:crypto";
import { asFailure, Failure } from "../../failure.ts";
import type { AuditEntry, AuditLog, Searched } from "./audit-log.ts";

/** Appends the entry of a read before anything is returned. Throws Failure `audit-failed`: then nothing is returned. */
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
  /** Mailbox from which it came, if known. */
  readonly mailbox?: string | undefined;
  readonly connection?: string | undefined;
}

/** Returns the audit entry of such a read, which is not an action of the catalogue. */
export function evidenceEntry({ actor, sha256, name, size, mailbox = "", connection }: EvidenceRead): AuditEntry {
  const about = { action: "read-evidence", effect: "read", actor, connection, mailbox, backend: "", call_id: randomUUID() } as const;
  return { phase: "read", ...about, targets: [{ sha256, name, size }] };
}

/** Maximum number of addresses in an entry, so a line stays short. The hash of all addresses shows whether a mailbox was among them. */
const mostNamed = 100;

export function searchedOf(mailboxes: readonly string[]): Searched {
  const all = mailboxes.map((address) => `${address.toLowerCase()}\n`).sort();
  return {
    count: mailboxes.length,
    mailboxes: mailboxes.slice(0, mostNamed),
    sha256: createHash("sha256").update(all.join("")).digest("hex"),
  };
}
