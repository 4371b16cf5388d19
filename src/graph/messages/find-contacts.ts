import type { Contact, ContactList, ContactQuery, UnreadContact } from "../../exchange/contact.ts";
import { joinPath, parseFolderName, sameName, wellKnownName } from "../../exchange/folders/folder-names.ts";
import { incompleteFolderList, mayBeFaultOfOneItem, subfoldersNotListed } from "../../exchange/search/list-around-failures.ts";
import { isLocal } from "../../exchange/search/local-failure.ts";
import { textTest } from "../../exchange/search/match-filters.ts";
import { asFailure, Failure } from "../../failure.ts";
import { attempt } from "../../outcome.ts";
import { type ContactFolder, contactsPerPage, listContactFolders, listContacts } from "../requests/contacts.ts";
import { pagesAround } from "../search/list-around-failures.ts";
import { unknownFolder } from "../session/id-ownership.ts";
import type { GraphMailbox } from "../session/mailbox.ts";

/** A folder to read; without an id it is the Contacts folder. */
interface ContactFolderRef {
  readonly folderId: string | undefined;
  readonly path: string | undefined;
}

/**
 * Returns the contacts of a folder and, if requested, of its subfolders, up to the limit. Graph returns no personal distribution lists, so a request
 * for groups adds none, and the list reports this. No match is an empty list. Throws Failure.
 */
export async function contacts(mailbox: GraphMailbox, query: ContactQuery): Promise<ContactList> {
  const { folder = "contacts" } = query;
  try {
    return await listContactsOf(mailbox, query);
  } catch (thrown) {
    const failure = asFailure(thrown);
    const isUnknown = failure.code === "not-found" || failure.code === "invalid-input";
    // Graph has one code for items and folders; here a folder was named.
    throw isUnknown && parseFolderName(folder).kind === "id" ? await unknownFolder(mailbox, folder, failure) : failure;
  }
}

async function listContactsOf(mailbox: GraphMailbox, query: ContactQuery): Promise<ContactList> {
  const found = new Map<string, Contact>();
  const unread: UnreadContact[] = [];
  const wanted = query.query === undefined ? undefined : textTest(query.query);
  if (query.limit >= 1) {
    const missed = (failure: Failure) => unread.push({ failure });
    places: for (const { folderId, path } of await foldersToRead(mailbox, query, missed)) {
      const list = {
        asking: (top?: number, skip?: number) => ({ folder: folderId, top, skip }),
        size: contactsPerPage,
        what: "the contact number",
        idOf: ({ itemId }: Contact) => itemId,
      };
      for await (const items of pagesAround(mailbox, listContacts, list, missed)) {
        for (const contact of items) {
          // The Contacts folder may also be listed among the others.
          if (found.has(contact.itemId) || (wanted !== undefined && !matches(contact, wanted))) continue;
          found.set(contact.itemId, path === undefined ? contact : { ...contact, folderPath: path });
          if (found.size === query.limit) break places;
        }
      }
    }
  }
  return { contacts: [...found.values()], unread, withoutGroups: query.includeGroups === true ? true : undefined };
}

function matches(
  { displayName, givenName, surname, company, emailAddresses }: Contact,
  has: (text: string | undefined) => boolean,
): boolean {
  return [displayName, givenName, surname, company, ...emailAddresses].some(has);
}

/** Receives a folder, or subfolders, that cannot be listed. */
type ReportFailure = (failure: Failure) => void;

async function foldersToRead(
  mailbox: GraphMailbox,
  { folder = "contacts", recursive }: ContactQuery,
  missed: ReportFailure,
): Promise<ContactFolderRef[]> {
  const isDefault = wellKnownName(folder) === "contacts";
  if (isDefault)
    return [{ folderId: undefined, path: "Contacts" }, ...(recursive ? await foldersBelow(mailbox, undefined, [], missed) : [])];
  const top = await resolveContactFolder(mailbox, folder);
  return recursive && top.folderId !== undefined
    ? [top, ...(await foldersBelow(mailbox, top.folderId, [top.path ?? folder], missed))]
    : [top];
}

/** Resolves a folder by its id, or by the names of a path. The path may begin with the Contacts folder, whose name Graph does not show. */
async function resolveContactFolder(mailbox: GraphMailbox, folder: string): Promise<ContactFolderRef> {
  const parsed = parseFolderName(folder);
  if (parsed.kind === "id") return { folderId: parsed.id, path: undefined };
  const [first = ""] = parsed.parts;
  const parts = wellKnownName(first) === "contacts" ? parsed.parts.slice(1) : parsed.parts;
  let parent: string | undefined;
  for (const part of parts) {
    const cuts: Failure[] = [];
    const next = (await childFolders(mailbox, parent, (failure) => cuts.push(failure))).find(({ displayName }) =>
      sameName(displayName, part),
    );
    const [cut] = cuts;
    if (next === undefined && cut !== undefined) throw incompleteFolderList(cut);
    if (next === undefined) throw new Failure("folder-not-found", `The contact folder "${folder}" was not found: there is no "${part}".`);
    parent = next.folderId;
  }
  return { folderId: parent, path: joinPath(parsed.parts) };
}

/** Returns every folder below one, parents before children. */
async function foldersBelow(
  mailbox: GraphMailbox,
  parent: string | undefined,
  names: readonly string[],
  missed: ReportFailure,
): Promise<ContactFolderRef[]> {
  const open = (await childFolders(mailbox, parent, missed)).map((folder) => ({ folder, names }));
  const seen = new Set<string>();
  const places: ContactFolderRef[] = [];
  for (let next = open.shift(); next !== undefined; next = open.shift()) {
    const { folder } = next;
    if (seen.has(folder.folderId)) continue;
    seen.add(folder.folderId);
    const own = [...next.names, folder.displayName];
    places.push({ folderId: folder.folderId, path: joinPath(own) });
    const under = await attempt(() => childFolders(mailbox, folder.folderId, missed));
    if (under.ok) for (const one of under.value.map((child) => ({ folder: child, names: own }))) open.push(one);
    else if (isLocal(under.failure) || mayBeFaultOfOneItem(under.failure)) missed(subfoldersNotListed(joinPath(own), under.failure));
    else throw under.failure;
  }
  return places;
}

async function childFolders(mailbox: GraphMailbox, parent: string | undefined, missed: ReportFailure): Promise<ContactFolder[]> {
  const all: ContactFolder[] = [];
  const list = {
    asking: (top?: number, skip?: number) => ({ folder: parent, top, skip }),
    size: contactsPerPage,
    what: "the contact folder number",
    idOf: ({ folderId }: ContactFolder) => folderId,
  };
  for await (const items of pagesAround(mailbox, listContactFolders, list, missed))
    for (const one of items.filter(({ folderId }) => folderId !== "")) all.push(one);
  return all;
}
