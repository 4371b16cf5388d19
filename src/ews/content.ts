import type { Attachment } from "../exchange/attachment.ts";
import type { Content, Message } from "../exchange/message.ts";
import { Failure } from "../failure.ts";
import { askedOf, attempt, done, failed, type Outcome } from "../outcome.ts";
import { oneByOne } from "./batch.ts";
import { contentFromMime, isInside, isUntold, messageFromMime } from "./mime-only.ts";
import { t } from "./namespaces.ts";
import { getAttachment, getAttachmentContent, type Opened } from "./operations/get-attachment.ts";
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

/** The message inside each item attachment. It has no id of its own: it bears that of the attachment. What the server does not say of it, its MIME does. */
export async function* attachedMessages(mailbox: EwsMailbox, attachmentIds: readonly string[]): AsyncIterable<Outcome<Message>> {
  const detail = { recipients: true, attachments: true, headers: true, body: "text" } as const;
  let index = 0;
  for await (const outcome of askedOf(
    // The same id may be asked twice, and then has two answers.
    attachmentIds.map((id) => ({ id })),
    ({ id }) => !isInside(id),
    (asked) => mailbox.each(getAttachment, asked, (some) => ({ ids: some.map(({ id }) => id), detail }), { batchSize: attachedBatch }),
    () => done<Opened>({ attachment: { id: "", kind: "item" }, item: { itemId: "" } }),
  )) {
    const id = attachmentIds[index++] ?? "";
    if (!outcome.ok) yield outcome;
    else if (outcome.value.attachment.kind !== "item")
      yield failed(new Failure("invalid-input", "This attachment is not an attached message."));
    else if (outcome.value.item === undefined) yield failed(new Failure("unreadable", "Exchange gave no item for this attachment."));
    else yield await completed(mailbox, id, outcome.value.item);
  }
}

async function completed(mailbox: EwsMailbox, id: string, item: Message): Promise<Outcome<Message>> {
  const named = { ...item, itemId: item.itemId || id };
  if (!isUntold(item)) return done(named);
  const read = await attempt(() => messageFromMime(mailbox, id));
  if (!read.ok && read.failure.code === "cancelled") throw read.failure;
  const said = Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined));
  return read.ok ? done({ ...read.value, ...said }) : read;
}

/** The bytes of each attachment, one request each. What a reference attachment links to is never fetched. */
export function attachmentContent(mailbox: EwsMailbox, asked: readonly Attachment[]): AsyncIterable<Outcome<Content>> {
  return oneByOne(asked, async ({ id, kind, size }) => {
    if (kind === "reference") throw new Failure("unsupported", "This attachment is a link to a file elsewhere; links are not followed.");
    if (isInside(id)) return await contentFromMime(mailbox, id);
    const { bytes } = await mailbox.stream(getAttachmentContent, { id, kind }, kind === "item" ? mimeContent : fileContent);
    if (bytes !== undefined) return { bytes };
    // Of an empty file there is no content to be sent.
    if (kind === "file" && size === 0) return { bytes: nothing() };
    throw new Failure("unreadable", "Exchange gave no content for this attachment.");
  });
}

async function* nothing(): AsyncIterable<Uint8Array> {}
