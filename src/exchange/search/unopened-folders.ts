import { Failure } from "../../failure.ts";
import { mayBeFaultOfOneItem } from "./list-around-failures.ts";
import { isLocal } from "./local-failure.ts";

/**
 * Converts "not found" for the root of a mailbox or a folder that every mailbox has: servers report so for a mailbox that the account may not open or
 * that is being moved.
 */
export function mailboxNotOpened(failure: Failure): Failure {
  if (failure.code !== "not-found" && failure.code !== "folder-not-found") return failure;
  return couldNotLook(`The mailbox could not be opened: ${failure.message}`, failure);
}

/** Returns the Failure for a place that could not be opened: its contents are not known. */
export function couldNotLook(message: string, cause: Failure): Failure {
  // A failure that would affect every folder, such as a busy server, is reported as it is.
  if (!isLocal(cause) && !mayBeFaultOfOneItem(cause)) return cause;
  const { wireCode, requestId } = cause;
  return new Failure("could-not-look", message, { wireCode, requestId, cause });
}
