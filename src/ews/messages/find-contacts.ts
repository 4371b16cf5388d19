import type { Contact, ContactList, ContactQuery, UnreadContact } from "../../exchange/contact.ts";
import type { FolderNode } from "../../exchange/folders/folder-tree.ts";
import { contradiction } from "../../exchange/search/contradiction.ts";
import { gapFailure, listAround, mayBeFaultOfOneItem } from "../../exchange/search/list-around-failures.ts";
import { isLocal } from "../../exchange/search/local-failure.ts";
import { textTest } from "../../exchange/search/match-filters.ts";
import { Failure } from "../../failure.ts";
import { attempt } from "../../outcome.ts";
import type { FolderRef } from "../folders/folder-ref.ts";
import type { EwsMailbox } from "../session/mailbox.ts";
import { contactIds, findContacts, getContacts } from "./contact-reader.ts";

/** Number of ids per page; the server allows 1000 without a restriction. */
const pageSize = 500;
/** Number of contacts read at a time: each has up to forty fields. */
const readAtOnce = 50;
/** The list ends after this number of pages in a row without anything new. */
const mostIdlePages = 2;
/** No mailbox has more contacts than this in a folder (Exchange recommends 100 000 items at most): a server that continues is in a loop. */
const maxPages = 1000;

/**
 * Returns the contacts of a folder and, if requested, of its subfolders, in the order of the folders, up to the limit. mailcordon compares the text
 * of the query itself, because Exchange compares indexed addresses in an internal form. No match is an empty list. Throws Failure.
 */
export async function contacts(mailbox: EwsMailbox, query: ContactQuery): Promise<ContactList> {
  const found: Contact[] = [];
  const unread: UnreadContact[] = [];
  const list = { contacts: found, unread };
  if (query.limit < 1) return list;
  const wanted = query.query === undefined ? undefined : textTest(query.query);
  const { places, cuts } = await foldersOf(mailbox, query);
  for (const one of cuts.map((failure) => ({ failure }))) unread.push(one);
  for (const { ref, path } of places) {
    for await (const ids of idPagesOf(mailbox, ref, query.includeGroups ?? false, unread)) {
      let index = 0;
      for await (const outcome of mailbox.each(getContacts, ids, (some) => some, { batchSize: readAtOnce })) {
        const itemId = ids[index++] ?? "";
        if (!outcome.ok) {
          // The contact was deleted after it was listed, or cannot be read; the others are still useful.
          if (!isLocal(outcome.failure)) throw outcome.failure;
          if (outcome.failure.code !== "not-found") unread.push({ itemId, failure: outcome.failure });
          continue;
        }
        const contact = path === undefined ? outcome.value : { ...outcome.value, folderPath: path };
        if (wanted === undefined || matches(contact, wanted)) found.push(contact);
        if (found.length === query.limit) return list;
      }
    }
  }
  return list;
}

function matches(
  { displayName, givenName, surname, company, emailAddresses }: Contact,
  has: (text: string | undefined) => boolean,
): boolean {
  return [displayName, givenName, surname, company, ...emailAddresses].some(has);
}

interface ContactFolders {
  readonly places: readonly { readonly ref: FolderRef; readonly path: string | undefined }[];
  /** Reasons why folders may be missing. */
  readonly cuts: readonly Failure[];
}

async function foldersOf({ folders }: EwsMailbox, query: ContactQuery): Promise<ContactFolders> {
  const name = query.folder ?? "contacts";
  if (!query.recursive) return { places: [await folders.only(name)], cuts: [] };
  const top = await folders.get(name);
  const around = await folders.around(name);
  const inside = new Set([top.folderId]);
  const below = around.filter(({ folderId, parentFolderId }) => {
    if (parentFolderId === undefined || !inside.has(parentFolderId)) return false;
    inside.add(folderId);
    return true;
  });
  const rest = below.filter(holdsContacts).map(({ folderId, path }) => ({ ref: { id: folderId }, path }));
  return { places: [{ ref: { id: top.folderId }, path: top.path }, ...rest], cuts: folders.cut() };
}

function holdsContacts({ folderClass = "", isSearchFolder }: FolderNode): boolean {
  return !isSearchFolder && /^IPF\.Contact(\.|$)/i.test(folderClass);
}

/** Yields the ids of a folder, page by page. Contacts that cannot be listed are added to `unread`; a list in a loop is ended. */
async function* idPagesOf(
  mailbox: EwsMailbox,
  folder: FolderRef,
  includeGroups: boolean,
  unread: UnreadContact[],
): AsyncIterable<string[]> {
  const seen = new Set<string>();
  let total: number | undefined;
  const ask = async (offset: number, size: number) => {
    const page = await mailbox.ask(findContacts, { folders: [folder], shape: contactIds, pageSize: size, offset });
    total = page.total ?? total;
    // The server's own offset may be missing, old or too large, so the number of items shows how far the list was read.
    return { items: page.items, isLast: page.isLast, length: page.items.length };
  };
  let offset = 0;
  let idlePages = 0;
  for (let pages = 0; pages < maxPages; pages++) {
    const page = await attempt(() => ask(offset, pageSize));
    if (!page.ok && !mayBeFaultOfOneItem(page.failure)) throw page.failure;
    const { items, length, isLast, gaps, failure } = page.ok
      ? { ...page.value, gaps: [], failure: undefined }
      : await listAround(ask, offset, pageSize);
    if (failure !== undefined && offset === 0 && items.length === 0) throw failure;
    for (const one of gaps.map((gap) => ({ failure: gapFailure(gap, "the contact number") }))) unread.push(one);
    const fresh = items.filter(({ id }) => id === "" || !seen.has(id));
    for (const { id } of fresh) seen.add(id);
    yield fresh.flatMap(({ id, kind }) => (id !== "" && (kind === "contact" || (kind === "group" && includeGroups)) ? [id] : []));
    if (failure !== undefined) {
      unread.push({ failure });
      return;
    }
    // Contacts returned before do not count as progress.
    const isNew = fresh.length + gaps.length > 0;
    if (isNew) offset += length;
    if (isLast && (total === undefined || total <= offset)) return;
    idlePages = isNew ? 0 : idlePages + 1;
    // Contacts that the server counts but did not return are requested once more, and so is the page after an empty one.
    if (idlePages < mostIdlePages) continue;
    if (isLast) {
      unread.push({ failure: contradiction(total ?? 0, offset, "contacts") });
      return;
    }
    break;
  }
  const text = "The server repeatedly reports that a folder has more contacts but returns no new ones.";
  unread.push({ failure: new Failure("broken-reply", text) });
}
