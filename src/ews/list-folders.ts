import type { FoundFolder } from "../exchange/folder-tree.ts";
import { Failure } from "../failure.ts";
import type { Outcome } from "../outcome.ts";
import type { FolderRef } from "./folders.ts";
import { type FolderPage, findFolder } from "./operations/find-folder.ts";
import type { EwsMailbox } from "./session.ts";

/** A list of folders. */
export interface ListedFolders {
  readonly folders: readonly FoundFolder[];
  /** Why there are more than these. */
  readonly cut?: Failure | undefined;
}

/** The folders below one, over all pages. `first`: its first page, where that is known. Throws Failure. */
export async function listFolders(
  mailbox: EwsMailbox,
  parent: FolderRef,
  traversal: "Deep" | "Shallow",
  first?: FolderPage,
): Promise<ListedFolders> {
  const folders: FoundFolder[] = [];
  let page = first;
  let offset = 0;
  for (;;) {
    page ??= await mailbox.ask(findFolder, { parents: [parent], traversal, offset });
    folders.push(...page.folders);
    if (page.nextOffset === undefined) return { folders };
    // A page that does not go on would be asked for ever.
    if (page.nextOffset <= offset) return { folders, cut: endless() };
    offset = page.nextOffset;
    page = undefined;
  }
}

function endless(): Failure {
  return new Failure("could-not-look", "The server says that there are more folders, and does not go on in their list.");
}

/**
 * The first pages of the folders below two, in one request, so that the second costs none of its own. What spoils the request as a whole may be the
 * second's fault alone: then the first is asked for again by itself. Throws Failure of the first.
 */
export async function firstPages(
  mailbox: EwsMailbox,
  first: FolderRef,
  second: FolderRef,
): Promise<{ readonly first: FolderPage; readonly second: Outcome<FolderPage> }> {
  const pages: Outcome<FolderPage>[] = [];
  const question = (parents: readonly FolderRef[]) => ({ parents, traversal: "Deep" as const, offset: 0 });
  for await (const page of mailbox.each(findFolder, [first, second], question)) pages.push(page);
  const [one, other] = pages;
  if (one === undefined || other === undefined) throw new Failure("internal", "There were fewer outcomes than folders.");
  if (one.ok) return { first: one.value, second: other };
  // The request is asked again item by item where a reply may be one item's fault, but for a refusal.
  const isOfBoth = !other.ok && one.failure === other.failure && one.failure.code === "access-denied";
  if (!isOfBoth) throw one.failure;
  return { first: await mailbox.ask(findFolder, question([first])), second: other };
}
