// src/graph/messages/: Reads messages, attachments and contacts by id.

import type { Attachment, AttachmentKind } from "../../exchange/attachment.ts";
import { Failure } from "../../failure.ts";
import type { PartLocation } from "../../message-content/attached-parts.ts";
import { flagIn, type JsonObject, numberIn, textIn } from "../session/read-json.ts";

/** What hangs on a message itself, as requests name it. */
export interface AttachmentName {
  readonly messageId: string;
  readonly attachmentId: string;
}

/**
 * Where an attachment is. Graph reaches one only by way of its message, so an id of ours is the message's id, a full stop (which stands in no id
 * of Graph) and the attachment's. Inside an attached message Graph reaches nothing: there each part has the number that it has in that message,
 * counted from 1, so that `….….2.3` is the third part of the message that is the second part of the attached one.
 */
export interface AttachmentLocation extends AttachmentName {
  /** Empty for what hangs on the message itself. */
  readonly inside: readonly number[];
}

/** A thousand parts, a hundred deep: nothing that we list is further in. */
const maxPartDepth = 100;

/** Throws Failure `invalid-input` for what is no id of an attachment. */
export function parseAttachmentId(id: string): AttachmentLocation {
  const [messageId = "", attachmentId = "", ...numbers] = id.split(".");
  const isPlace = messageId !== "" && attachmentId !== "" && numbers.length <= maxPartDepth;
  if (isPlace && numbers.every((number) => /^[1-9]\d{0,3}$/.test(number))) return { messageId, attachmentId, inside: numbers.map(Number) };
  const form = "<message id>.<attachment id>, and with the numbers of parts behind it inside an attached message";
  throw new Failure("invalid-input", `This is no id of an attachment as Microsoft Graph and mailcordon give them: ${form}.`, {
    hint: "Ids of attachments hold for the back end that gave them: those of Exchange Web Services name nothing here, and Microsoft translates none. List the attachments of the message, and take the ids from there.",
  });
}

/**
 * An attachment as a list of them has it; `messageId`: the id of its message. Undefined for one without an id: nothing can be asked about it.
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

/** As what is downloaded and where in it, for `openInside`. */
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
