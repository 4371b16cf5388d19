import type { NewAttachment } from "../attachment.ts";
import type { Address, Header, Importance } from "../message.ts";

/** A message to send. Exactly one of `html`, `text` or `mime` is the body; `mime` is a whole RFC 5322 message and excludes the rest. */
export interface Draft {
  readonly from?: Address | undefined;
  readonly to: readonly Address[];
  readonly cc?: readonly Address[] | undefined;
  readonly bcc?: readonly Address[] | undefined;
  readonly replyTo?: readonly Address[] | undefined;
  readonly subject?: string | undefined;
  readonly text?: string | undefined;
  readonly html?: string | undefined;
  readonly importance?: Importance | undefined;
  /** Further headers; the names begin with `X-`. */
  readonly headers?: readonly Header[] | undefined;
  readonly attachments?: readonly NewAttachment[] | undefined;
  readonly mime?: Uint8Array | undefined;
  readonly readReceipt?: boolean | undefined;
  readonly deliveryReceipt?: boolean | undefined;
  /** Keep a copy in Sent Items; default true. */
  readonly saveToSent?: boolean | undefined;
}

/** A reply to a message of the mailbox, which may lie in any folder. */
export interface Reply {
  readonly itemId: string;
  readonly all: boolean;
  readonly text?: string | undefined;
  readonly html?: string | undefined;
  /** Replaces the recipients that Exchange would choose. */
  readonly to?: readonly Address[] | undefined;
  readonly cc?: readonly Address[] | undefined;
  readonly bcc?: readonly Address[] | undefined;
  /** Default: that of the message with one "RE: " before it. */
  readonly subject?: string | undefined;
  readonly from?: Address | undefined;
  readonly attachments?: readonly NewAttachment[] | undefined;
  readonly headers?: readonly Header[] | undefined;
  /** Put the message replied to below the new text; default true. */
  readonly quoteOriginal?: boolean | undefined;
  readonly saveToSent?: boolean | undefined;
}

/** What was sent. Exchange returns no identity for it: it is found again by a mark that only this send carries. */
export interface Sent {
  /** Absent when no copy was to be kept, or when it could not be found again. */
  readonly itemId?: string | undefined;
  /** No copy was wanted, and there may be one in Sent Items all the same: it could not be taken away. */
  readonly copyLeft?: true | undefined;
  readonly internetMessageId?: string | undefined;
  readonly conversationId?: string | undefined;
  readonly sentAt?: string | undefined;
  readonly subject?: string | undefined;
  readonly to: readonly Address[];
  readonly cc: readonly Address[];
  readonly bcc: readonly Address[];
}
