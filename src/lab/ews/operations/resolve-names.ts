import type { LabFolder } from "../../store/mailbox.ts";
import { el } from "../../xml.ts";
import { ItemError, ItemWarning, type Operation, type RequestContext, responses } from "../operation.ts";
import { type DirectoryEntry, entryContactXml, entryMailboxXml, inContacts, inDirectory } from "../search/directory-entry.ts";
import { folderAt, ownMailbox } from "../sign-in/access.ts";

/** Maximum number of results in one call. */
const resolutionLimit = 100;

function contactsFolder(context: RequestContext): LabFolder {
  const named = context.request.child("ParentFolderIds")?.children ?? [];
  if (named.length > 1) {
    throw new ItemError("ErrorResolveNamesOnlyOneContactsFolderAllowed", "Only one contacts folder can be named.");
  }
  const folder = named[0] === undefined ? ownMailbox(context).known("contacts") : folderAt(named[0], context);
  if (folder.folderClass !== "IPF.Contact") throw new ItemError("ErrorResolveNamesInvalidFolderType", "The folder is no contacts folder.");
  return folder;
}

function found(context: RequestContext): readonly DirectoryEntry[] {
  const text = context.request.child("UnresolvedEntry")?.text ?? "";
  const directory = inDirectory(context.store, text);
  switch (context.request.attributes.get("SearchScope") ?? "ActiveDirectoryContacts") {
    case "ActiveDirectory":
      return directory;
    case "Contacts":
      return inContacts(contactsFolder(context), text);
    case "ContactsActiveDirectory":
      return [...inContacts(contactsFolder(context), text), ...directory];
    default:
      return [...directory, ...inContacts(contactsFolder(context), text)];
  }
}

function resolve(context: RequestContext): string {
  if (context.request.child("UnresolvedEntry")?.text.trim() === "") {
    throw new ItemError("ErrorInvalidNameForNameResolution", "A name to resolve must be given.");
  }
  const entries = found(context);
  const full = ["true", "1"].includes(context.request.attributes.get("ReturnFullContactData") ?? "");
  const listed = entries.slice(0, resolutionLimit);
  const resolutions = listed.map((entry) => el("t:Resolution", {}, entryMailboxXml(entry), full ? entryContactXml(entry) : undefined));
  const set = el(
    "m:ResolutionSet",
    { TotalItemsInView: listed.length, IncludesLastItemInRange: listed.length === entries.length },
    ...resolutions,
  );
  if (entries.length === 0) throw new ItemError("ErrorNameResolutionNoResults", "No results were found.");
  if (entries.length > 1) throw new ItemWarning("ErrorNameResolutionMultipleResults", "Multiple results were found.", set);
  return set;
}

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/resolvenames-operation */
export const resolveNames: Operation = {
  name: "ResolveNames",
  handle: (context) => responses("ResolveNames", [() => resolve(context)], context),
};
