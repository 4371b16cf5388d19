import type { Attachment } from "./attachment.ts";

/** A name and an address as the message carries them: both written by whoever sent it. */
export interface Address {
  readonly name?: string | undefined;
  /** SMTP address; an X.500 address (`routingType` EX) where the message keeps no SMTP address of somebody whom the directory does not know. */
  readonly address?: string | undefined;
  readonly routingType?: string | undefined;
  /** The X.500 address that the message has where `address` was read from beside it. */
  readonly x500?: string | undefined;
}

export interface Header {
  readonly name: string;
  readonly value: string;
}

export type Importance = "Low" | "Normal" | "High";

/** One item of a mailbox that a person would call a message: also meeting requests, delivery reports and posts. Times are UTC, ISO 8601. */
export interface Message {
  readonly itemId: string;
  readonly changeKey?: string | undefined;
  /** With its angle brackets, as the header has it. */
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
  /** Bytes, as the server counts them (an estimate). */
  readonly size?: number | undefined;
  readonly importance?: Importance | undefined;
  readonly sensitivity?: string | undefined;
  readonly isRead?: boolean | undefined;
  readonly isDraft?: boolean | undefined;
  readonly categories?: readonly string[] | undefined;
  /** Exchange says false when all attachments are inline. */
  readonly hasAttachments?: boolean | undefined;
  readonly attachments?: readonly Attachment[] | undefined;
  /** Why something that hangs in the message may not be listed; one sentence for each reason. */
  readonly unlisted?: string | undefined;
  /** Of the text of an attached message only the beginning is there. */
  readonly bodyCut?: boolean | undefined;
  readonly bodyText?: string | undefined;
  readonly bodyHtml?: string | undefined;
  readonly bodyPreview?: string | undefined;
  /** In the order of the message, duplicates kept. */
  readonly headers?: readonly Header[] | undefined;
  readonly webLink?: string | undefined;
  /** How many characters of this item XML could not carry and were replaced by U+FFFD. Absent when none. */
  readonly replacedCharacters?: number | undefined;
}

/**
 * Which parts of a message are asked for. `summary` is what one listing gives; the others cost a request per batch of messages.
 * `body` says which form of the body is wanted.
 */
export interface Detail {
  readonly recipients?: boolean | undefined;
  readonly attachments?: boolean | undefined;
  readonly headers?: boolean | undefined;
  readonly body?: "preview" | "text" | "html" | undefined;
}

/** How a caller names a message. With both, the id is tried first and healed through the Internet Message-ID when it is dead. */
export interface MessageName {
  readonly itemId?: string | undefined;
  /** With or without angle brackets. */
  readonly internetMessageId?: string | undefined;
}

/** The bytes of one item as they come from the server. They must be read to their end before the next is asked; a truncated reply throws. */
export interface Content {
  readonly bytes: AsyncIterable<Uint8Array>;
}
