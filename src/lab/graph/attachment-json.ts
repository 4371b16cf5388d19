import type { LabAttachment, LabItem } from "../item.ts";
import { GraphError } from "./errors.ts";
import { attachmentId } from "./ids.ts";
import { type JsonObject, timeJson, withComputed } from "./json.ts";
import { embeddedRow, type Manner } from "./message-json.ts";
import type { Row } from "./row.ts";

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
export function attachmentRow(item: LabItem, attachment: LabAttachment, manner: Manner): Row {
  const common: JsonObject = {
    id: attachmentId(item, attachment, manner.ids),
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
        /^(microsoft\.graph\.itemattachment\/)?item$/i.test(navigation) ? embeddedRow(inner, manner, item) : undefined,
    };
  }
  const file: JsonObject = {
    "@odata.type": "#microsoft.graph.fileAttachment",
    "@odata.mediaContentType": attachment.contentType ?? "application/octet-stream",
    ...common,
    contentId: attachment.contentId ?? null,
    contentLocation: attachment.contentLocation ?? null,
  };
  // Base64 is made only where the reply holds it.
  return { properties: withComputed(file, { contentBytes: () => Buffer.from(contentOf(attachment)).toString("base64") }) };
}
