import { el, textEl } from "../../xml.ts";
import { ItemError, type Operation, type RequestContext, response } from "../operation.ts";
import { type DirectoryEntry, entryMailboxXml, inContacts, inDirectory } from "../search/directory-entry.ts";
import { pageLimit, pageOf } from "../search/paging.ts";
import { pathXml } from "../search/property-path.ts";
import { type PropertyReaders, readRestrictionOver } from "../search/restriction.ts";
import { folderAt, ownMailbox } from "../sign-in/access.ts";

const names: Readonly<Record<string, (entry: DirectoryEntry) => string | undefined>> = {
  "persona:DisplayName": ({ name }) => name,
  "persona:GivenName": ({ contact }) => contact.givenName,
  "persona:Surname": ({ contact }) => contact.surname,
  "persona:CompanyName": ({ contact }) => contact.companyName,
  "persona:EmailAddress": ({ address }) => address,
};

const properties: PropertyReaders<DirectoryEntry> = {
  valueAt: (path) => {
    const read = path.kind === "field" ? names[path.uri] : undefined;
    if (read === undefined) throw new ItemError("ErrorUnsupportedPathForQuery", "The property can not be used in a query.", pathXml(path));
    return read;
  },
  rankAt: () => undefined,
};

/** Returns the people of the requested folder: `directory` is the global address list; without a folder, the directory and the mailbox's contacts. */
function people(context: RequestContext): readonly DirectoryEntry[] {
  const { request, store } = context;
  const text = request.textAt("QueryString") ?? "";
  const parent = request.child("ParentFolderId")?.children[0];
  if (parent === undefined) {
    if (text === "") throw new ItemError("ErrorInvalidArgument", "Without a folder a query must be given.");
    return [...inContacts(ownMailbox(context).known("contacts"), text), ...inDirectory(store, text)];
  }
  if (parent.name === "AddressListId" || parent.attributes.get("Id") === "directory") return inDirectory(store, text);
  return inContacts(folderAt(parent, context), text);
}

function personaXml(entry: DirectoryEntry, idOnly: boolean): string {
  // A persona has an id of its own kind, made from the contact or account.
  const id = Buffer.from(`persona:${entry.source}:${entry.address ?? entry.item?.id ?? entry.name}`).toString("base64");
  const { contact } = entry;
  const address = entry.address === undefined ? undefined : entryMailboxXml({ ...entry, item: undefined }, "t:EmailAddress");
  if (idOnly) return el("t:Persona", {}, el("t:PersonaId", { Id: id }));
  return el(
    "t:Persona",
    {},
    el("t:PersonaId", { Id: id }),
    textEl("t:PersonaType", entry.mailboxType.endsWith("DL") ? "DistributionList" : "Person"),
    textEl("t:DisplayName", entry.name),
    textEl("t:FileAs", contact.fileAs),
    textEl("t:GivenName", contact.givenName),
    textEl("t:Surname", contact.surname),
    textEl("t:Title", contact.jobTitle),
    textEl("t:Department", contact.department),
    textEl("t:CompanyName", contact.companyName),
    address,
    entry.address === undefined ? undefined : el("t:EmailAddresses", {}, entryMailboxXml({ ...entry, item: undefined }, "t:Address")),
  );
}

function find(context: RequestContext): string {
  const { request } = context;
  const restriction = request.child("Restriction");
  const all = people(context);
  const view = [...(restriction === undefined ? all : all.filter(readRestrictionOver(restriction, properties)))];
  view.sort((a, b) => a.name.localeCompare(b.name, "en"));
  const paging = request.child("IndexedPageItemView");
  const page = pageOf(view, paging, pageLimit);
  const idOnly = request.textAt("PersonaShape", "BaseShape") === "IdOnly";
  return (
    el("m:People", {}, ...page.entries.map((entry) => personaXml(entry, idOnly))) +
    textEl("m:TotalNumberOfPeopleInView", view.length) +
    textEl("m:FirstMatchingRowIndex", 0) +
    textEl("m:FirstLoadedRowIndex", Math.min(Number(paging?.attributes.get("Offset") ?? 0), view.length))
  );
}

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/findpeople-operation */
export const findPeople: Operation = {
  name: "FindPeople",
  handle: (context) => response("FindPeople", () => find(context), context),
};
