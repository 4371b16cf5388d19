import type { NewItem } from "../../store/item.ts";
import type { LabFolder, LabItem, LabMailbox } from "../../store/mailbox.ts";
import { el, type XmlElement } from "../../xml.ts";
import { attachmentElement, attachmentIdXml } from "../items/attachment-xml.ts";
import { readItem } from "../items/item-from-xml.ts";
import { defaultClasses, elementOf, type ItemElement, isMessage } from "../items/item-kind.ts";
import { itemIdXml } from "../items/item-properties.ts";
import { isResponseObject, respond } from "../items/response-object.ts";
import { Fault, ItemError, type Operation, type RequestContext, responses } from "../operation.ts";
import { send } from "../sending.ts";
import { ownMailbox, targetFolder } from "../sign-in/access.ts";
import { withStoreErrors } from "../store-refusal.ts";

const isItemElement = (name: string): name is ItemElement => Object.hasOwn(defaultClasses, name);

/** Default folder for an item of this kind. */
const defaultFolders: Partial<Record<ItemElement, string>> = {
  Contact: "contacts",
  DistributionList: "contacts",
  CalendarItem: "calendar",
  Task: "tasks",
};

/** The items that a folder of a class accepts, by the code of the refusal. */
function checkFolder(kind: ItemElement, folder: LabFolder): void {
  const folderClass = folder.folderClass ?? "IPF.Note";
  const refuse = (code: string): never => {
    throw new ItemError(code, "An item of this type cannot be created in this folder.");
  };
  if ((kind === "Contact" || kind === "DistributionList") && !folderClass.startsWith("IPF.Contact"))
    refuse("ErrorCannotCreateContactInNonContactFolder");
  if (kind === "CalendarItem" && !folderClass.startsWith("IPF.Appointment")) refuse("ErrorCannotCreateCalendarItemInNonCalendarFolder");
  if (kind === "Task" && !folderClass.startsWith("IPF.Task")) refuse("ErrorCannotCreateTaskInNonTaskFolder");
  if (kind === "PostItem" && !folderClass.startsWith("IPF.Note")) refuse("ErrorCannotCreatePostItemInNonMailFolder");
}

/**
 * The element with its new id, and the ids of the attachments that the request named. Attachments inside MimeContent are not named: Thunderbird takes
 * a reply that lists them for a failure, and saves the message again.
 */
function createdXml(item: LabItem, isFromMime: boolean): string {
  const attachments = isFromMime ? [] : item.attachments.map((one) => el(attachmentElement(one), {}, attachmentIdXml(one)));
  return el(`t:${elementOf(item.itemClass)}`, {}, itemIdXml(item), attachments.length === 0 ? "" : el("t:Attachments", {}, ...attachments));
}

/** Saves or sends, by MessageDisposition: only a saved item has an id to return. */
function dispose(item: NewItem, mailbox: LabMailbox, folder: LabFolder | undefined, context: RequestContext): string {
  const disposition = context.request.attributes.get("MessageDisposition");
  if (disposition === undefined) throw new ItemError("ErrorMessageDispositionRequired", "Message disposition is required for messages.");
  if (disposition === "SaveOnly") {
    const saved = withStoreErrors(() =>
      mailbox.add(folder ?? mailbox.known("drafts"), { ...item, isDraft: item.isDraft ?? true, isRead: item.isRead ?? true }),
    );
    return `<m:Items>${createdXml(saved, item.mime !== undefined)}</m:Items>`;
  }
  const saveIn = disposition === "SendAndSaveCopy" ? (folder ?? mailbox.known("sentitems")) : undefined;
  withStoreErrors(() => send(item, mailbox, saveIn, undefined, context));
  return "<m:Items/>";
}

function create(element: XmlElement, context: RequestContext): string {
  const { request, store } = context;
  const target = request.child("SavedItemFolderId");
  const folder = target === undefined ? undefined : targetFolder(target, context);
  if (isResponseObject(element.name)) {
    const { original, item } = respond(element, element.name, context);
    return dispose(item, folder?.mailbox ?? original.folder.mailbox, folder, context);
  }
  if (!isItemElement(element.name)) throw new Fault("ErrorInvalidRequest", `This lab does not offer ${element.name} in CreateItem.`);
  const kind = element.name;
  if (element.child("InternetMessageId") !== undefined && context.habits.has("refuses-message-ids"))
    throw new ItemError("ErrorInvalidPropertySet", "The property InternetMessageId can not be set.");
  const item = readItem(element, kind, store);
  const mailbox = folder?.mailbox ?? ownMailbox(context);
  if (isMessage(kind)) return dispose(item, mailbox, folder, context);
  if (kind === "CalendarItem" && !request.attributes.has("SendMeetingInvitations")) {
    throw new ItemError("ErrorSendMeetingInvitationsRequired", "SendMeetingInvitations is required for calendar items.");
  }
  const invites = kind === "CalendarItem" && [...(item.to ?? []), ...(item.cc ?? [])].length > 0;
  if (invites && request.attributes.get("SendMeetingInvitations") !== "SendToNone")
    throw new Fault("ErrorInvalidRequest", "This lab does not send meeting invitations.");
  const place = folder ?? mailbox.known(defaultFolders[kind] ?? "drafts");
  checkFolder(kind, place);
  const named = item.contact?.displayName ?? item.group?.displayName;
  const saved = withStoreErrors(() => mailbox.add(place, { subject: named, ...item, isRead: item.isRead ?? true }));
  return `<m:Items>${createdXml(saved, item.mime !== undefined)}</m:Items>`;
}

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/createitem-operation */
export const createItem: Operation = {
  name: "CreateItem",
  handle(context) {
    const tasks = (context.request.child("Items")?.children ?? []).map((element) => () => create(element, context));
    return responses("CreateItem", tasks, context, { empty: "<m:Items/>" });
  },
};
