/** `reference` is a link to a file in a cloud drive: listed, never fetched. */
export type AttachmentKind = "file" | "item" | "reference";

/** One attachment as its message lists it. Name and content type were written by whoever sent the message. */
export interface Attachment {
  readonly id: string;
  readonly kind: AttachmentKind;
  readonly name?: string | undefined;
  readonly contentType?: string | undefined;
  readonly contentId?: string | undefined;
  /** Bytes, an estimate of the server. */
  readonly size?: number | undefined;
  readonly isInline?: boolean | undefined;
}

/** An attachment to send. `open` may be called again when a request that did nothing is repeated. */
export interface NewAttachment {
  readonly name: string;
  readonly contentType?: string | undefined;
  /** For an inline image: the id that the HTML body names as `cid:`. */
  readonly contentId?: string | undefined;
  readonly isInline?: boolean | undefined;
  /** Exact number of bytes that `open` gives. */
  readonly size: number;
  open(): AsyncIterable<Uint8Array>;
}
