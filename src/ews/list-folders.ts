import { gapFailure, listAround, mayBeOneItem } from "../exchange/around.ts";
import { type FoundFolder, unnamedFolder } from "../exchange/folder-tree.ts";
import { Failure } from "../failure.ts";
import { attempt, type Outcome } from "../outcome.ts";
import type { FolderRef } from "./folders/folder-ref.ts";
import { type FolderPage, findFolder, foldersPerPage } from "./operations/find-folder.ts";
import type { EwsMailbox } from "./session/mailbox.ts";

/** A list of folders. */
export interface ListedFolders {
  /** A folder that cannot be listed is among them by its id alone, where the server gives that. */
  readonly folders: readonly FoundFolder[];
  /** Why there are more folders than these, or more to know of one. */
  readonly cuts: readonly Failure[];
}

/**
 * The folders below one, over all pages. `first`: its first page, where it was asked for already. A folder that spoils its page is left out and told;
 * so is why the list ends before its end. Throws Failure of what concerns more than a folder, and of a list of which nothing could be had.
 */
export async function listFolders(
  mailbox: EwsMailbox,
  parent: FolderRef,
  traversal: "Deep" | "Shallow",
  first?: Outcome<FolderPage>,
): Promise<ListedFolders> {
  const folders: FoundFolder[] = [];
  const cuts: Failure[] = [];
  // Of several folders one more failure is expected; of one alone it must not be an accident.
  const hasty = mailbox.during({ ...mailbox.call, tries: 1 });
  const ask = (offset: number, pageSize = foldersPerPage, idsOnly = false) =>
    (pageSize > 1 && pageSize < foldersPerPage ? hasty : mailbox).ask(findFolder, {
      parents: [parent],
      traversal,
      offset,
      pageSize,
      idsOnly,
    });
  let page = first;
  let offset = 0;
  for (;;) {
    page ??= await attempt(() => ask(offset));
    let next: number | undefined;
    if (page.ok) {
      folders.push(...page.value.folders);
      next = page.value.nextOffset;
    } else {
      if (!mayBeOneItem(page.failure)) throw page.failure;
      const found = await listAround(async (at, size) => stretchOf(await ask(at, size), at, size), offset, foldersPerPage);
      if (found.failure !== undefined && offset === 0 && found.items.length === 0) throw found.failure;
      folders.push(...found.items);
      for (const gap of found.gaps) {
        const named = await attempt(() => ask(gap.at, 1, true));
        if (!named.ok && named.failure.code === "cancelled") throw named.failure;
        const folder = named.ok ? named.value.folders[0] : undefined;
        if (folder !== undefined && folder.folderId !== "") folders.push(unnamedFolder(folder));
        cuts.push(gapFailure(gap, "the folder number", folder?.folderId));
      }
      if (found.failure !== undefined) cuts.push(found.failure);
      next = found.isLast ? undefined : offset + found.length;
    }
    if (next === undefined) return { folders, cuts };
    // A page that does not go on would be asked for ever.
    if (next <= offset) return { folders, cuts: [...cuts, endless()] };
    offset = next;
    page = undefined;
  }
}

/** The server's own offset may be missing, old or 0: it never takes us back, nor over what was not asked for. */
function stretchOf({ folders, nextOffset }: FolderPage, at: number, size: number) {
  const length = Math.max(folders.length, Math.min((nextOffset ?? 0) - at, size));
  return { items: folders, length, isLast: nextOffset === undefined };
}

function endless(): Failure {
  return new Failure("could-not-look", "The server says that there are more folders, and does not go on in their list.");
}

/**
 * The first pages of the folders below two, in one request, so that the second costs none of its own. What spoils the request as a whole may be the
 * second's fault alone: then the first is asked for again by itself.
 */
export async function firstPages(
  mailbox: EwsMailbox,
  first: FolderRef,
  second: FolderRef,
): Promise<{ readonly first: Outcome<FolderPage> | undefined; readonly second: Outcome<FolderPage> }> {
  const pages: Outcome<FolderPage>[] = [];
  const question = (parents: readonly FolderRef[]) => ({ parents, traversal: "Deep" as const, offset: 0 });
  for await (const page of mailbox.each(findFolder, [first, second], question)) pages.push(page);
  const [one, other] = pages;
  if (one === undefined || other === undefined) throw new Failure("internal", "There were fewer outcomes than folders.");
  // The request is asked again item by item where a reply may be one item's fault, but for a refusal.
  const isOfBoth = !one.ok && !other.ok && one.failure === other.failure && one.failure.code === "access-denied";
  return { first: isOfBoth ? undefined : one, second: other };
}
