import { type AnyItem, previewOf, storedItemOf } from "../../ews/items/item-facts.ts";
import type { LabAddress } from "../../store/address.ts";
import type { EmbeddedItem, Flag, LabAttachment } from "../../store/item.ts";
import type { LabItem } from "../../store/mailbox.ts";
import { entryOf } from "../../store/meetings.ts";
import { bodyAs } from "../../store/text.ts";
import { GraphError } from "../errors.ts";
import { attachmentId, itemId, restId } from "../ids.ts";
import { type Json, type JsonObject, timeJson, withComputed } from "../json.ts";
import type { Row, Searched } from "../row.ts";
import { eventRow } from "./event-json.ts";
import { extendedValueOf } from "./extended-properties.ts";
import type { ReplyFormat } from "./reply-format.ts";
import { safeHtml } from "./safe-html.ts";

export type { ReplyFormat } from "./reply-format.ts";

const onlySelected: ReadonlySet<string> = new Set(["internetMessageHeaders", "uniqueBody"]);

export function recipientJson(address: LabAddress): JsonObject {
  return { emailAddress: { name: address.name ?? address.address ?? "", address: address.address ?? "" } };
}

const recipientOrNull = (address: LabAddress | undefined): Json => (address === undefined ? null : recipientJson(address));

function flagJson({ status, startAt, dueAt, completeAt }: Flag): JsonObject {
  const time = (name: string, date: Date | undefined): JsonObject =>
    date === undefined ? {} : { [name]: { dateTime: date.toISOString().replace("Z", "0000"), timeZone: "UTC" } };
  return {
    flagStatus: status === "NotFlagged" ? "notFlagged" : status === "Flagged" ? "flagged" : "complete",
    ...time("startDateTime", startAt),
    ...time("dueDateTime", dueAt),
    ...time("completedDateTime", completeAt),
  };
}

function bodyJson(item: AnyItem, { bodyType: type, isUnsafe }: ReplyFormat): JsonObject {
  const body = bodyAs(item, type === undefined ? "Best" : type === "text" ? "Text" : "HTML");
  if (body.type !== "HTML") return { contentType: "text", content: body.value };
  return { contentType: "html", content: isUnsafe === true ? body.value : safeHtml(body.value) };
}

/** The properties of a message in a folder and of an attached message. */
function contentJson(item: AnyItem): JsonObject {
  return {
    categories: item.categories,
    receivedDateTime: timeJson(item.receivedAt),
    sentDateTime: timeJson(item.sentAt ?? (item.isDraft ? item.receivedAt : undefined)),
    hasAttachments: item.hasAttachments,
    internetMessageId: item.internetMessageId ?? null,
    subject: item.subject,
    importance: item.importance.toLowerCase(),
    conversationId: item.conversationId === undefined ? null : restId(item.conversationId),
    conversationIndex: item.conversationIndex === undefined ? null : Buffer.from(item.conversationIndex).toString("base64"),
    // Only sent messages have requests for receipts; in received ones the first is null, as in the service.
    isDeliveryReceiptRequested: item.isDeliveryReceiptRequested ? true : item.isDraft ? false : null,
    isReadReceiptRequested: item.isReadReceiptRequested,
    isRead: item.isRead,
    isDraft: item.isDraft,
    inferenceClassification: "focused",
    sender: recipientOrNull(item.sender),
    from: recipientOrNull(item.from),
    toRecipients: item.to.map(recipientJson),
    ccRecipients: item.cc.map(recipientJson),
    bccRecipients: item.bcc.map(recipientJson),
    replyTo: item.replyTo.map(recipientJson),
    flag: flagJson(item.flag),
  };
}

/** Returns long properties, computed only for a reply that shows them or a filter that reads them. */
function longProperties(item: AnyItem, format: ReplyFormat): Readonly<Record<string, () => Json>> {
  if (format.isBasic === true) return {};
  return {
    bodyPreview: () => previewOf(item),
    body: () => bodyJson(item, format),
    uniqueBody: () => bodyJson(item, format),
    internetMessageHeaders: () => item.headers.map(({ name, value }) => ({ name, value })),
  };
}

/** @see https://learn.microsoft.com/en-us/graph/api/resources/message */
export function messageRow(item: LabItem, format: ReplyFormat): Row {
  return new MessageRow(item, format);
}

/** A row whose properties are written when they are read: a list writes those of one page, whatever the size of the folder. */
class MessageRow implements Row {
  readonly onlySelected = onlySelected;
  readonly #item: LabItem;
  readonly #format: ReplyFormat;
  #written: JsonObject | undefined;

  constructor(item: LabItem, format: ReplyFormat) {
    this.#item = item;
    this.#format = format;
  }

  get properties(): JsonObject {
    this.#written ??= propertiesOf(this.#item, this.#format);
    return this.#written;
  }

  get exact(): Row["exact"] {
    const { receivedAt, sentAt, createdAt, modifiedAt } = this.#item;
    return { receivedDateTime: receivedAt, sentDateTime: sentAt, createdDateTime: createdAt, lastModifiedDateTime: modifiedAt };
  }

  get expanded(): Row["expanded"] {
    return extras(this.#item, this.#format, this.#item).expanded;
  }

  get extended(): Row["extended"] {
    return extras(this.#item, this.#format, this.#item).extended;
  }

  searched(): Searched {
    return searchedOf(this.#item);
  }
}

function propertiesOf(item: LabItem, format: ReplyFormat): JsonObject {
  const type: JsonObject = item.meeting !== undefined && /^IPM\.Schedule/i.test(item.itemClass) ? { "@odata.type": typeOf(item) } : {};
  return withComputed(
    {
      "@odata.etag": `W/"${item.changeKey}"`,
      ...type,
      id: itemId(item, format.ids),
      createdDateTime: timeJson(item.createdAt),
      lastModifiedDateTime: timeJson(item.modifiedAt),
      changeKey: item.changeKey,
      parentFolderId: restId(item.folder.id),
      webLink: `https://outlook.office365.com/owa/?ItemID=${encodeURIComponent(item.id)}&exvsurl=1&viewmodel=ReadMessageItem`,
      ...contentJson(item),
    },
    longProperties(item, format),
  );
}

/** The message that an attachment holds: it has no folder, and an id that names nothing. */
export function embeddedRow(item: EmbeddedItem, format: ReplyFormat, root: LabItem): Row {
  return {
    ...extras(item, format, root),
    properties: withComputed(
      { "@odata.type": typeOf(item), id: "", createdDateTime: timeJson(item.receivedAt), ...contentJson(item) },
      longProperties(item, format),
    ),
  };
}

function typeOf(item: AnyItem): string {
  if (/^IPM\.Schedule\.Meeting\.Request/i.test(item.itemClass)) return "#microsoft.graph.eventMessageRequest";
  if (/^IPM\.Schedule\.Meeting\.Resp/i.test(item.itemClass)) return "#microsoft.graph.eventMessageResponse";
  if (/^IPM\.Schedule\.Meeting/i.test(item.itemClass)) return "#microsoft.graph.eventMessage";
  if (/^IPM\.Contact/i.test(item.itemClass)) return "#microsoft.graph.contact";
  return /^IPM\.Appointment/i.test(item.itemClass) ? "#microsoft.graph.event" : "#microsoft.graph.message";
}

function extras(item: AnyItem, format: ReplyFormat, root: LabItem): Omit<Row, "properties"> {
  const searched = () => searchedOf(item);
  if (format.isBasic === true) return { onlySelected, searched };
  return {
    onlySelected,
    expanded(navigation) {
      if (navigation === "attachments") return item.attachments.map((attachment) => attachmentRow(root, attachment, format));
      if (navigation !== "event") return undefined;
      const entry = entryOf(root);
      return entry && eventRow(entry, format);
    },
    extended: (id) => extendedValueOf(item, id),
    searched,
  };
}

function searchedOf(item: AnyItem): Searched {
  const words = (all: readonly LabAddress[]): string[] => all.flatMap(({ name = "", address = "" }) => [name, address]);
  return {
    subject: item.subject,
    body: item.text,
    from: words([item.from, item.sender].filter((one) => one !== undefined)),
    to: words(item.to),
    cc: words(item.cc),
    bcc: words(item.bcc),
    attachments: item.attachments.map(({ name }) => name ?? ""),
    received: item.receivedAt ?? storedItemOf(item)?.createdAt ?? new Date(0),
    sent: item.sentAt,
    size: item.size,
    hasAttachments: item.hasAttachments,
    importance: item.importance.toLowerCase(),
  };
}

/** Bytes of a file. Throws GraphError for one that the store cannot give out. */
export function contentOf(attachment: LabAttachment): Uint8Array {
  if (attachment.unreadable === true)
    throw new GraphError(500, "ErrorCannotOpenFileAttachment", "The file attachment could not be opened.");
  return attachment.content ?? new Uint8Array(0);
}

/**
 * @see https://learn.microsoft.com/en-us/graph/api/resources/fileattachment
 * @see https://learn.microsoft.com/en-us/graph/api/resources/itemattachment
 */
export function attachmentRow(item: LabItem, attachment: LabAttachment, format: ReplyFormat): Row {
  const common: JsonObject = {
    id: attachmentId(item, attachment, format.ids),
    lastModifiedDateTime: timeJson(attachment.modifiedAt),
    name: attachment.name ?? null,
    contentType: attachment.contentType ?? null,
    size: attachment.size,
    isInline: attachment.isInline,
  };
  const inner = attachment.item;
  if (attachment.kind === "reference") return { properties: { "@odata.type": "#microsoft.graph.referenceAttachment", ...common } };
  if (inner !== undefined) {
    return {
      properties: { "@odata.type": "#microsoft.graph.itemAttachment", ...common },
      expanded: (navigation) =>
        /^(microsoft\.graph\.itemattachment\/)?item$/i.test(navigation) ? embeddedRow(inner, format, item) : undefined,
    };
  }
  const file: JsonObject = {
    "@odata.type": "#microsoft.graph.fileAttachment",
    "@odata.mediaContentType": attachment.contentType ?? "application/octet-stream",
    ...common,
    contentId: attachment.contentId ?? null,
    contentLocation: attachment.contentLocation ?? null,
  };
  // Base64 is made only if the reply contains it.
  return { properties: withComputed(file, { contentBytes: () => Buffer.from(contentOf(attachment)).toString("base64") }) };
}
