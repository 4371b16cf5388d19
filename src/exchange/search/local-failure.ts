import type { Failure, FailureCode } from "../../failure.ts";

/** Failures that concern one folder or one message only: the other results are still useful. Any other failure ends the search. */
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
