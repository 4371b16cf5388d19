import type { Outcome } from "../../outcome.ts";
import type { Access } from "./access.ts";

/** Whether a mailbox has an archive mailbox. `unknown`: Exchange does not tell, or the account may not see. */
export type ArchiveFound = "exists" | "none" | "unknown";

/** What was told of archive mailboxes. */
export interface ArchiveMemory {
  /** Undefined when it is not known, or not any more. */
  read(key: string): ArchiveFound | undefined;
  write(key: string, found: ArchiveFound): void;
}

// An administrator who gives somebody an archive expects it to be seen the same day; a process of `serve` runs for weeks.
const lifetimeMs = 3_600_000;

/** Remembers for an hour. `now` in milliseconds. */
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
 * What a reply about a folder of the archive says of the archive. Exchange answers ErrorFolderNotFound or ErrorItemNotFound where a mailbox has none:
 * seen for the names of archive folders on Exchange 2016 (exchangelib, issue 374). It answers the same to a delegate without rights, so only
 * the mailbox's owner is believed. Undefined for a failure that says nothing and may pass.
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
