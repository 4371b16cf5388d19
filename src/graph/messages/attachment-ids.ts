// src/graph/messages/: Reads messages, attachments and contacts by id.

import type { Attachment, AttachmentKind } from "../../exchange/attachment.ts";
import { Failure } from "../../failure.ts";
import type { PartLocation } from "../../message-content/attached-parts.ts";
import { flagIn, type JsonObject, numberIn, textIn } from "../session/read-json.ts";

/** An attachment of a message itself, as requests name it. */
export interface AttachmentName {
  readonly messageId: string;
  readonly attachmentId: string;
}

/**
 * The location of an attachment. Graph reaches an attachment only through its message, so our id is the message's id, a full stop (which no Graph id
 * has) and the attachment's id. Graph does not reach parts inside an attached message: each has its number in that message, counted from 1, so
 * `….….2.3` is the third part of the message that is the second part of the attached one.
 */
export interface AttachmentLocation extends AttachmentName {
  /** Empty for an attachment of the message itself. */
  readonly inside: readonly number[];
}

/** Maximum depth of a part: mailcordon lists at most a thousand parts, a hundred levels deep. */
const maxPartDepth = 100;

/** Splits an attachment id. Throws Failure `invalid-input` for text that is not one. */
export function parseAttachmentId(id: string): AttachmentLocation {
  const [messageId = "", attachmentId = "", ...numbers] = id.split(".");
  const isPlace = messageId !== "" && attachmentId !== "" && numbers.length <= maxPartDepth;
  if (isPlace && numbers.every((number) => /^[1-9]\d{0,3}$/.test(number))) return { messageId, attachmentId, inside: numbers.map(Number) };
  const form = "<message id>.<attachment id>, and with the numbers of parts behind it inside an attached message";
  throw new Failure("invalid-input", `This is not an attachment id as mailcordon returns it for Microsoft Graph: ${form}.`, {
    hint: "List the attachments of the message, and use those ids. Attachment ids are valid only for the back end that returned them: Microsoft does not translate those of Exchange Web Services.",
  });
}

/**
 * Converts a listed attachment; `messageId` is the id of its message. Undefined for an attachment without an id, which cannot be requested.
 * @see https://learn.microsoft.com/en-us/graph/api/resources/attachment
 */
export function attachmentOf(json: JsonObject, messageId: string): Attachment | undefined {
  const id = textIn(json, "id");
  if (id === undefined || id === "") return undefined;
  return {
    id: `${messageId}.${id}`,
    kind: kindOf(textIn(json, "@odata.type")),
    name: textIn(json, "name"),
    contentType: textIn(json, "contentType"),
    contentId: textIn(json, "contentId"),
    size: numberIn(json, "size"),
    isInline: flagIn(json, "isInline"),
  };
}

/** Returns the downloaded attachment and the part inside it, for `openPartReader`. */
export function partLocationOf({ messageId, attachmentId, inside }: AttachmentLocation): PartLocation {
  return { holder: `${messageId}.${attachmentId}`, inside };
}

export function attachmentsOf(list: readonly JsonObject[], messageId: string): readonly Attachment[] {
  return list.map((one) => attachmentOf(one, messageId)).filter((one) => one !== undefined);
}

function kindOf(type: string | undefined): AttachmentKind {
  if (/\.itemAttachment$/i.test(type ?? "")) return "item";
  return /\.referenceAttachment$/i.test(type ?? "") ? "reference" : "file";
}
