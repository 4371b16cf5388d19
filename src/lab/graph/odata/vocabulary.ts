import type { Resource } from "../row.ts";

/** The type of a property for comparisons. `word`: text that supports only equality. */
export type Kind = "text" | "word" | "flag" | "time";

/** The supported queries of one kind of object. Names are those of Microsoft's schema. */
export interface Vocabulary {
  /** Without `microsoft.graph.`. */
  readonly type: string;
  readonly properties: readonly string[];
  /** Properties of derived types, reached by `microsoft.graph.<type>/<property>`; types in lower case. */
  readonly derived?: Readonly<Record<string, readonly string[]>> | undefined;
  readonly navigation: readonly string[];
  /** Navigation properties of derived types, reached in the same way. */
  readonly derivedNavigation?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Paths that `$filter` and `$orderby` take. */
  readonly compared: Readonly<Record<string, Kind>>;
  /** Collections that `any` accepts, with the paths inside a member; the empty path is the member itself. */
  readonly collections?: Readonly<Record<string, Readonly<Record<string, Kind>>>> | undefined;
  readonly functions: readonly ("startswith" | "endswith" | "contains")[];
  /** Members of a page unless `$top` says otherwise, and at most. */
  readonly page: readonly [number, number];
  /** Whether Exchange replies, which supports fewer queries, or the directory. */
  readonly of: "exchange" | "directory";
}

const item = ["id", "createdDateTime", "lastModifiedDateTime", "changeKey", "categories", "parentFolderId"];
const extendedProperties = ["singleValueExtendedProperties", "multiValueExtendedProperties"];
const extended = { singleValueExtendedProperties: { id: "word", value: "text" } } as const;
const itemTimes = { createdDateTime: "time", lastModifiedDateTime: "time" } as const;

/**
 * `toRecipients` and similar lists cannot be compared: Exchange refuses every `any` on them. @see
 * https://learn.microsoft.com/en-us/graph/api/user-list-messages
 */
const message: Vocabulary = {
  type: "message",
  properties: [
    ...item,
    "receivedDateTime",
    "sentDateTime",
    "hasAttachments",
    "internetMessageId",
    "internetMessageHeaders",
    "subject",
    "body",
    "bodyPreview",
    "uniqueBody",
    "importance",
    "inferenceClassification",
    "conversationId",
    "conversationIndex",
    "isDeliveryReceiptRequested",
    "isReadReceiptRequested",
    "isRead",
    "isDraft",
    "webLink",
    "sender",
    "from",
    "toRecipients",
    "ccRecipients",
    "bccRecipients",
    "replyTo",
    "flag",
  ],
  derivedNavigation: { eventmessage: ["event"] },
  derived: { eventmessage: ["meetingMessageType", "startDateTime", "endDateTime", "isAllDay", "isOutOfDate", "type"] },
  navigation: ["attachments", "extensions", ...extendedProperties],
  compared: {
    receivedDateTime: "time",
    sentDateTime: "time",
    ...itemTimes,
    subject: "text",
    "from/emailAddress/address": "text",
    "from/emailAddress/name": "text",
    "sender/emailAddress/address": "text",
    "sender/emailAddress/name": "text",
    internetMessageId: "text",
    conversationId: "word",
    parentFolderId: "word",
    importance: "word",
    inferenceClassification: "word",
    "flag/flagStatus": "word",
    hasAttachments: "flag",
    isRead: "flag",
    isDraft: "flag",
  },
  collections: { categories: { "": "text" }, ...extended },
  functions: ["startswith", "contains"],
  page: [10, 1000],
  of: "exchange",
};

/** @see https://learn.microsoft.com/en-us/graph/api/user-list-contacts */
const contact: Vocabulary = {
  type: "contact",
  properties: [
    ...item,
    "birthday",
    "fileAs",
    "displayName",
    "givenName",
    "initials",
    "middleName",
    "nickName",
    "surname",
    "title",
    "generation",
    "imAddresses",
    "jobTitle",
    "companyName",
    "department",
    "officeLocation",
    "profession",
    "businessHomePage",
    "assistantName",
    "manager",
    "homePhones",
    "mobilePhone",
    "businessPhones",
    "spouseName",
    "personalNotes",
    "children",
    "emailAddresses",
    "primaryEmailAddress",
    "secondaryEmailAddress",
    "tertiaryEmailAddress",
    "homeAddress",
    "businessAddress",
    "otherAddress",
    "yomiGivenName",
    "yomiSurname",
    "yomiCompanyName",
  ],
  navigation: ["extensions", "photo", ...extendedProperties],
  compared: {
    ...itemTimes,
    displayName: "text",
    givenName: "text",
    surname: "text",
    companyName: "text",
    fileAs: "text",
    jobTitle: "text",
  },
  collections: { categories: { "": "text" }, emailAddresses: { address: "text", name: "text" }, ...extended },
  functions: ["startswith", "contains"],
  page: [10, 1000],
  of: "exchange",
};

/** @see https://learn.microsoft.com/en-us/graph/api/resources/event */
const event: Vocabulary = {
  type: "event",
  properties: [
    ...item.filter((name) => name !== "parentFolderId"),
    "subject",
    "body",
    "bodyPreview",
    "iCalUId",
    "importance",
    "sensitivity",
    "isAllDay",
    "isCancelled",
    "isOrganizer",
    "isDraft",
    "responseRequested",
    "showAs",
    "type",
    "webLink",
    "hasAttachments",
    "responseStatus",
    "start",
    "end",
    "location",
    "locations",
    "attendees",
    "organizer",
    "recurrence",
    "seriesMasterId",
    "transactionId",
    "originalStartTimeZone",
    "originalEndTimeZone",
    "isReminderOn",
    "reminderMinutesBeforeStart",
    "allowNewTimeProposals",
    "hideAttendees",
    "isOnlineMeeting",
    "onlineMeetingProvider",
    "onlineMeetingUrl",
    "onlineMeeting",
    "originalStart",
  ],
  navigation: ["attachments", "calendar", "extensions", "instances", ...extendedProperties],
  compared: { ...itemTimes, subject: "text" },
  collections: { categories: { "": "text" }, ...extended },
  functions: ["startswith"],
  page: [10, 1000],
  of: "exchange",
};

/** @see https://learn.microsoft.com/en-us/graph/api/user-list-mailfolders */
const mailFolder: Vocabulary = {
  type: "mailFolder",
  properties: ["id", "displayName", "parentFolderId", "childFolderCount", "unreadItemCount", "totalItemCount", "isHidden"],
  navigation: ["childFolders", "messages", "messageRules", ...extendedProperties],
  compared: { displayName: "text" },
  functions: ["startswith", "contains"],
  page: [10, 1000],
  of: "exchange",
};

const contactFolder: Vocabulary = {
  ...mailFolder,
  type: "contactFolder",
  properties: ["id", "displayName", "parentFolderId"],
  navigation: ["childFolders", "contacts", ...extendedProperties],
};

/**
 * All attachments are returned in one page, and can be neither filtered nor searched. @see
 * https://learn.microsoft.com/en-us/graph/api/message-list-attachments
 */
const attachment: Vocabulary = {
  type: "attachment",
  properties: ["id", "lastModifiedDateTime", "name", "contentType", "size", "isInline"],
  derived: { fileattachment: ["contentBytes", "contentId", "contentLocation"], itemattachment: ["item"] },
  navigation: ["item"],
  compared: {},
  functions: [],
  page: [1000, 1000],
  of: "exchange",
};

/** @see https://learn.microsoft.com/en-us/graph/aad-advanced-queries */
const user: Vocabulary = {
  type: "user",
  properties: [
    "id",
    "accountEnabled",
    "assignedLicenses",
    "assignedPlans",
    "businessPhones",
    "companyName",
    "createdDateTime",
    "deletedDateTime",
    "department",
    "displayName",
    "employeeId",
    "givenName",
    "identities",
    "imAddresses",
    "jobTitle",
    "mail",
    "mailNickname",
    "mobilePhone",
    "officeLocation",
    "onPremisesExtensionAttributes",
    "onPremisesImmutableId",
    "onPremisesSyncEnabled",
    "otherMails",
    "preferredLanguage",
    "proxyAddresses",
    "showInAddressList",
    "surname",
    "usageLocation",
    "userPrincipalName",
    "userType",
  ],
  navigation: ["manager", "memberOf", "directReports", "extensions"],
  compared: {
    displayName: "text",
    givenName: "text",
    surname: "text",
    mail: "text",
    mailNickname: "text",
    userPrincipalName: "text",
    companyName: "text",
    department: "text",
    jobTitle: "text",
    officeLocation: "text",
    id: "word",
    userType: "word",
    accountEnabled: "flag",
    onPremisesSyncEnabled: "flag",
  },
  collections: { proxyAddresses: { "": "text" }, otherMails: { "": "text" }, businessPhones: { "": "text" } },
  functions: ["startswith", "endswith"],
  page: [100, 999],
  of: "directory",
};

/** @see https://learn.microsoft.com/en-us/graph/api/group-list */
const group: Vocabulary = {
  type: "group",
  properties: [
    "id",
    "createdDateTime",
    "description",
    "displayName",
    "groupTypes",
    "mail",
    "mailEnabled",
    "mailNickname",
    "onPremisesSyncEnabled",
    "proxyAddresses",
    "securityEnabled",
    "visibility",
  ],
  navigation: ["members", "memberOf", "owners", "transitiveMembers"],
  compared: { displayName: "text", mail: "text", mailNickname: "text", id: "word", mailEnabled: "flag", securityEnabled: "flag" },
  collections: { proxyAddresses: { "": "text" } },
  functions: ["startswith"],
  page: [100, 999],
  of: "directory",
};

/** The common part of lists of users, groups and contacts. @see https://learn.microsoft.com/en-us/graph/api/group-list-transitivemembers */
const directoryObject: Vocabulary = {
  type: "directoryObject",
  properties: ["id", "deletedDateTime"],
  navigation: [],
  compared: {},
  functions: [],
  page: [100, 999],
  of: "directory",
};

/** @see https://learn.microsoft.com/en-us/graph/api/resources/exchangemessagetrace */
const exchangeMessageTrace: Vocabulary = {
  type: "exchangeMessageTrace",
  properties: ["id", "fromIP", "messageId", "receivedDateTime", "recipientAddress", "senderAddress", "size", "status", "subject", "toIP"],
  navigation: [],
  compared: {
    id: "word",
    fromIP: "word",
    messageId: "word",
    receivedDateTime: "time",
    recipientAddress: "word",
    senderAddress: "word",
    status: "word",
    subject: "text",
    toIP: "word",
  },
  functions: ["startswith", "contains"],
  page: [1000, 5000],
  of: "exchange",
};

/** @see https://learn.microsoft.com/en-us/graph/api/mailfolder-list-messagerules */
const messageRule: Vocabulary = {
  type: "messageRule",
  properties: ["id", "displayName", "sequence", "isEnabled", "hasError", "isReadOnly", "conditions", "exceptions", "actions"],
  navigation: [],
  compared: {},
  functions: [],
  page: [100, 1000],
  of: "exchange",
};

export const vocabularies: Readonly<Record<Resource, Vocabulary>> = {
  ...{ message, contact, mailFolder, messageRule, contactFolder, attachment, event, user, group, directoryObject, exchangeMessageTrace },
};

/** Returns the name as in the schema; Graph accepts it in upper or lower case. */
export function canonical(names: readonly string[], name: string): string | undefined {
  return names.find((one) => one.toLowerCase() === name.toLowerCase());
}
