import type { Position } from "../../exchange/search/cursor.ts";
import type { Filters } from "../../exchange/search/search-query.ts";
import type { Failure, FailureCode } from "../../failure.ts";
import type { FolderRef } from "../folders/folder-ref.ts";
import { shape } from "../messages/item-shapes.ts";
import { findItem } from "../operations/find-item.ts";
import type { EwsMailbox } from "../session/mailbox.ts";
import { conditionsApart, type Refusable } from "./restriction.ts";

/** Codes for a restriction that the server does not know or does not accept. A missing folder has another code. */
const refusals: ReadonlySet<FailureCode> = new Set<FailureCode>(["invalid-input", "refused", "unsupported"]);

export function isRefusal({ code }: Failure): boolean {
  return refusals.has(code);
}

const idShape = shape("m:ItemShape", ["item:ItemId"]);

/**
 * Returns the filters that the server refuses: each is requested alone, in one folder. If none is refused alone, all are returned, because then the
 * server refuses their number. Filters refused alone are remembered by the connection. Throws Failure `cancelled`.
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
