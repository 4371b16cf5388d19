import { objectIdOf } from "../../sign-in/issue-token.ts";
import { accessDenied, badRequest } from "../errors.ts";
import { isObject, type Json, parameterOf } from "../json.ts";
import { jsonOf, type Operation } from "../operation.ts";
import { valueReply } from "../reply.ts";
import { messageAt } from "../sign-in/access.ts";
import { uploadPath } from "../uploads/upload-address.ts";
import { checkParameters, isGuarded } from "./message-changes.ts";
import { messagePaths } from "./messages.ts";

// https://learn.microsoft.com/en-us/graph/outlook-large-attachments
const smallest = 3 * 1024 * 1024;
const largest = 150 * 1024 * 1024;

const textOf = (value: Json | undefined): string | undefined => (typeof value === "string" ? value : undefined);

/** @see https://learn.microsoft.com/en-us/graph/api/attachment-createuploadsession */
export const createUploadSession: Operation = {
  name: "attachment-createuploadsession",
  method: "POST",
  paths: messagePaths("/attachments/createUploadSession"),
  permissions: ["Mail.ReadWrite"],
  of: "exchange",
  handle(call) {
    const item = messageAt(call);
    if (isGuarded(item, "attachments", call)) throw accessDenied();
    const body = jsonOf(call.request);
    checkParameters(body, "createUploadSession", ["AttachmentItem"]);
    const given = parameterOf(body, "AttachmentItem");
    const wanted = isObject(given) ? given : {};
    const known = ["attachmenttype", "name", "size", "contenttype", "contentid", "isinline"];
    const strange = Object.keys(wanted).find((name) => !name.includes("@") && !known.includes(name.toLowerCase()));
    if (strange !== undefined) {
      const text = `The property '${strange}' does not exist on type 'microsoft.graph.attachmentItem'. Make sure to only use property names that are defined by the type.`;
      throw badRequest(text, "RequestBodyRead");
    }
    const [name, size] = [textOf(parameterOf(wanted, "name")), parameterOf(wanted, "size")];
    if (textOf(parameterOf(wanted, "attachmentType"))?.toLowerCase() !== "file")
      throw badRequest("Only attachments of the type file can be uploaded in pieces.", "ErrorInvalidRequest");
    if (name === undefined || typeof size !== "number" || !Number.isInteger(size))
      throw badRequest("Required property is missing.", "ErrorRequiredPropertyMissing");
    if (size < smallest)
      throw badRequest("The attachment is too small for an upload session.", "ErrorAttachmentSizeShouldNotBeLessThanMinimumSize");
    if (size > largest) throw badRequest("The attachment size exceeds the allowable limit.", "ErrorAttachmentSizeLimitExceeded");
    const attachment = {
      kind: "file" as const,
      name,
      contentType: textOf(parameterOf(wanted, "contentType")),
      contentId: textOf(parameterOf(wanted, "contentId")),
      isInline: parameterOf(wanted, "isInline") === true,
    };
    const upload = call.uploads.begin({ mailbox: call.mailbox, message: item.identity, attachment, size }, call.store.now());
    const reply = {
      uploadUrl: call.uploadOrigin() + uploadPath(objectIdOf(call.mailbox.user), item.id, upload.token),
      expirationDateTime: upload.expiresAt.toISOString(),
      nextExpectedRanges: ["0-"],
    };
    return { ...valueReply(reply, "microsoft.graph.uploadSession"), status: 201 };
  },
};
