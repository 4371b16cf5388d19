import { Failure } from "../../failure.ts";
import { mayBeFaultOfOneItem } from "./list-around-failures.ts";
import { isLocal } from "./local-failure.ts";

/** Every mailbox has a root and its well-known folders. Servers say of one that is not ours to open, or is being moved, that they are not there. */
export function mailboxNotOpened(failure: Failure): Failure {
  if (failure.code !== "not-found" && failure.code !== "folder-not-found") return failure;
  return couldNotLook(`The mailbox could not be opened: ${failure.message}`, failure);
}

/** A place could not be opened: nothing is known of what may lie there. */
export function couldNotLook(message: string, cause: Failure): Failure {
  // What would fail for every folder, such as a server that is busy, is told as it is.
  if (!isLocal(cause) && !mayBeFaultOfOneItem(cause)) return cause;
  const { wireCode, requestId } = cause;
  return new Failure("could-not-look", message, { wireCode, requestId, cause });
}
