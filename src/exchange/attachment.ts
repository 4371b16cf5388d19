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
  /** Of a reference: where the file is, as its sender wrote it. Absent where the back end does not say. */
  readonly url?: string | undefined;
}

/**
 * Whether others hang in it: an attached message, a signed message as Exchange keeps it (smime.p7m with the whole multipart/signed), TNEF
 * (winmail.dat), a calendar. What it really is, its content says.
 * @see https://learn.microsoft.com/en-us/openspecs/exchange_server_protocols/ms-oxosmime/6d0deda8-4e31-4949-bdd6-8c2e54d04736
 */
export function holdsOthers({ kind, contentType, name }: Attachment): boolean {
  if (kind !== "file") return kind === "item";
  const type = contentType?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  return holderTypes.has(type) || /^(?:winmail|win)\.dat$|\.ics$/i.test(name?.trim() ?? "");
}

const holderTypes: ReadonlySet<string> = new Set([
  "multipart/signed",
  "application/ms-tnef",
  "application/vnd.ms-tnef",
  "text/calendar",
  "application/ics",
]);

/** Whether it is a message that was signed or encrypted as a whole (MS-OXOSMIME 2.1.3.2): what is inside is not to be seen from outside. */
export function isSealed({ kind, contentType }: Attachment): boolean {
  return kind === "file" && /^\s*application\/(?:x-)?pkcs7-mime\b/i.test(contentType ?? "");
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
