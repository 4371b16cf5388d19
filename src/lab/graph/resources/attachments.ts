// src/lab/graph/resources/: One file per resource of Graph, with its requests.

import { mimeOf } from "../../mime/mime-of-item.ts";
import { StoreError } from "../../store/store-error.ts";
import { accessDenied, badRequest, GraphError } from "../errors.ts";
import { readAttachment } from "../items/message-from-json.ts";
import { attachmentRow, contentOf } from "../items/message-json.ts";
import { type Call, jsonOf, type Operation } from "../operation.ts";
import { contextOf, itemReply, listReply, noContent, replyFormatOf } from "../reply.ts";
import { attachmentAt, messageAt } from "../sign-in/access.ts";
import { isGuarded } from "./message-changes.ts";
import { messagePaths } from "./messages.ts";

const reading = ["Mail.Read", "Mail.ReadWrite"];
const writing = ["Mail.ReadWrite"];

const context = (call: Call): string => contextOf(call, `messages('${encodeURIComponent(call.parameter("message"))}')/attachments`);

/** @see https://learn.microsoft.com/en-us/graph/api/message-list-attachments */
export const listAttachments: Operation = {
  name: "message-list-attachments",
  method: "GET",
  paths: messagePaths("/attachments"),
  permissions: reading,
  of: "exchange",
  handle(call) {
    const item = messageAt(call);
    const rows = item.attachments.map((attachment) => attachmentRow(item, attachment, replyFormatOf(call)));
    return listReply(call, rows, "attachment", context(call));
  },
};

/** @see https://learn.microsoft.com/en-us/graph/api/attachment-get */
export const getAttachment: Operation = {
  name: "attachment-get",
  method: "GET",
  paths: messagePaths("/attachments/{attachment}"),
  permissions: reading,
  of: "exchange",
  handle(call) {
    const { item, attachment } = attachmentAt(call);
    return itemReply(call, attachmentRow(item, attachment, replyFormatOf(call)), "attachment", context(call));
  },
};

/** The bytes of a file, the MIME of a message. @see https://learn.microsoft.com/en-us/graph/api/attachment-get */
export const getAttachmentContent: Operation = {
  name: "attachment-get-value",
  method: "GET",
  paths: messagePaths("/attachments/{attachment}/$value"),
  permissions: reading,
  of: "exchange",
  handle(call) {
    const { attachment } = attachmentAt(call);
    if (attachment.kind === "reference")
      throw new GraphError(405, "ErrorInvalidRequest", "The content of a reference attachment cannot be read.");
    if (attachment.item !== undefined) return { status: 200, headers: { "Content-Type": "text/plain" }, body: mimeOf(attachment.item) };
    const type = /^[\x21-\x2e\x30-\x7e]+\/[\x21-\x7e]+$/.test(attachment.contentType ?? "") ? attachment.contentType : undefined;
    return { status: 200, headers: { "Content-Type": type ?? "application/octet-stream" }, body: contentOf(attachment) };
  },
};

/** @see https://learn.microsoft.com/en-us/graph/api/message-post-attachments */
export const addAttachment: Operation = {
  name: "message-post-attachments",
  method: "POST",
  paths: messagePaths("/attachments"),
  permissions: writing,
  of: "exchange",
  handle(call) {
    const item = messageAt(call);
    if (isGuarded(item, "attachments", call)) throw accessDenied();
    const given = readAttachment(jsonOf(call.request));
    try {
      const added = call.mailbox.addAttachment(item, given);
      return itemReply(call, attachmentRow(item, added, replyFormatOf(call)), "attachment", context(call), 201);
    } catch (error) {
      if (error instanceof StoreError && error.code === "attachment-too-deep")
        throw badRequest(error.message, "ErrorAttachmentNestLevelLimitExceeded");
      throw error;
    }
  },
};

/** @see https://learn.microsoft.com/en-us/graph/api/attachment-delete */
export const deleteAttachment: Operation = {
  name: "attachment-delete",
  method: "DELETE",
  paths: messagePaths("/attachments/{attachment}"),
  permissions: writing,
  of: "exchange",
  handle(call) {
    const { item, attachment } = attachmentAt(call);
    if (isGuarded(item, "attachments", call)) throw accessDenied();
    call.mailbox.removeAttachment(attachment.id);
    return noContent;
  },
};
