import { Failure, type FailureCode } from "../../failure.ts";
import { attempt, type Outcome } from "../../outcome.ts";

/** What was listed of some places in a row. */
export interface ListedRange<T> {
  readonly items: readonly T[];
  /** How many places it covers: those of items that nobody could name as well. */
  readonly length: number;
  /** Nothing follows. */
  readonly isLast: boolean;
}

/** One place of a list whose item the server cannot list. */
export interface Gap {
  /** From 0. */
  readonly at: number;
  readonly failure: Failure;
}

export interface ListedAroundGaps<T> extends ListedRange<T> {
  readonly gaps: readonly Gap[];
  /** Why the listing ended before the stretch did: the trouble is not that of one item. */
  readonly failure?: Failure | undefined;
}

/**
 * Failures of a page that one item of it may cause: a reply that breaks off or is no reply, an error inside the server, content that it cannot read.
 * Each was repeated before.
 */
const itemFailureCodes: ReadonlySet<FailureCode> = new Set<FailureCode>(["broken-reply", "unreadable", "too-large"]);
/** Exchange says so of what it did not expect, and of nothing else; it is no word about rights or the request. */
const itemFailureWireCodes: ReadonlySet<string> = new Set(["ErrorInternalServerError"]);

export function mayBeFaultOfOneItem({ code, wireCode = "" }: Failure): boolean {
  return itemFailureCodes.has(code) || itemFailureWireCodes.has(wireCode);
}

/** After so many folders of which nothing could be listed, even one by one, it is not tried of others: each costs some ten requests. */
export const mostFailedFolders = 2;

/** Three neighbours that cannot be listed even alone are no corrupt items: the server has another trouble. */
const mostInARow = 3;

/**
 * Lists `length` places from `start` on, after they could not be listed at once: by smaller and smaller pages, until an item that spoils its page is
 * alone; then larger ones again. `ask` lists so many places from one on.
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
      if (page.value.length === 0) return ended(new Failure("broken-reply", "The server says that more follows, and gives nothing."));
      inARow = 0;
      size *= 2;
    } else if (!mayBeFaultOfOneItem(page.failure)) return ended(page.failure);
    else if (size > 1) size = Math.floor(size / 2);
    else {
      inARow += 1;
      if (inARow === mostInARow) {
        // Those before it were no items' fault either.
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

/** The Failure to report of a gap: it names the place, where the item itself may have no name. */
export function gapFailure({ at, failure }: Gap, what: string, id?: string): Failure {
  const { code, message, wireCode, requestId } = failure;
  return new Failure(code, `The server cannot list ${what} ${at + 1}${id ? ` (id ${id.slice(0, 300)})` : ""}: ${message}`, {
    wireCode,
    requestId,
    hint: "Look at this item in the mailbox itself; all others were listed.",
    cause: failure,
  });
}

/** A list of folders lacks some, so that one which is not on it may be there all the same. */
export function incompleteFolderList(cut: Failure): Failure {
  const { message, wireCode, requestId } = cut;
  return new Failure("could-not-look", `The list of folders is not whole. ${message}`, { wireCode, requestId, cause: cut });
}

/** What is below a folder cannot be listed. `path`: of the folder. */
export function subfoldersNotListed(path: string, failure: Failure): Failure {
  const { code, message, wireCode, requestId, hint } = failure;
  return new Failure(code, `The folders below ${JSON.stringify(path)} cannot be listed: ${message}`, {
    wireCode,
    requestId,
    hint,
    cause: failure,
  });
}
