import { type Attachment, holdsOthers } from "../../exchange/attachment.ts";
import type { Content, Message } from "../../exchange/message.ts";
import { Failure } from "../../failure.ts";
import type { PartReader } from "../../message-content/attached-parts.ts";
import { attempt, done, failed, type Outcome, runForSome } from "../../outcome.ts";
import { beginsAsMessage } from "../../wire/mime/check-message-start.ts";
import { t } from "../namespaces.ts";
import { getAttachment, getAttachmentContent } from "../operations/get-attachment.ts";
import { getItemAttachments, getItemMime } from "../operations/get-item.ts";
import { oneByOne } from "../session/batch.ts";
import type { EwsMailbox } from "../session/mailbox.ts";
import { isNestedPart, parseAttachmentId } from "./attachment-ids.ts";

const mimeContent = [t("MimeContent")];
const fileContent = [t("Content")];

/** Returns the RFC 5322 form of each message, with one request each: a reply can stream only one content. */
export function mime(mailbox: EwsMailbox, itemIds: readonly string[]): AsyncIterable<Outcome<Content>> {
  return oneByOne(itemIds, async (id) => {
    const { bytes } = await mailbox.stream(getItemMime, { id }, mimeContent);
    if (bytes === undefined) throw new Failure("unreadable", "Exchange returned no MIME content for this item.");
    return { bytes: beginsAsMessage(bytes) };
  });
}

export function attachments(mailbox: EwsMailbox, itemIds: readonly string[]): AsyncIterable<Outcome<readonly Attachment[]>> {
  return mailbox.each(getItemAttachments, itemIds, (ids) => ids.map((id) => ({ id })));
}

// Each reply has a whole message with its body.
const attachedBatch = 20;

/**
 * Returns the message inside each item attachment, or the parts inside a file. It has no id of its own, so it gets that of the attachment. Exchange
 * opens attached messages; parts inside a file are read from the file, and each has the id of the file, a full stop and its number.
 */
export async function* attachedMessages(mailbox: EwsMailbox, requested: readonly Attachment[]): AsyncIterable<Outcome<Message>> {
  const isOpened = ({ id, kind }: Attachment) => kind === "item" && !id.includes(".");
  // Files come first, one download each: no other content occupies a place in the queue meanwhile.
  const files = requested.filter((one) => !isOpened(one));
  const read = new Map<Attachment, Outcome<Message>>();
  if (files.length > 0) {
    const inside = await partReaderFor(mailbox, files);
    let index = 0;
    let given = 0;
    try {
      for await (const outcome of oneByOne(files, (file) => readFileParts(mailbox, inside, file, index++))) {
        const file = files[given++];
        if (file !== undefined) read.set(file, outcome);
      }
    } finally {
      await inside.leave();
    }
  }
  yield* runForSome(
    requested,
    isOpened,
    (some) =>
      openItemAttachments(
        mailbox,
        some.map(({ id }) => id),
      ),
    (one) => read.get(one) ?? failed(notAMessage()),
  );
}

function notAMessage(): Failure {
  return new Failure("invalid-input", "This attachment is not an attached message.");
}

async function readFileParts(mailbox: EwsMailbox, inside: PartReader, file: Attachment, index: number): Promise<Message> {
  if (!holdsOthers(file)) throw notAMessage();
  const { readAttached } = await import("../../message-content/attached-message.ts");
  if (!isNestedPart(file.id)) return readAttached((await download(mailbox, file.id)) ?? noBytes(), file.id, false);
  const { isMessage, bytes } = await inside.open(index);
  if (file.kind === "item" && !isMessage) throw notAMessage();
  return readAttached(bytes, file.id, isMessage);
}

async function partReaderFor(mailbox: EwsMailbox, requested: readonly Attachment[]): Promise<PartReader> {
  const places = requested.map(({ id }) => parseAttachmentId(id));
  const { openPartReader } = await import("../../message-content/attached-parts.ts");
  return openPartReader(
    places.map((place) => (place.inside.length > 0 ? place : undefined)),
    async (holder) => {
      const bytes = await download(mailbox, holder);
      if (bytes === undefined) throw new Failure("unreadable", "Exchange returned no content for the attachment that contains it.");
      return bytes;
    },
  );
}

/** Downloads a file, or an attached message as MIME: the id does not show which it is. */
async function download(mailbox: EwsMailbox, id: string): Promise<AsyncIterable<Uint8Array> | undefined> {
  return (await mailbox.stream(getAttachmentContent, { id, kind: "item" }, [...fileContent, ...mimeContent])).bytes;
}

async function* openItemAttachments(mailbox: EwsMailbox, attachmentIds: readonly string[]): AsyncIterable<Outcome<Message>> {
  const detail = { recipients: true, attachments: true, headers: true, body: "text" } as const;
  let index = 0;
  for await (const outcome of mailbox.each(getAttachment, attachmentIds, (ids) => ({ ids, detail }), { batchSize: attachedBatch })) {
    const id = attachmentIds[index++] ?? "";
    if (!outcome.ok) yield outcome;
    else if (outcome.value.attachment.kind !== "item") yield failed(notAMessage());
    else if (outcome.value.item === undefined) yield failed(new Failure("unreadable", "Exchange returned no item for this attachment."));
    else yield await completeFromMime(mailbox, id, outcome.value.item);
  }
}

/** Completes an attached message. Some servers return it as MIME only, without its properties or attachments, so it is read from that. */
async function completeFromMime(mailbox: EwsMailbox, id: string, item: Message): Promise<Outcome<Message>> {
  const named = { ...item, itemId: item.itemId || id };
  if (!lacksProperties(item)) return done(named);
  const read = await attempt(async () => {
    const bytes = await download(mailbox, id);
    if (bytes === undefined) throw new Failure("unreadable", "The server returned neither properties nor MIME for this attached message.");
    return (await import("../../message-content/attached-message.ts")).readAttached(bytes, id);
  });
  if (!read.ok && read.failure.code === "cancelled") throw read.failure;
  const members = Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined));
  return read.ok ? done({ ...read.value, ...members }) : read;
}

/** Tells whether the server returned no properties of an attached message, or left out its attachments. */
function lacksProperties({ itemId: _, ...members }: Message): boolean {
  return (
    Object.values(members).every((value) => value === undefined) || (members.hasAttachments === true && members.attachments === undefined)
  );
}

/**
 * Returns the bytes of each attachment, with one request each. Parts inside one file share a download. The target of a reference attachment is never
 * fetched.
 */
export async function* attachmentContent(mailbox: EwsMailbox, requested: readonly Attachment[]): AsyncIterable<Outcome<Content>> {
  const inside = requested.some(({ id }) => id.includes(".")) ? await partReaderFor(mailbox, requested) : undefined;
  let index = 0;
  const contents = oneByOne(requested, async ({ id, kind, size }) => {
    const place = index++;
    if (inside !== undefined && isNestedPart(id)) return { bytes: (await inside.open(place)).bytes };
    if (kind === "reference") throw new Failure("unsupported", "This attachment is a link to a file elsewhere; links are not followed.");
    const { bytes } = await mailbox.stream(getAttachmentContent, { id, kind }, kind === "item" ? mimeContent : fileContent);
    if (bytes !== undefined) return { bytes: kind === "item" ? beginsAsMessage(bytes) : bytes };
    // An empty file has no content in the reply.
    if (kind === "file" && size === 0) return { bytes: noBytes() };
    throw new Failure("unreadable", "Exchange returned no content for this attachment.");
  });
  try {
    yield* contents;
  } finally {
    await inside?.leave();
  }
}

async function* noBytes(): AsyncIterable<Uint8Array> {}
