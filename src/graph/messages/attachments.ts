import { type Attachment, holdsOthers } from "../../exchange/attachment.ts";
import type { Message } from "../../exchange/message.ts";
import { contradiction } from "../../exchange/search/contradiction.ts";
import { Failure } from "../../failure.ts";
import type { OpenedPart } from "../../message-content/read-in-one-pass.ts";
import { attempt, done, failed, type Outcome } from "../../outcome.ts";
import { beginsAsMessage } from "../../wire/mime/check-message-start.ts";
import { mayBeDone } from "../failures.ts";
import { deleteAttachment } from "../requests/attachment-delete.ts";
import { getAttachedItem, getAttachmentKind, getAttachmentValue } from "../requests/attachment-get.ts";
import { listAttachments } from "../requests/message-list-attachments.ts";
import { getMessage } from "../requests/messages.ts";
import type { GraphMailbox } from "../session/mailbox.ts";
import { oneByOne } from "../session/one-by-one.ts";
import { endsShort } from "../session/paging.ts";
import { objectIn, textIn } from "../session/read-json.ts";
import { type AttachmentLocation, attachmentOf, attachmentsOf, parseAttachmentId } from "./attachment-ids.ts";
import { attachmentsAround } from "./attachments-around.ts";
import { dropBytes, partReaderFor } from "./message-content.ts";
import { messageOf } from "./message-reader.ts";

/** Returns the attachments of each message; one that cannot be read does not hide the others. */
export async function* attachments(mailbox: GraphMailbox, itemIds: readonly string[]): AsyncIterable<Outcome<readonly Attachment[]>> {
  let index = 0;
  for await (const first of mailbox.each(listAttachments, itemIds)) {
    const id = itemIds[index++] ?? "";
    if (!first.ok) {
      yield await attachmentsAround(mailbox, id, first.failure, itemIds.length > 1);
      continue;
    }
    const { items, next } = first.value;
    let last: Omit<typeof first.value, "items"> = first.value;
    let given = last.length;
    const rest = await attempt(async () => {
      const all = [...attachmentsOf(items, id)];
      if (next !== undefined) {
        for await (const page of mailbox.pages(listAttachments, id, next)) {
          for (const one of attachmentsOf(page.items, id)) all.push(one);
          last = page;
          given += page.length;
        }
      }
      if (endsShort(last, given - last.length)) throw contradiction(last.count ?? 0, given, "attachments");
      return all;
    });
    if (!rest.ok && rest.failure.code === "cancelled") throw rest.failure;
    yield rest.ok ? rest : await attachmentsAround(mailbox, id, rest.failure, next === undefined);
  }
}

/** Returns the message inside each item attachment, or the parts inside a file. It has no id of its own, so it gets that of the attachment. */
export async function* attachedMessages(mailbox: GraphMailbox, requested: readonly Attachment[]): AsyncIterable<Outcome<Message>> {
  const places = await Promise.all(requested.map((one) => attempt(async () => openableLocation(one))));
  // Attachments of a message itself are requested separately: no other content occupies a place in the queue meanwhile.
  const inside = await partReaderFor(
    mailbox,
    places.map((place) => (place.ok && place.value.inside.length > 0 ? place.value : undefined)),
  );
  try {
    yield* oneByOne([...places.entries()], async ([index, place]) => {
      if (!place.ok) throw place.failure;
      const { id, kind } = requested[index] ?? { id: "", kind: "item" };
      const isItem = kind === "item";
      if (inside !== undefined && place.value.inside.length > 0) return await readMessageIn(await inside.open(index), id, isItem);
      if (!isItem)
        return await readMessageIn({ isMessage: false, bytes: await mailbox.stream(getAttachmentValue, place.value) }, id, isItem);
      return await attachedMessage(mailbox, place.value, id);
    });
  } finally {
    await inside?.leave();
  }
}

function openableLocation(attachment: Attachment): AttachmentLocation {
  if (!holdsOthers(attachment)) throw notAMessage();
  return parseAttachmentId(attachment.id);
}

async function attachedMessage(mailbox: GraphMailbox, place: AttachmentLocation, id: string): Promise<Message> {
  // The kind is requested first, because a file would arrive with all its content.
  const kind = attachmentOf(await mailbox.ask(getAttachmentKind, place), place.messageId)?.kind;
  if (kind !== "item") throw notAMessage();
  const attachment = await mailbox.ask(getAttachedItem, place);
  const item = objectIn(attachment, "item");
  if (item === undefined) throw new Failure("unreadable", "Exchange returned no item for this attachment.");
  const messageItem = messageOf(item);
  const message = { ...messageItem, itemId: id, subject: textIn(item, "subject") ?? textIn(attachment, "name") };
  if (!isOfMessage(textIn(item, "@odata.type"))) return message;
  // Graph returns Exchange's properties of the message; only its MIME form shows its attachments.
  const whole = { isMessage: true, bytes: beginsAsMessage(await mailbox.stream(getAttachmentValue, place)) };
  const { attachments: inner, headers, unlisted } = await readMessageIn(whole, id, true);
  return { ...message, headers: message.headers ?? headers, attachments: inner, unlisted };
}

/** Tells whether an item is a message. For a contact or an event Graph returns none. An item without a type counts as a message. */
function isOfMessage(type: string | undefined): boolean {
  return type === undefined || /\.(message|eventMessage\w*)$/i.test(type);
}

/** Reads an attached message and its attachments from MIME. */
async function readMessageIn({ isMessage, bytes }: OpenedPart, id: string, isItem: boolean): Promise<Message> {
  if (isMessage || !isItem) return (await import("../../message-content/attached-message.ts")).readAttached(bytes, id, isItem);
  await dropBytes(bytes);
  throw notAMessage();
}

function notAMessage(): Failure {
  return new Failure("invalid-input", "This attachment is not an attached message.");
}

/** Deletes attachments. The values have no change key, because Graph returns none. */
export async function* deleteAttachments(
  mailbox: GraphMailbox,
  attachmentIds: readonly string[],
): AsyncIterable<Outcome<{ readonly changeKey?: string | undefined }>> {
  const places = await onlyAllowed(mailbox, await Promise.all(attachmentIds.map((id) => attempt(async () => parseTopLevelId(id)))));
  const deleted = mailbox
    .each(
      deleteAttachment,
      places.flatMap((place) => (place.ok ? [place.value] : [])),
      // Two requests of a batch may run at the same time, and each changes the version of the message, so one of them would be refused.
      { batchSize: 1 },
    )
    [Symbol.asyncIterator]();
  for (const place of places) {
    if (!place.ok) {
      yield place;
      continue;
    }
    const next = await deleted.next();
    if (next.done === true) yield failed(new Failure("internal", "There were fewer outcomes than items."));
    else yield next.value.ok ? next.value : await explainRefusal(mailbox, place.value, next.value.failure);
  }
}

/** Refuses attachments of other messages without a request, where only drafts may be changed. Throws Failure `cancelled`. */
async function onlyAllowed(
  mailbox: GraphMailbox,
  places: readonly Outcome<AttachmentLocation>[],
): Promise<readonly Outcome<AttachmentLocation>[]> {
  if (mailbox.behaviour.deleteAttachments === "try") return places;
  const holders = [...new Set(places.flatMap((place) => (place.ok ? [place.value.messageId] : [])))];
  const read = new Map<string, Outcome<Message>>();
  let next = 0;
  for await (const outcome of mailbox.each(
    getMessage,
    holders.map((itemId) => ({ itemId, detail: {} })),
  ))
    read.set(holders[next++] ?? "", outcome);
  return places.map((place) => {
    const holder = place.ok ? read.get(place.value.messageId) : undefined;
    if (holder === undefined || (holder.ok && holder.value.isDraft === true)) return place;
    return failed(holder.ok ? draftsOnly() : holder.failure);
  });
}

function draftsOnly(): Failure {
  return new Failure("unsupported", "Over this connection attachments are deleted from drafts only: nothing was requested.", {
    hint: "Keep a copy as evidence and delete the message; or set graph.delete_attachments to try.",
  });
}

function parseTopLevelId(id: string) {
  const place = parseAttachmentId(id);
  if (place.inside.length === 0) return place;
  throw new Failure("unsupported", "This attachment is inside an attached message, from which Microsoft Graph deletes nothing.", {
    hint: "Delete the attached message instead; a copy of it is kept first.",
  });
}

/**
 * Explains a refusal. Graph reports a missing attachment as forbidden. Microsoft has announced that from 2026-12-31 only Mail-Advanced permissions
 * allow changes to received mail, and does not say whether this includes attachments.
 */
async function explainRefusal(
  mailbox: GraphMailbox,
  place: AttachmentLocation,
  failure: Failure,
): Promise<Outcome<{ readonly changeKey?: string }>> {
  const isLost = mayBeDone(failure);
  if (!isLost && failure.code !== "access-denied" && failure.code !== "role-missing") return failed(failure);
  const message = await attempt(() => mailbox.ask(getMessage, { itemId: place.messageId, detail: {} }));
  const looked = message.ok ? await attempt(() => mailbox.ask(getAttachmentKind, place)) : message;
  if (!looked.ok && looked.failure.code === "cancelled") throw looked.failure;
  // After a lost reply one check decides: the message exists, and the attachment does not.
  if (isLost) return message.ok && !looked.ok && looked.failure.code === "not-found" ? done({}) : failed(failure);
  if (!looked.ok && looked.failure.code === "not-found") return failed(looked.failure);
  // Drafts are not protected, so a refusal there has another cause.
  if (message.ok && message.value.isDraft === true) return failed(failure);
  const { code, message: text, wireCode, requestId, backOffMs } = failure;
  const hint =
    "The message was received: to take attachments out of it, an application may need Mail-Advanced.ReadWrite.All besides Mail.ReadWrite. Or keep a copy as evidence and delete the message.";
  return failed(new Failure(code, text, { hint, wireCode, requestId, backOffMs, cause: failure }));
}
