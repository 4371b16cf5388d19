import type { Failure } from "../failure.ts";

/** `reference` is a link to a file in a cloud drive. It is listed but never fetched. */
export type AttachmentKind = "file" | "item" | "reference";

/** One attachment as its message lists it. The sender of the message wrote the name and the content type. */
export interface Attachment {
  readonly id: string;
  readonly kind: AttachmentKind;
  readonly name?: string | undefined;
  readonly contentType?: string | undefined;
  readonly contentId?: string | undefined;
  /** Size in bytes, as the server estimates it. */
  readonly size?: number | undefined;
  readonly isInline?: boolean | undefined;
  /** URL of a reference attachment, as its sender wrote it. Absent where the back end does not report it. */
  readonly url?: string | undefined;
  /** Why the server cannot read it although its message has it. Then only the id is certain. */
  readonly unreadable?: Failure | undefined;
}

/**
 * Tells whether an attachment can hold other attachments: an attached message, a signed message as Exchange keeps it (smime.p7m with the whole
 * multipart/signed), TNEF (winmail.dat) or a calendar. Only its content shows what it really is.
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

/**
 * Tells whether an attachment is a message that was signed or encrypted as a whole (MS-OXOSMIME 2.1.3.2). Its content is not visible from outside.
 * Gateways replace its type, but not the ending of its name.
 */
export function isSealed(attachment: Attachment): boolean {
  const { kind, contentType = "", name = "" } = attachment;
  if (kind !== "file" || holdsOthers(attachment)) return false;
  return /^\s*application\/(?:x-)?pkcs7-mime\b/i.test(contentType) || name.trim().toLowerCase().endsWith(".p7m");
}

/** An attachment to send. `open` may be called again when a request that did nothing is retried. */
export interface NewAttachment {
  readonly name: string;
  readonly contentType?: string | undefined;
  /** For an inline image: the id that the HTML body names as `cid:`. */
  readonly contentId?: string | undefined;
  readonly isInline?: boolean | undefined;
  /** Exact number of bytes that `open` yields. */
  readonly size: number;
  open(): AsyncIterable<Uint8Array>;
}
