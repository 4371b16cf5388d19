import type { Attachment } from "../exchange/attachment.ts";
import type { Content } from "../exchange/message.ts";
import { Failure } from "../failure.ts";
import type { Outcome } from "../outcome.ts";
import { held } from "../wire/held.ts";
import type { OpenedPart } from "./attached-mail.ts";
import { type AttachmentPlace, placeOf } from "./attachment-place.ts";
import { oneByOne } from "./one-by-one.ts";
import { getAttachmentValue } from "./requests/attachment-get.ts";
import { getMimeMessage } from "./requests/outlook-get-mime-message.ts";
import type { GraphMailbox } from "./session.ts";

/** The RFC 5322 form of each message, one request each: in a batch it would be base64 inside of JSON, and held whole. */
export function mime(mailbox: GraphMailbox, itemIds: readonly string[]): AsyncIterable<Outcome<Content>> {
  return oneByOne(itemIds, async (id) => ({ bytes: await mailbox.stream(getMimeMessage, id) }));
}

/** The bytes of each attachment, one request each. What a reference attachment links to is never fetched. */
export function attachmentContent(mailbox: GraphMailbox, asked: readonly Attachment[]): AsyncIterable<Outcome<Content>> {
  return oneByOne(asked, async ({ id, kind }) => {
    if (kind === "reference") throw new Failure("unsupported", "This attachment is a link to a file elsewhere; links are not followed.");
    const place = placeOf(id);
    if (place.inside.length > 0) return { bytes: (await openInside(mailbox, place)).bytes };
    return { bytes: await mailbox.stream(getAttachmentValue, place) };
  });
}

/**
 * What an attached message has at this place, or the message itself. Graph gives it out as a whole only, so it is read from its beginning to the
 * part that is asked for, in constant memory. Throws Failure `not-found` for a place that it has not, `too-large`.
 */
export async function openInside(mailbox: GraphMailbox, place: AttachmentPlace): Promise<OpenedPart> {
  const { openPart } = await import("./attached-mail.ts");
  let opened: OpenedPart = { isMessage: true, bytes: await mailbox.stream(getAttachmentValue, place) };
  for (const number of place.inside) {
    if (!opened.isMessage) await endOf(opened.bytes);
    const part = opened.isMessage ? await openPart(opened.bytes, number) : undefined;
    if (part === undefined) throw new Failure("not-found", "The attached message has no such part.");
    opened = part;
  }
  return place.inside.length === 0 ? opened : { ...opened, bytes: held(opened.bytes, { end: () => undefined }) };
}

/** Bytes that nobody wants keep a connection until they are ended; and what has not begun cannot end. */
export async function endOf(bytes: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of bytes) return;
}
