import type { LabAddress, LabHeader } from "./address.ts";
import type { ContactFields, MeetingFields, PersonalGroup } from "./contact.ts";

export type Importance = "Low" | "Normal" | "High";
export type Sensitivity = "Normal" | "Personal" | "Private" | "Confidential";

export interface ItemBody {
  readonly type: "HTML" | "Text";
  readonly value: string;
}

export interface Flag {
  readonly status: "NotFlagged" | "Flagged" | "Complete";
  readonly startAt?: Date | undefined;
  readonly dueAt?: Date | undefined;
  readonly completeAt?: Date | undefined;
}

/** The content of an item, in a folder or inside another item. It is never changed in place: see `LabMailbox.update`. */
export interface ItemContent {
  /** `IPM.Note` and so on. */
  readonly itemClass: string;
  /** The original bytes, kept exactly; undefined if the item was built from fields or has been changed since. */
  readonly mime?: Uint8Array | undefined;
  readonly subject: string;
  readonly sender?: LabAddress | undefined;
  readonly from?: LabAddress | undefined;
  readonly to: readonly LabAddress[];
  readonly cc: readonly LabAddress[];
  readonly bcc: readonly LabAddress[];
  readonly replyTo: readonly LabAddress[];
  readonly receivedAt?: Date | undefined;
  readonly sentAt?: Date | undefined;
  readonly importance: Importance;
  readonly sensitivity: Sensitivity;
  readonly isRead: boolean;
  readonly isDraft: boolean;
  readonly isReadReceiptRequested: boolean;
  readonly isDeliveryReceiptRequested: boolean;
  readonly categories: readonly string[];
  /** With its angle brackets. */
  readonly internetMessageId?: string | undefined;
  readonly inReplyTo?: string | undefined;
  readonly references?: string | undefined;
  /** The subject without its prefixes. */
  readonly conversationTopic?: string | undefined;
  readonly conversationIndex?: Uint8Array | undefined;
  readonly conversationId?: string | undefined;
  /** In the order of the message, with duplicates. */
  readonly headers: readonly LabHeader[];
  /** The body that a client sees: the HTML part if there is one. */
  readonly body: ItemBody;
  /** The plain text part, or the text of the HTML. */
  readonly text: string;
  readonly attachments: readonly LabAttachment[];
  readonly contact?: ContactFields | undefined;
  readonly group?: PersonalGroup | undefined;
  readonly meeting?: MeetingFields | undefined;
  /** Extended properties; the key is the protocol's canonical spelling of the property. */
  readonly extended: ReadonlyMap<string, string | readonly string[]>;
  readonly flag: Flag;
}

/** Fields of a new item; a missing field gets its default. */
export type NewItem = { readonly [K in keyof Omit<ItemContent, "attachments">]?: ItemContent[K] | undefined } & {
  readonly attachments?: readonly NewAttachment[] | undefined;
};

/** A change of an item; a missing field stays unchanged. */
export type ItemChange = { readonly [K in keyof Omit<ItemContent, "attachments">]?: ItemContent[K] };

interface AttachmentContent {
  readonly kind: "file" | "item" | "reference";
  /** Undefined if the attachment has no name. */
  readonly name?: string | undefined;
  readonly contentType?: string | undefined;
  /** Without angle brackets, as Exchange has it. */
  readonly contentId?: string | undefined;
  readonly contentLocation?: string | undefined;
  readonly isInline: boolean;
  /** Bytes of a file attachment; may be empty. */
  readonly content?: Uint8Array | undefined;
  /** Link of a reference attachment. */
  readonly url?: string | undefined;
  /** Whether the store fails to return the content: for tests of a single unreadable attachment. */
  readonly unreadable?: boolean | undefined;
}

export interface LabAttachment extends AttachmentContent {
  /** Contains its whole path: if the id of the item changes, so does this one. */
  readonly id: string;
  readonly size: number;
  readonly modifiedAt: Date;
  /** The item inside an item attachment; its own attachments have ids as well. */
  readonly item?: EmbeddedItem | undefined;
}

/** An item inside an item attachment: it has no id of its own. */
export interface EmbeddedItem extends ItemContent {
  readonly size: number;
  readonly hasAttachments: boolean;
}

export type NewAttachment = { readonly [K in keyof AttachmentContent]?: AttachmentContent[K] | undefined } & {
  readonly kind: AttachmentContent["kind"];
  /** Id of an attachment that moves with its item: within its mailbox, its own part of the id stays. */
  readonly id?: string | undefined;
  readonly item?: NewItem | undefined;
};
