import type { NewAttachment } from "../item.ts";
import { badRequest, GraphError } from "./errors.ts";
import { isObject, type Json, type JsonObject, memberOf } from "./json.ts";
import { readMessage } from "./message-from-json.ts";

/** Larger files need an upload session: https://learn.microsoft.com/en-us/graph/outlook-large-attachments */
const largest = 3 * 1024 * 1024;

function textOf(value: Json | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** Bytes of base64. Throws GraphError when it is none. */
export function bytesOf(text: string, code: string): Uint8Array {
  const tight = text.replace(/\s+/g, "");
  const bytes = Buffer.from(tight, "base64");
  if (bytes.toString("base64").replace(/(?<!=)=+$/, "") !== tight.replace(/(?<!=)=+$/, ""))
    throw badRequest("The content is not valid base64.", code);
  return bytes;
}

/**
 * A file, an item or a reference. Throws GraphError.
 * @see https://learn.microsoft.com/en-us/graph/api/message-post-attachments
 */
export function readAttachment(attachment: JsonObject): NewAttachment {
  const type = textOf(memberOf(attachment, "@odata.type"))?.replace(/^#?microsoft\.graph\./i, "");
  const fields = {
    name: textOf(memberOf(attachment, "name")),
    contentType: textOf(memberOf(attachment, "contentType")),
    contentId: textOf(memberOf(attachment, "contentId")),
    isInline: memberOf(attachment, "isInline") === true,
  };
  if (fields.name === undefined) throw badRequest("Required property is missing.", "ErrorRequiredPropertyMissing");
  if (type?.toLowerCase() === "fileattachment") {
    const base64 = textOf(memberOf(attachment, "contentBytes"));
    if (base64 === undefined) throw badRequest("Required property is missing.", "ErrorRequiredPropertyMissing");
    const content = bytesOf(base64, "UnableToDeserializePostBody");
    if (content.length > largest) {
      const text = "The attachment is larger than what one request may hold. Use an upload session.";
      throw new GraphError(413, "ErrorMessageSizeExceeded", text);
    }
    return { kind: "file", ...fields, content };
  }
  const item = memberOf(attachment, "item");
  if (type?.toLowerCase() === "itemattachment" && isObject(item)) {
    return { kind: "item", ...fields, item: { isRead: true, ...readMessage(item) } };
  }
  if (type?.toLowerCase() === "referenceattachment") return { kind: "reference", ...fields };
  throw badRequest("The type of the attachment is missing or not known.", "UnableToDeserializePostBody");
}
