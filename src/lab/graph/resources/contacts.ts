import { parseId } from "../../store/id.ts";
import type { LabFolder } from "../../store/mailbox.ts";
import { itemNotFound, malformedId } from "../errors.ts";
import { ewsId } from "../ids.ts";
import { contactRow } from "../items/contact-json.ts";
import { contactFolderRow, isContactFolder } from "../items/folder-json.ts";
import { type Call, counted, type GraphReply, type Operation } from "../operation.ts";
import { contextOf, itemReply, listReply, replyFormatOf } from "../reply.ts";
import { itemNamed } from "../sign-in/access.ts";

const reading = ["Contacts.Read", "Contacts.ReadWrite"];

const isContact = ({ itemClass }: { readonly itemClass: string }): boolean => /^IPM\.Contact(\.|$)/i.test(itemClass);

function folderAt(call: Call): LabFolder {
  const name = call.parameter("folder");
  if (name.toLowerCase() === "contacts") return call.mailbox.known("contacts");
  const id = ewsId(name);
  if (id === undefined || parseId(id)?.kind !== "folder") throw malformedId();
  const folder = call.mailbox.folder(id);
  if (folder === undefined || !isContactFolder(folder)) throw itemNotFound();
  return folder;
}

/** A person's own groups are not contacts in Graph. */
function list(folder: LabFolder, call: Call, path: string): GraphReply {
  const rows = [...folder.items.values()].filter(isContact).map((item) => contactRow(item, replyFormatOf(call)));
  return listReply(call, rows, "contact", contextOf(call, path));
}

function folders(parent: LabFolder, call: Call, path: string): GraphReply {
  return listReply(call, parent.children.filter(isContactFolder).map(contactFolderRow), "contactFolder", contextOf(call, path));
}

/** Those of the default folder. @see https://learn.microsoft.com/en-us/graph/api/user-list-contacts */
export const listContacts: Operation = {
  name: "user-list-contacts",
  method: "GET",
  paths: counted("/users/{user}/contacts"),
  permissions: reading,
  of: "exchange",
  handle: (call) => list(call.mailbox.known("contacts"), call, "contacts"),
};

/** @see https://learn.microsoft.com/en-us/graph/api/contact-get */
export const getContact: Operation = {
  name: "contact-get",
  method: "GET",
  paths: ["/users/{user}/contacts/{contact}", "/users/{user}/contactFolders/{folder}/contacts/{contact}"],
  permissions: reading,
  of: "exchange",
  handle(call) {
    if (call.hasParameter("folder")) folderAt(call);
    const item = itemNamed(call.parameter("contact"), call);
    if (!isContact(item)) throw itemNotFound();
    return itemReply(call, contactRow(item, replyFormatOf(call)), "contact", contextOf(call, "contacts"));
  },
};

/** Lists the folders below the default one, and the others next to it. @see https://learn.microsoft.com/en-us/graph/api/user-list-contactfolders */
export const listContactFolders: Operation = {
  name: "user-list-contactfolders",
  method: "GET",
  paths: ["/users/{user}/contactFolders"],
  permissions: reading,
  of: "exchange",
  handle(call) {
    const contacts = call.mailbox.known("contacts");
    const beside = call.mailbox.root.children.filter((folder) => folder !== contacts && isContactFolder(folder));
    const rows = [...contacts.children.filter(isContactFolder), ...beside].map(contactFolderRow);
    return listReply(call, rows, "contactFolder", contextOf(call, "contactFolders"));
  },
};

/** @see https://learn.microsoft.com/en-us/graph/api/contactfolder-get */
export const getContactFolder: Operation = {
  name: "contactfolder-get",
  method: "GET",
  paths: ["/users/{user}/contactFolders/{folder}"],
  permissions: reading,
  of: "exchange",
  handle: (call) => itemReply(call, contactFolderRow(folderAt(call)), "contactFolder", contextOf(call, "contactFolders")),
};

/** @see https://learn.microsoft.com/en-us/graph/api/contactfolder-list-childfolders */
export const listContactChildFolders: Operation = {
  name: "contactfolder-list-childfolders",
  method: "GET",
  paths: ["/users/{user}/contactFolders/{folder}/childFolders"],
  permissions: reading,
  of: "exchange",
  handle: (call) => folders(folderAt(call), call, "contactFolders"),
};

/** @see https://learn.microsoft.com/en-us/graph/api/contactfolder-list-contacts */
export const listFolderContacts: Operation = {
  name: "contactfolder-list-contacts",
  method: "GET",
  paths: ["/users/{user}/contactFolders/{folder}/contacts"],
  permissions: reading,
  of: "exchange",
  handle: (call) => list(folderAt(call), call, "contacts"),
};
