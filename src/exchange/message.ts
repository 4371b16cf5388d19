import type { Attachment } from "./attachment.ts";

/** A name and an address as in the message; the sender of the message wrote both. */
export interface Address {
  readonly name?: string | undefined;
  /** SMTP address, or an X.500 address (`routingType` EX) where the message keeps no SMTP address of a person who is not in the directory. */
  readonly address?: string | undefined;
  readonly routingType?: string | undefined;
  /** The X.500 address of the message, where `address` was read from a property beside it. */
  readonly x500?: string | undefined;
}

export interface Header {
  readonly name: string;
  readonly value: string;
}

export type Importance = "Low" | "Normal" | "High";

/** The flag for follow-up. Times are UTC, ISO 8601. */
export interface Flag {
  readonly status: "not_flagged" | "flagged" | "complete";
  readonly startAt?: string | undefined;
  readonly dueAt?: string | undefined;
  readonly completedAt?: string | undefined;
}

/** One item of a mailbox that a person would call a message, including meeting requests, delivery reports and posts. Times are UTC, ISO 8601. */
export interface Message {
  readonly itemId: string;
  readonly changeKey?: string | undefined;
  /** With angle brackets, as in the header. */
  readonly internetMessageId?: string | undefined;
  readonly conversationId?: string | undefined;
  readonly parentFolderId?: string | undefined;
  readonly folderPath?: string | undefined;
  readonly itemClass?: string | undefined;
  readonly subject?: string | undefined;
  readonly sender?: Address | undefined;
  readonly from?: Address | undefined;
  readonly replyTo?: readonly Address[] | undefined;
  readonly to?: readonly Address[] | undefined;
  readonly cc?: readonly Address[] | undefined;
  readonly bcc?: readonly Address[] | undefined;
  readonly receivedAt?: string | undefined;
  readonly sentAt?: string | undefined;
  readonly createdAt?: string | undefined;
  readonly modifiedAt?: string | undefined;
  /** Size in bytes, as the server estimates it. */
  readonly size?: number | undefined;
  readonly importance?: Importance | undefined;
  readonly sensitivity?: string | undefined;
  readonly isRead?: boolean | undefined;
  readonly isDraft?: boolean | undefined;
  readonly categories?: readonly string[] | undefined;
  readonly flag?: Flag | undefined;
  /** Exchange reports false when all attachments are inline. */
  readonly hasAttachments?: boolean | undefined;
  readonly attachments?: readonly Attachment[] | undefined;
  /** Reasons why attachments of the message may be missing from the list; one sentence each. */
  readonly unlisted?: string | undefined;
  /** True when only the beginning of an attached message's text is present. */
  readonly bodyCut?: boolean | undefined;
  readonly bodyText?: string | undefined;
  readonly bodyHtml?: string | undefined;
  readonly bodyPreview?: string | undefined;
  /** In the order of the message, with duplicates. */
  readonly headers?: readonly Header[] | undefined;
  readonly webLink?: string | undefined;
  /** Number of characters of this item that XML could not carry, replaced by U+FFFD. Absent when there are none. */
  readonly replacedCharacters?: number | undefined;
}

/**
 * The requested parts of a message. `summary` is what one listing returns; each other part costs a request per batch of messages. `body` is the
 * requested form of the body.
 */
export interface Detail {
  readonly recipients?: boolean | undefined;
  readonly attachments?: boolean | undefined;
  readonly headers?: boolean | undefined;
  /** Only `get` returns it. */
  readonly flag?: boolean | undefined;
  readonly body?: "preview" | "text" | "html" | undefined;
}

/** A caller's name for a message. With both ids, the item id is tried first and, if it no longer exists, the Internet Message-ID. */
export interface MessageName {
  readonly itemId?: string | undefined;
  /** With or without angle brackets. */
  readonly internetMessageId?: string | undefined;
}

/** The bytes of one item as they arrive. Read them to their end before you request the next item; a truncated reply throws. */
export interface Content {
  readonly bytes: AsyncIterable<Uint8Array>;
}
