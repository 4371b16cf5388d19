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

/** What an item is, whether it lies in a folder or inside another item. Nobody changes it in place: see `LabMailbox.update`. */
export interface ItemContent {
  /** `IPM.Note` and so on. */
  readonly itemClass: string;
  /** The bytes it came as, kept exactly; undefined when it was made of fields or has been changed since. */
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
  /** In the order of the message, duplicates kept. */
  readonly headers: readonly LabHeader[];
  /** What a client sees: the HTML part where there is one. */
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

/** Fields for a new item: what is left out gets its default. */
export type NewItem = { readonly [K in keyof Omit<ItemContent, "attachments">]?: ItemContent[K] | undefined } & {
  readonly attachments?: readonly NewAttachment[] | undefined;
};

/** A change of an item: what is left out stays. */
export type ItemChange = { readonly [K in keyof Omit<ItemContent, "attachments">]?: ItemContent[K] };

interface AttachmentContent {
  readonly kind: "file" | "item" | "reference";
  /** Undefined for an unnamed one. */
  readonly name?: string | undefined;
  readonly contentType?: string | undefined;
  /** Without angle brackets, as Exchange has it. */
  readonly contentId?: string | undefined;
  readonly contentLocation?: string | undefined;
  readonly isInline: boolean;
  /** Bytes of a file; may be empty. */
  readonly content?: Uint8Array | undefined;
  /** Link of a reference. */
  readonly url?: string | undefined;
  /** The store cannot give its content out: for tests of one bad attachment. */
  readonly unreadable?: boolean | undefined;
}

export interface LabAttachment extends AttachmentContent {
  /** Tells of its whole path: a changed id of the item means a changed id here. */
  readonly id: string;
  readonly size: number;
  readonly modifiedAt: Date;
  /** What an item attachment holds; its own attachments have ids too. */
  readonly item?: EmbeddedItem | undefined;
}

/** An item inside an item attachment: it has no id of its own. */
export interface EmbeddedItem extends ItemContent {
  readonly size: number;
  readonly hasAttachments: boolean;
}

export type NewAttachment = { readonly [K in keyof AttachmentContent]?: AttachmentContent[K] | undefined } & {
  readonly kind: AttachmentContent["kind"];
  /** Of an attachment that comes along with its item: within its mailbox, its own part of the id stays. */
  readonly id?: string | undefined;
  readonly item?: NewItem | undefined;
};
