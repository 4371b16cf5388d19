import type { Outcome } from "../../outcome.ts";
import type { Access } from "./access.ts";

/** Whether a mailbox has an archive mailbox. `unknown`: Exchange does not report it, or the account may not see it. */
export type ArchiveFound = "exists" | "none" | "unknown";

/** What is known about archive mailboxes. */
export interface ArchiveMemory {
  /** Undefined when nothing is known, or the entry is too old. */
  read(key: string): ArchiveFound | undefined;
  write(key: string, found: ArchiveFound): void;
}

// An administrator who adds an archive expects it to be used the same day, while a process of `serve` runs for weeks.
const lifetimeMs = 3_600_000;

/** Remembers entries for an hour. `now` returns milliseconds. */
export function archiveMemory(now: () => number = Date.now): ArchiveMemory {
  const known = new Map<string, { readonly found: ArchiveFound; readonly until: number }>();
  return {
    read(key) {
      const { found, until = 0 } = known.get(key) ?? {};
      return until > now() ? found : undefined;
    },
    write: (key, found) => void known.set(key, { found, until: now() + lifetimeMs }),
  };
}

/**
 * Returns what a reply about an archive folder shows about the archive. Exchange replies ErrorFolderNotFound or ErrorItemNotFound where a mailbox has
 * none: seen for the names of archive folders on Exchange 2016 (exchangelib, issue 374). It replies the same to a delegate without rights, so only a
 * reply to the mailbox's owner counts. Undefined for a failure that shows nothing and may pass.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/responsecode
 */
export function archiveIn(outcome: Outcome<unknown>, access: Access): ArchiveFound | undefined {
  if (outcome.ok) return "exists";
  const { wireCode = "", retryable } = outcome.failure;
  if (wireCode === "ErrorArchiveMailboxNotEnabled") return "none";
  if (absent.has(wireCode)) return access === "impersonation" ? "none" : "unknown";
  return retryable ? undefined : "unknown";
}

const absent: ReadonlySet<string> = new Set(["ErrorFolderNotFound", "ErrorItemNotFound"]);
