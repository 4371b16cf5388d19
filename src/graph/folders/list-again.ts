import { contradiction } from "../../exchange/search/contradiction.ts";
import { subfoldersNotListed } from "../../exchange/search/list-around-failures.ts";
import type { Failure } from "../../failure.ts";
import { attempt } from "../../outcome.ts";
import { getFolder, type ListedFolder, listFolders } from "../requests/mail-folders.ts";
import type { GraphMailbox } from "../session/mailbox.ts";

/** The result of a second look into a folder. */
interface SecondLook {
  /** Its subfolders, including those that the first list lacked. */
  readonly subfolders: readonly ListedFolder[];
  /** Set if the folder still counts more subfolders than are listed. */
  readonly cut?: Failure | undefined;
}

/**
 * Looks again into folders that count more subfolders than were listed. A folder may have been deleted in between, so the count is requested again.
 * Throws Failure only when cancelled.
 */
export async function* listAgain(mailbox: GraphMailbox, folders: readonly ListedFolder[]): AsyncIterable<SecondLook> {
  const listings = folders.map(({ folderId }) => ({ parent: { id: folderId } }));
  let index = 0;
  for await (const first of mailbox.each(listFolders, listings)) {
    const { folderId, displayName = "", childCount = 0 } = folders[index++] ?? { folderId: "" };
    const looked = await attempt(async () => {
      if (!first.ok) throw first.failure;
      const listed = [...first.value.items];
      const { next } = first.value;
      if (next !== undefined) {
        const rest = mailbox.pages(listFolders, { parent: { id: folderId } }, next);
        for await (const { items } of rest) for (const one of items) listed.push(one);
      }
      const counted = listed.length < childCount ? ((await mailbox.ask(getFolder, { id: folderId })).childCount ?? 0) : 0;
      return { listed, counted };
    });
    if (!looked.ok && looked.failure.code === "cancelled") throw looked.failure;
    if (!looked.ok) {
      yield { subfolders: [], cut: subfoldersNotListed(displayName, looked.failure) };
      continue;
    }
    const { listed, counted } = looked.value;
    const missing = counted > listed.length ? contradiction(counted, listed.length, "subfolders") : undefined;
    yield {
      subfolders: listed.filter(({ isSearchFolder }) => !isSearchFolder),
      cut: missing && subfoldersNotListed(displayName, missing),
    };
  }
}
