import type { Position } from "../../exchange/search/cursor.ts";
import type { Filters } from "../../exchange/search/search-query.ts";
import type { Failure, FailureCode } from "../../failure.ts";
import type { FolderRef } from "../folders/folder-ref.ts";
import { shape } from "../messages/item-shapes.ts";
import { findItem } from "../operations/find-item.ts";
import type { EwsMailbox } from "../session/mailbox.ts";
import { conditionsApart, type Refusable } from "./restriction.ts";

/** What a server says of a restriction that it does not know, or does not want to answer. A folder that is not there is another thing. */
const refusals: ReadonlySet<FailureCode> = new Set<FailureCode>(["invalid-input", "refused", "unsupported"]);

export function isRefusal({ code }: Failure): boolean {
  return refusals.has(code);
}

const idShape = shape("m:ItemShape", ["item:ItemId"]);

/**
 * Which filters the server refuses: each is asked for alone, in one folder. All of them where it refuses none alone, since then it is their number
 * that it refuses. What is refused alone is remembered by the connection. Throws Failure `cancelled`.
 */
export async function refusedFilters(
  mailbox: EwsMailbox,
  folder: FolderRef,
  filters: Filters,
  after: Position | undefined,
  known: ReadonlySet<Refusable>,
): Promise<ReadonlySet<Refusable>> {
  const apart = conditionsApart(filters, after, known);
  const refused = new Set(known);
  for (const [name, restriction] of apart) {
    const question = (folders: readonly FolderRef[]) => ({ folders, shape: idShape, pageSize: 1, offset: 0, restriction });
    for await (const outcome of mailbox.each(findItem, [folder], question))
      if (!outcome.ok && isRefusal(outcome.failure)) refused.add(name);
  }
  mailbox.refusals.add(refused);
  if (refused.size === known.size) for (const [name] of apart) refused.add(name);
  return refused;
}
