import type { Attachment, AttachmentKind } from "../exchange/attachment.ts";
import { Failure } from "../failure.ts";
import { flagIn, type JsonObject, numberIn, textIn } from "./json.ts";

/**
 * Where an attachment is. Graph reaches one only by way of its message, so an id of ours is the message's id, a full stop (which stands in no id
 * of Graph) and the attachment's; what hangs in an attached message has one more.
 */
export interface AttachmentPlace {
  readonly messageId: string;
  readonly attachmentId: string;
  readonly innerId?: string | undefined;
}

/** Throws Failure `invalid-input` for what is no id of an attachment. */
export function placeOf(id: string): AttachmentPlace {
  const [messageId = "", attachmentId = "", innerId, ...more] = id.split(".");
  if (messageId === "" || attachmentId === "" || innerId === "" || more.length > 0) {
    throw new Failure("invalid-input", "This is no id of an attachment as this back end gives them: <message id>.<attachment id>.", {
      hint: "List the attachments of the message, and take the ids from there.",
    });
  }
  return { messageId, attachmentId, innerId };
}

/**
 * An attachment as a list of them, or a message that was expanded, has it. `holder`: the id of its message, or that of the attachment inside which
 * its message is. Undefined for one without an id: nothing can be asked about it.
 * @see https://learn.microsoft.com/en-us/graph/api/resources/attachment
 */
export function attachmentOf(json: JsonObject, holder: string): Attachment | undefined {
  const id = textIn(json, "id");
  if (id === undefined || id === "") return undefined;
  return {
    id: `${holder}.${id}`,
    kind: kindOf(textIn(json, "@odata.type")),
    name: textIn(json, "name"),
    contentType: textIn(json, "contentType"),
    contentId: textIn(json, "contentId"),
    size: numberIn(json, "size"),
    isInline: flagIn(json, "isInline"),
  };
}

export function attachmentsOf(list: readonly JsonObject[], holder: string): readonly Attachment[] {
  return list.map((one) => attachmentOf(one, holder)).filter((one) => one !== undefined);
}

function kindOf(type: string | undefined): AttachmentKind {
  if (/\.itemAttachment$/i.test(type ?? "")) return "item";
  return /\.referenceAttachment$/i.test(type ?? "") ? "reference" : "file";
}
