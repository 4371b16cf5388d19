import type { LabAddress } from "../../store/address.ts";
import type { LabItem } from "../../store/mailbox.ts";
import { entryOf } from "../../store/meetings.ts";
import type { Store } from "../../store/store.ts";
import { el, esc, textEl } from "../../xml.ts";
import type { ItemShape } from "../search/item-shape.ts";
import { oneMailboxXml, recipientsXml } from "./address-xml.ts";
import { attachmentListXml } from "./attachment-xml.ts";
import { bodyXml } from "./body-xml.ts";
import { wireTime } from "./extended-properties.ts";
import { type AnyItem, displayNames, isFromMe, isUnmodified, previewOf, storedItemOf } from "./item-facts.ts";
import { keptElements } from "./item-from-xml.ts";

/** The facts that the XML of an item depends on, in addition to the item. */
export interface WriteContext {
  readonly store: Store;
  readonly shape: ItemShape;
  /** In FindItem text is cut at 255 characters. */
  readonly cut: (text: string) => string;
  /** The URL of the item in Outlook on the web. */
  readonly webUrl: string;
}

/** One property of an item: its URI, in which shapes it is, and how it is written. */
export interface ItemProperty {
  readonly uri: string;
  /** In the shapes Default and AllProperties, in AllProperties only, or only if requested by name. */
  readonly from: "default" | "all" | "named";
  write(item: AnyItem, writing: WriteContext): string;
}

const time = (name: string, date: Date | undefined): string => (date === undefined ? "" : textEl(name, wireTime(date)));

/** A property of items in folders only: those inside attachments have none. */
function ofStored(name: string, read: (item: LabItem) => string | undefined): ItemProperty["write"] {
  return (item) => {
    const here = storedItemOf(item);
    return here === undefined ? "" : textEl(name, read(here));
  };
}

const rights = el(
  "t:EffectiveRights",
  {},
  ...["CreateAssociated", "CreateContents", "CreateHierarchy"].map((name) => textEl(`t:${name}`, false)),
  ...["Delete", "Modify", "Read", "ViewPrivateItems"].map((name) => textEl(`t:${name}`, true)),
);

function idXml(name: string, id: string | undefined, changeKey?: string): string {
  return id === undefined ? "" : el(name, { Id: id, ChangeKey: changeKey });
}

export function itemIdXml(item: { readonly id: string; readonly changeKey: string }, name = "t:ItemId"): string {
  return idXml(name, item.id, item.changeKey);
}

function webForm(name: string, view: string): ItemProperty["write"] {
  return (item, { webUrl }) => {
    const id = storedItemOf(item)?.id;
    return id === undefined ? "" : textEl(name, `${webUrl}?ItemID=${encodeURIComponent(id)}&exvsurl=1&viewmodel=${view}`);
  };
}

/** Writes the owner of the mailbox; a draft has no recipient. */
function ownerXml(name: string): ItemProperty["write"] {
  return (item, { store }) => {
    const owner = storedItemOf(item)?.folder.mailbox.user;
    if (item.isDraft || owner === undefined) return "";
    return oneMailboxXml(name, { name: owner.displayName, address: owner.address }, store);
  };
}

/** Exchange keeps these as properties of the item and not among its headers; captured replies of Exchange have none of them. */
const notAmongHeaders: ReadonlySet<string> = new Set(["from", "sender", "to", "cc", "bcc"]);

/** Returns the headers that Exchange shows for an item: without those that contain addresses or have no value. */
export function shownHeaders({ headers }: Pick<AnyItem, "headers">): AnyItem["headers"] {
  return headers.filter(({ name, value }) => value !== "" && !notAmongHeaders.has(name.toLowerCase()));
}

function headersXml(item: AnyItem, names?: ReadonlySet<string>): string {
  const wanted = shownHeaders(item).filter(({ name }) => names === undefined || names.has(name.toLowerCase()));
  if (wanted.length === 0) return "";
  return el(
    "t:InternetMessageHeaders",
    {},
    ...wanted.map(({ name, value }) => el("t:InternetMessageHeader", { HeaderName: name }, esc(value))),
  );
}

function flagXml({ flag }: AnyItem): string {
  return el(
    "t:Flag",
    {},
    textEl("t:FlagStatus", flag.status),
    time("t:StartDate", flag.startAt),
    time("t:DueDate", flag.dueAt),
    time("t:CompleteDate", flag.completeAt),
  );
}

/** The text of an element that the lab keeps as it was given. */
function keptOf({ extended }: AnyItem, element: string): string | undefined {
  const value = extended.get(keptElements[element] ?? "");
  return typeof value === "string" ? value : undefined;
}

/** t:ItemType up to HasAttachments, in its order: extended properties come next, then `itemPropertiesAfter`. */
export const itemProperties: readonly ItemProperty[] = [
  { uri: "item:ItemId", from: "default", write: (item) => idXml("t:ItemId", storedItemOf(item)?.id, storedItemOf(item)?.changeKey) },
  {
    uri: "item:ParentFolderId",
    from: "all",
    write: (item) => idXml("t:ParentFolderId", storedItemOf(item)?.folder.id, storedItemOf(item)?.folder.changeKey),
  },
  { uri: "item:ItemClass", from: "all", write: (item) => textEl("t:ItemClass", item.itemClass) },
  { uri: "item:Subject", from: "default", write: (item, { cut }) => textEl("t:Subject", cut(item.subject)) },
  { uri: "item:Sensitivity", from: "default", write: (item) => textEl("t:Sensitivity", item.sensitivity) },
  { uri: "item:Body", from: "default", write: (item, { shape }) => bodyXml("t:Body", item, shape) },
  { uri: "item:Attachments", from: "default", write: (item) => attachmentListXml(item.attachments) },
  { uri: "item:DateTimeReceived", from: "all", write: (item) => time("t:DateTimeReceived", item.receivedAt) },
  { uri: "item:Size", from: "default", write: (item) => textEl("t:Size", item.size) },
  {
    uri: "item:Categories",
    from: "all",
    write: (item) => (item.categories.length === 0 ? "" : el("t:Categories", {}, ...item.categories.map((one) => textEl("t:String", one)))),
  },
  { uri: "item:Importance", from: "all", write: (item) => textEl("t:Importance", item.importance) },
  { uri: "item:InReplyTo", from: "all", write: (item, { cut }) => textEl("t:InReplyTo", item.inReplyTo && cut(item.inReplyTo)) },
  { uri: "item:IsSubmitted", from: "all", write: () => textEl("t:IsSubmitted", false) },
  { uri: "item:IsDraft", from: "all", write: (item) => textEl("t:IsDraft", item.isDraft) },
  { uri: "item:IsFromMe", from: "all", write: (item) => textEl("t:IsFromMe", isFromMe(item)) },
  { uri: "item:IsResend", from: "all", write: () => textEl("t:IsResend", false) },
  { uri: "item:IsUnmodified", from: "all", write: (item) => textEl("t:IsUnmodified", isUnmodified(item)) },
  { uri: "item:InternetMessageHeaders", from: "all", write: (item, { shape }) => headersXml(item, headersWanted(shape)) },
  { uri: "item:DateTimeSent", from: "default", write: (item) => time("t:DateTimeSent", item.sentAt) },
  { uri: "item:DateTimeCreated", from: "default", write: (item) => time("t:DateTimeCreated", storedItemOf(item)?.createdAt) },
  {
    uri: "item:ResponseObjects",
    from: "default",
    write: (item) =>
      item.isDraft || item.contact ? "" : "<t:ResponseObjects><t:ReplyToItem/><t:ReplyAllToItem/><t:ForwardItem/></t:ResponseObjects>",
  },
  { uri: "item:ReminderDueBy", from: "all", write: (item) => textEl("t:ReminderDueBy", keptOf(item, "ReminderDueBy")) },
  { uri: "item:ReminderIsSet", from: "all", write: (item) => textEl("t:ReminderIsSet", keptOf(item, "ReminderIsSet") ?? false) },
  {
    uri: "item:ReminderMinutesBeforeStart",
    from: "all",
    write: (item) => textEl("t:ReminderMinutesBeforeStart", keptOf(item, "ReminderMinutesBeforeStart") ?? 0),
  },
  { uri: "item:DisplayCc", from: "all", write: (item, { cut }) => textEl("t:DisplayCc", cut(displayNames(item.cc))) },
  { uri: "item:DisplayTo", from: "all", write: (item, { cut }) => textEl("t:DisplayTo", cut(displayNames(item.to))) },
  { uri: "item:DisplayBcc", from: "named", write: (item, { cut }) => textEl("t:DisplayBcc", cut(displayNames(item.bcc))) },
  { uri: "item:HasAttachments", from: "default", write: (item) => textEl("t:HasAttachments", item.hasAttachments) },
];

/** The headers requested one by one; undefined: all of them. */
function headersWanted(shape: ItemShape): ReadonlySet<string> | undefined {
  if (shape.base === "AllProperties" || shape.uris.has("item:InternetMessageHeaders")) return undefined;
  return new Set(shape.indexed.filter(({ uri }) => uri === "item:InternetMessageHeader").map(({ index }) => index.toLowerCase()));
}

/** t:ItemType after its extended properties. */
export const itemPropertiesAfter: readonly ItemProperty[] = [
  { uri: "item:Culture", from: "all", write: (item) => textEl("t:Culture", keptOf(item, "Culture") ?? "en-US") },
  { uri: "item:EffectiveRights", from: "all", write: (item) => (storedItemOf(item) === undefined ? "" : rights) },
  { uri: "item:LastModifiedName", from: "all", write: ofStored("t:LastModifiedName", (item) => item.modifiedBy) },
  { uri: "item:LastModifiedTime", from: "all", write: ofStored("t:LastModifiedTime", (item) => wireTime(item.modifiedAt)) },
  { uri: "item:IsAssociated", from: "all", write: () => textEl("t:IsAssociated", false) },
  { uri: "item:WebClientReadFormQueryString", from: "all", write: webForm("t:WebClientReadFormQueryString", "ReadMessageItem") },
  { uri: "item:WebClientEditFormQueryString", from: "named", write: webForm("t:WebClientEditFormQueryString", "ComposeMessage") },
  { uri: "item:ConversationId", from: "all", write: (item) => idXml("t:ConversationId", item.conversationId) },
  { uri: "item:UniqueBody", from: "named", write: (item, { shape }) => bodyXml("t:UniqueBody", item, shape) },
  { uri: "item:Flag", from: "all", write: flagXml },
  { uri: "item:StoreEntryId", from: "named", write: ofStored("t:StoreEntryId", (item) => item.id) },
  { uri: "item:InstanceKey", from: "all", write: ofStored("t:InstanceKey", (item) => Buffer.from(item.id.slice(-12)).toString("base64")) },
  { uri: "item:NormalizedBody", from: "named", write: (item, { shape }) => bodyXml("t:NormalizedBody", item, shape) },
  { uri: "item:Preview", from: "named", write: (item) => textEl("t:Preview", previewOf(item)) },
  { uri: "item:TextBody", from: "named", write: (item, { shape }) => bodyXml("t:TextBody", item, shape, "Text") },
];

/** The properties that t:MessageType adds, in its order. */
export const messageProperties: readonly ItemProperty[] = [
  { uri: "message:Sender", from: "all", write: (item, { store }) => oneMailboxXml("t:Sender", item.sender, store) },
  { uri: "message:ToRecipients", from: "default", write: (item, { store }) => recipientsXml("t:ToRecipients", item.to, store) },
  { uri: "message:CcRecipients", from: "default", write: (item, { store }) => recipientsXml("t:CcRecipients", item.cc, store) },
  { uri: "message:BccRecipients", from: "default", write: (item, { store }) => recipientsXml("t:BccRecipients", item.bcc, store) },
  {
    uri: "message:IsReadReceiptRequested",
    from: "default",
    write: (item) => textEl("t:IsReadReceiptRequested", item.isReadReceiptRequested),
  },
  {
    uri: "message:IsDeliveryReceiptRequested",
    from: "default",
    write: (item) => textEl("t:IsDeliveryReceiptRequested", item.isDeliveryReceiptRequested),
  },
  {
    uri: "message:ConversationIndex",
    from: "all",
    write: (item) => textEl("t:ConversationIndex", item.conversationIndex && Buffer.from(item.conversationIndex).toString("base64")),
  },
  {
    uri: "message:ConversationTopic",
    from: "all",
    write: (item, { cut }) => textEl("t:ConversationTopic", cut(item.conversationTopic ?? "")),
  },
  { uri: "message:From", from: "default", write: (item, { store }) => oneMailboxXml("t:From", item.from, store) },
  {
    uri: "message:InternetMessageId",
    from: "all",
    write: (item, { cut }) => textEl("t:InternetMessageId", item.internetMessageId && cut(item.internetMessageId)),
  },
  { uri: "message:IsRead", from: "default", write: (item) => textEl("t:IsRead", item.isRead) },
  {
    uri: "message:IsResponseRequested",
    from: "all",
    write: (item) => textEl("t:IsResponseRequested", keptOf(item, "IsResponseRequested") ?? false),
  },
  { uri: "message:References", from: "all", write: (item, { cut }) => textEl("t:References", item.references && cut(item.references)) },
  { uri: "message:ReplyTo", from: "all", write: (item, { store }) => recipientsXml("t:ReplyTo", item.replyTo, store) },
  { uri: "message:ReceivedBy", from: "all", write: ownerXml("t:ReceivedBy") },
  { uri: "message:ReceivedRepresenting", from: "all", write: ownerXml("t:ReceivedRepresenting") },
];

/** The properties that t:PostItemType adds, in its order. */
export const postProperties: readonly ItemProperty[] = [
  ...["message:ConversationIndex", "message:ConversationTopic", "message:From", "message:InternetMessageId", "message:IsRead"].map(
    ofMessage,
  ),
  { uri: "postitem:PostedTime", from: "default", write: (item) => time("t:PostedTime", item.sentAt) },
  ...["message:References", "message:Sender"].map(ofMessage),
];

function ofMessage(uri: string): ItemProperty {
  const found = messageProperties.find((property) => property.uri === uri);
  return found ?? { uri, from: "named", write: () => "" };
}

function attendeesXml(name: string, all: readonly LabAddress[]): string {
  const mailbox = ({ name: shown, address }: LabAddress) =>
    el("t:Mailbox", {}, textEl("t:Name", shown ?? address), textEl("t:EmailAddress", address), textEl("t:RoutingType", "SMTP"));
  return all.length === 0 ? "" : el(name, {}, ...all.map((one) => el("t:Attendee", {}, mailbox(one), textEl("t:ResponseType", "Unknown"))));
}

/** The properties of the meeting in meeting messages and calendar items; each kind has its own, in its own order. */
export const meetingProperties = {
  uid: { uri: "calendar:UID", from: "all", write: ({ meeting }) => textEl("t:UID", meeting?.uid) },
  start: { uri: "calendar:Start", from: "default", write: ({ meeting }) => time("t:Start", meeting?.start) },
  end: { uri: "calendar:End", from: "default", write: ({ meeting }) => time("t:End", meeting?.end) },
  isAllDay: { uri: "calendar:IsAllDayEvent", from: "all", write: ({ meeting }) => textEl("t:IsAllDayEvent", meeting?.isAllDay) },
  location: { uri: "calendar:Location", from: "default", write: ({ meeting }) => textEl("t:Location", meeting?.location) },
  organizer: {
    uri: "calendar:Organizer",
    from: "default",
    write: ({ meeting }, { store }) => oneMailboxXml("t:Organizer", meeting?.organizer, store),
  },
  associated: {
    uri: "meeting:AssociatedCalendarItemId",
    from: "default",
    write(item) {
      const stored = storedItemOf(item);
      const entry = stored && entryOf(stored);
      return entry === undefined ? "" : itemIdXml(entry, "t:AssociatedCalendarItemId");
    },
  },
  freeBusy: {
    uri: "calendar:LegacyFreeBusyStatus",
    from: "default",
    write: ({ meeting }) =>
      textEl(
        "t:LegacyFreeBusyStatus",
        meeting === undefined ? undefined : meeting.response === "NoResponseReceived" ? "Tentative" : "Busy",
      ),
  },
  isMeeting: { uri: "calendar:IsMeeting", from: "all", write: ({ meeting }) => textEl("t:IsMeeting", meeting?.isMeeting ?? false) },
  isRecurring: { uri: "calendar:IsRecurring", from: "all", write: () => textEl("t:IsRecurring", false) },
  type: {
    uri: "calendar:CalendarItemType",
    from: "default",
    write: ({ meeting }) => textEl("t:CalendarItemType", meeting?.isSeries === true ? "RecurringMaster" : "Single"),
  },
  myResponse: {
    uri: "calendar:MyResponseType",
    from: "all",
    write: ({ meeting }) => textEl("t:MyResponseType", meeting?.response ?? "Organizer"),
  },
  required: { uri: "calendar:RequiredAttendees", from: "all", write: (item) => attendeesXml("t:RequiredAttendees", item.to) },
  optional: { uri: "calendar:OptionalAttendees", from: "all", write: (item) => attendeesXml("t:OptionalAttendees", item.cc) },
} as const satisfies Record<string, ItemProperty>;
