import { Failure, type FailureCode } from "../../failure.ts";
import { attempt, type Outcome } from "../../outcome.ts";

/** The items listed of a range. */
export interface ListedRange<T> {
  readonly items: readonly T[];
  /** Number of positions covered, including those of items that could not be named. */
  readonly length: number;
  /** True when nothing follows. */
  readonly isLast: boolean;
}

/** A position of a list whose item the server cannot list. */
export interface Gap {
  /** Counted from 0. */
  readonly at: number;
  readonly failure: Failure;
}

export interface ListedAroundGaps<T> extends ListedRange<T> {
  readonly gaps: readonly Gap[];
  /** Why the listing ended before the range did: the cause is not a single item. */
  readonly failure?: Failure | undefined;
}

/**
 * Failures of a page that one item of it may cause: a reply that breaks off or is invalid, an internal server error, content that the server cannot
 * read. Each was retried before.
 */
const itemFailureCodes: ReadonlySet<FailureCode> = new Set<FailureCode>(["broken-reply", "unreadable", "too-large"]);
/** Exchange returns these codes only for unexpected errors, never for missing rights or a wrong request. */
const itemFailureWireCodes: ReadonlySet<string> = new Set(["ErrorInternalServerError"]);

/** The cause of a Failure: the server returned more items than were requested, so no single item spoiled the page. */
export class MoreThanRequested extends Error {
  override readonly name = "MoreThanRequested";
}

export function mayBeFaultOfOneItem({ code, wireCode = "", cause }: Failure): boolean {
  if (cause instanceof MoreThanRequested) return false;
  return itemFailureCodes.has(code) || itemFailureWireCodes.has(wireCode);
}

/** After this many folders without a single listed item, even one by one, other folders are not tried: each costs about ten requests. */
export const mostFailedFolders = 2;

/** Three neighbours that cannot be listed even alone are not corrupt items: the server has another problem. */
const mostInARow = 3;

/**
 * Lists `length` positions from `start` on after one request for all of them failed: in smaller and smaller pages until a failing item is alone, then
 * in larger ones again. `ask` lists a number of positions from one on.
 */
export async function listAround<T>(
  ask: (start: number, length: number) => Promise<ListedRange<T>>,
  start: number,
  length: number,
): Promise<ListedAroundGaps<T>> {
  const items: T[] = [];
  const gaps: Gap[] = [];
  const end = start + length;
  let at = start;
  let size = Math.max(1, Math.floor(length / 2));
  let inARow = 0;
  const ended = (failure?: Failure) => ({ items, gaps, length: at - start, isLast: true, failure });
  while (at < end) {
    size = Math.min(size, end - at);
    const page = await attemptRange(ask, at, size);
    if (page.ok) {
      for (const one of page.value.items) items.push(one);
      at += page.value.length;
      if (page.value.isLast) return ended();
      if (page.value.length === 0) return ended(new Failure("broken-reply", "The server reports that more follows but returned nothing."));
      inARow = 0;
      size *= 2;
    } else if (!mayBeFaultOfOneItem(page.failure)) return ended(page.failure);
    else if (size > 1) size = Math.floor(size / 2);
    else {
      inARow += 1;
      if (inARow === mostInARow) {
        // The gaps before it were not caused by items either.
        gaps.splice(1 - mostInARow);
        return ended(page.failure);
      }
      gaps.push({ at, failure: page.failure });
      at += 1;
    }
  }
  return { items, gaps, length, isLast: false };
}

function attemptRange<T>(ask: (start: number, length: number) => Promise<T>, start: number, length: number): Promise<Outcome<T>> {
  return attempt(() => ask(start, length));
}

/** Returns the Failure for a gap. It names the position, because the item itself may have no name. */
export function gapFailure({ at, failure }: Gap, what: string, id?: string): Failure {
  const { code, message, wireCode, requestId } = failure;
  return new Failure(code, `The server cannot list ${what} ${at + 1}${id ? ` (id ${id.slice(0, 300)})` : ""}: ${message}`, {
    wireCode,
    requestId,
    hint: "Open this item in the mailbox itself. All others were listed.",
    cause: failure,
  });
}

/** Returns the Failure for a list of folders that is incomplete: a folder that is not on the list may exist. */
export function incompleteFolderList(cut: Failure): Failure {
  const { message, wireCode, requestId } = cut;
  return new Failure("could-not-look", `The list of folders is incomplete. ${message}`, { wireCode, requestId, cause: cut });
}

/** Returns the Failure for subfolders that cannot be listed. `path` is the path of the folder above. */
export function subfoldersNotListed(path: string, failure: Failure): Failure {
  const { code, message, wireCode, requestId, hint } = failure;
  return new Failure(code, `The folders below ${JSON.stringify(path)} cannot be listed: ${message}`, {
    wireCode,
    requestId,
    hint,
    cause: failure,
  });
}
