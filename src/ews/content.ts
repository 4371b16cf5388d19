import type { Attachment } from "../exchange/attachment.ts";
import type { Content, Message } from "../exchange/message.ts";
import { Failure } from "../failure.ts";
import { done, failed, type Outcome } from "../outcome.ts";
import { oneByOne } from "./batch.ts";
import { t } from "./namespaces.ts";
import { getAttachment, getAttachmentContent } from "./operations/get-attachment.ts";
import { getItemAttachments, getItemMime } from "./operations/get-item.ts";
import type { EwsMailbox } from "./session.ts";

const mimeContent = [t("MimeContent")];
const fileContent = [t("Content")];

/** The RFC 5322 form of each message, one request each: a reply holds one content that is not held whole. */
export function mime(mailbox: EwsMailbox, itemIds: readonly string[]): AsyncIterable<Outcome<Content>> {
  return oneByOne(itemIds, async (id) => {
    const { bytes } = await mailbox.stream(getItemMime, { id }, mimeContent);
    if (bytes === undefined) throw new Failure("unreadable", "Exchange gave no MIME content for this item.");
    return { bytes };
  });
}

export function attachments(mailbox: EwsMailbox, itemIds: readonly string[]): AsyncIterable<Outcome<readonly Attachment[]>> {
  return mailbox.each(getItemAttachments, itemIds, (ids) => ids.map((id) => ({ id })));
}

// Each brings a whole message with its body.
const attachedBatch = 20;

/** The message inside each item attachment. It has no id of its own: it bears that of the attachment. */
export async function* attachedMessages(mailbox: EwsMailbox, attachmentIds: readonly string[]): AsyncIterable<Outcome<Message>> {
  const detail = { recipients: true, attachments: true, headers: true, body: "text" } as const;
  const opened = mailbox.each(getAttachment, attachmentIds, (ids) => ({ ids, detail }), { batchSize: attachedBatch });
  let index = 0;
  for await (const outcome of opened) {
    const id = attachmentIds[index++] ?? "";
    if (!outcome.ok) yield outcome;
    else if (outcome.value.item !== undefined) yield done({ ...outcome.value.item, itemId: outcome.value.item.itemId || id });
    else if (outcome.value.attachment.kind === "item")
      yield failed(new Failure("unreadable", "Exchange gave no item for this attachment."));
    else yield failed(new Failure("invalid-input", "This attachment is not an attached message."));
  }
}

/** The bytes of each attachment, one request each. What a reference attachment links to is never fetched. */
export function attachmentContent(mailbox: EwsMailbox, asked: readonly Attachment[]): AsyncIterable<Outcome<Content>> {
  return oneByOne(asked, async ({ id, kind, size }) => {
    if (kind === "reference") throw new Failure("unsupported", "This attachment is a link to a file elsewhere; links are not followed.");
    const { bytes } = await mailbox.stream(getAttachmentContent, { id, kind }, kind === "item" ? mimeContent : fileContent);
    if (bytes !== undefined) return { bytes };
    // Of an empty file there is no content to be sent.
    if (kind === "file" && size === 0) return { bytes: nothing() };
    throw new Failure("unreadable", "Exchange gave no content for this attachment.");
  });
}

async function* nothing(): AsyncIterable<Uint8Array> {}
