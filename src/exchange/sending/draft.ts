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

/** A reply to a message of the mailbox, in any folder. */
export interface Reply {
  readonly itemId: string;
  readonly all: boolean;
  readonly text?: string | undefined;
  readonly html?: string | undefined;
  /** Replaces the recipients that Exchange would choose. */
  readonly to?: readonly Address[] | undefined;
  readonly cc?: readonly Address[] | undefined;
  readonly bcc?: readonly Address[] | undefined;
  /** Default: the subject of the original after one "RE: ". */
  readonly subject?: string | undefined;
  readonly from?: Address | undefined;
  readonly attachments?: readonly NewAttachment[] | undefined;
  readonly headers?: readonly Header[] | undefined;
  /** Put the original below the new text. Default: true. */
  readonly quoteOriginal?: boolean | undefined;
  readonly saveToSent?: boolean | undefined;
}

/** The message sent. Exchange returns no id for it, so mailcordon finds it again by a mark that only this send has. */
export interface Sent {
  /** Absent when no copy was kept, or when it could not be found again. */
  readonly itemId?: string | undefined;
  /** True when no copy was wanted but one may be in Sent Items, because it could not be removed. */
  readonly copyLeft?: true | undefined;
  readonly internetMessageId?: string | undefined;
  readonly conversationId?: string | undefined;
  readonly sentAt?: string | undefined;
  readonly subject?: string | undefined;
  readonly to: readonly Address[];
  readonly cc: readonly Address[];
  readonly bcc: readonly Address[];
}
