import type { Failure, FailureCode } from "../../failure.ts";

/** What concerns one folder or one message only: the others are still worth having. Everything else ends the search. */
const localFailures: ReadonlySet<FailureCode> = new Set<FailureCode>([
  "access-denied",
  "not-found",
  "folder-not-found",
  "could-not-look",
  "unreadable",
  "refused",
  "too-large",
  "unsupported",
  "role-missing",
]);

export function isLocal(failure: Failure): boolean {
  return localFailures.has(failure.code);
}
