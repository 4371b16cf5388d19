import { type FoundFolder, unnamedFolder } from "../../exchange/folders/folder-tree.ts";
import { contradiction } from "../../exchange/search/contradiction.ts";
import { gapFailure, listAround, mayBeFaultOfOneItem } from "../../exchange/search/list-around-failures.ts";
import { Failure } from "../../failure.ts";
import { attempt, type Outcome } from "../../outcome.ts";
import { type FolderPage, findFolder, foldersPerPage } from "../operations/find-folder.ts";
import type { EwsMailbox } from "../session/mailbox.ts";
import type { FolderRef } from "./folder-ref.ts";

/** The list ends after this number of pages in a row without a new folder. */
const mostIdlePages = 2;

/** The result of listing folders. */
export interface ListedFolders {
  /** A folder that cannot be listed is included by its id alone, where the server returns that. */
  readonly folders: readonly FoundFolder[];
  /** Reasons why folders, or facts about one, are missing. */
  readonly cuts: readonly Failure[];
}

/**
 * Lists the folders below one, over all pages. `first` is the first page, if it was requested already. A folder that spoils its page is left out and
 * reported, and so is the reason for an early end of the list. Throws Failure for what concerns more than one folder, and for a list that could not
 * be read at all.
 */
export async function listFolderTree(
  mailbox: EwsMailbox,
  parent: FolderRef,
  traversal: "Deep" | "Shallow",
  first?: Outcome<FolderPage>,
): Promise<ListedFolders> {
  const folders: FoundFolder[] = [];
  const cuts: Failure[] = [];
  // In a page of several folders another failure is expected, so it is not retried; for a single folder a failure must not be accidental.
  const hasty = mailbox.during({ ...mailbox.call, tries: 1 });
  const ask = (offset: number, pageSize = foldersPerPage, idsOnly = false) =>
    (pageSize > 1 && pageSize < foldersPerPage ? hasty : mailbox).ask(findFolder, {
      parents: [parent],
      traversal,
      offset,
      pageSize,
      idsOnly,
    });
  const seen = new Set<string>();
  const takeFresh = (found: readonly FoundFolder[]) => {
    const fresh = found.filter(({ folderId }) => folderId === "" || !seen.has(folderId));
    for (const { folderId } of fresh) seen.add(folderId);
    for (const one of fresh) folders.push(one);
    return fresh.length;
  };
  let page = first;
  let offset = 0;
  let idlePages = 0;
  for (;;) {
    page ??= await attempt(() => ask(offset));
    let isLast: boolean;
    let fresh: number;
    let total: number | undefined;
    if (page.ok) {
      // The server's own offset may be missing, old or too large, so the number of folders shows how far the list was read.
      fresh = takeFresh(page.value.folders);
      // Folders returned before do not count as progress.
      if (fresh > 0) offset += page.value.folders.length;
      isLast = page.value.nextOffset === undefined;
      total = page.value.total;
    } else {
      if (!mayBeFaultOfOneItem(page.failure)) throw page.failure;
      const found = await listAround(
        async (at, size) => {
          const around = await ask(at, size);
          total = around.total ?? total;
          return { items: around.folders, length: around.folders.length, isLast: around.nextOffset === undefined };
        },
        offset,
        foldersPerPage,
      );
      if (found.failure !== undefined && offset === 0 && found.items.length === 0) throw found.failure;
      fresh = takeFresh(found.items) + found.gaps.length;
      for (const gap of found.gaps) {
        const named = await attempt(() => ask(gap.at, 1, true));
        if (!named.ok && named.failure.code === "cancelled") throw named.failure;
        const folder = named.ok ? named.value.folders[0] : undefined;
        if (folder !== undefined && folder.folderId !== "") folders.push(unnamedFolder(folder));
        cuts.push(gapFailure(gap, "the folder number", folder?.folderId));
      }
      if (found.failure !== undefined) return { folders, cuts: [...cuts, found.failure] };
      isLast = found.isLast;
      offset += found.length;
    }
    page = undefined;
    idlePages = fresh > 0 ? 0 : idlePages + 1;
    if (isLast && (total === undefined || total <= offset)) return { folders, cuts };
    // Folders that the server counts but did not return are requested once more, and so is the page after an empty one.
    if (idlePages < mostIdlePages) continue;
    return { folders, cuts: [...cuts, isLast ? contradiction(total ?? 0, folders.length, "folders") : endlessFolderList()] };
  }
}

function endlessFolderList(): Failure {
  return new Failure("could-not-look", "The server reports more folders but does not continue their list.");
}

/**
 * Requests the first pages of the folders below two parents in one request, so the second costs no request of its own. If the second alone may have
 * spoilt the whole request, the first is requested again by itself.
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
  // The request is repeated item by item where one item may have spoilt the reply, except after a refusal.
  const isOfBoth = !one.ok && !other.ok && one.failure === other.failure && one.failure.code === "access-denied";
  return { first: isOfBoth ? undefined : one, second: other };
}
