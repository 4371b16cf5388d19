import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { createUploadSession } from "../../../src/graph/requests/attachment-createuploadsession.ts";
import { deleteAttachment } from "../../../src/graph/requests/attachment-delete.ts";
import { getAttachedItem, getAttachmentKind, getAttachmentValue } from "../../../src/graph/requests/attachment-get.ts";
import { copyMessage } from "../../../src/graph/requests/message-copy.ts";
import { createReply } from "../../../src/graph/requests/message-createreply.ts";
import { deleteMessage } from "../../../src/graph/requests/message-delete.ts";
import { listAttachments } from "../../../src/graph/requests/message-list-attachments.ts";
import { moveAway, moveMessage } from "../../../src/graph/requests/message-move.ts";
import { permanentDelete } from "../../../src/graph/requests/message-permanentdelete.ts";
import { postAttachment } from "../../../src/graph/requests/message-post-attachments.ts";
import { sendDraft } from "../../../src/graph/requests/message-send.ts";
import { updateMessage } from "../../../src/graph/requests/message-update.ts";
import { getMimeMessage } from "../../../src/graph/requests/outlook-get-mime-message.ts";
import { postMessage } from "../../../src/graph/requests/user-post-messages.ts";
import { messageJson } from "../../../src/graph/sending/draft-json.ts";
import type { JsonObject } from "../../../src/graph/session/read-json.ts";
import { RawBody, type RequestParts, restId, segment } from "../../../src/graph/session/request-description.ts";
import { file } from "../lab-mailbox.ts";

const validator = fileURLToPath(new URL("../../../../shared/graph-schema/validate-example.mjs", import.meta.url));
const hasTypes = existsSync(validator);
const without = hasTypes ? "" : " (skipped: Microsoft's types are not in ../shared)";

interface Validator {
  checkRequest(request: { readonly method: string; readonly path: string; readonly body?: JsonObject | undefined }): string[];
}

async function validatorOf(): Promise<Validator> {
  const loaded: unknown = await import(validator);
  return loaded as Validator;
}

async function bodyOf({ body }: RequestParts): Promise<JsonObject | undefined> {
  if (!(body instanceof RawBody)) return body;
  const parts: Uint8Array[] = [];
  for await (const part of body.document.open()) parts.push(part);
  const bytes = Buffer.concat(parts);
  expect(bytes.length).toBe(body.document.size);
  return JSON.parse(bytes.toString("utf8")) as JsonObject;
}

const place = { messageId: "A=", attachmentId: "B=" };
const attachment = file('quote " and \\ and é.txt', Buffer.from("content"), { contentId: "logo", isInline: true });
const relocation = { id: "A=", destinationId: "junkemail" };
const someone = [{ name: "Ben", address: "ben@example.org" }];
const draft = {
  to: someone,
  cc: someone,
  bcc: someone,
  replyTo: someone,
  from: someone[0],
  subject: "Notice",
  html: "<p>x</p>",
  importance: "High" as const,
  readReceipt: true,
  deliveryReceipt: true,
  headers: ["One", "Two", "Three", "Four", "Five", "Six"].map((name) => ({ name: `X-${name}`, value: "v" })),
};

const written: Readonly<Record<string, RequestParts>> = {
  "attachment-createuploadsession": createUploadSession.write({ draft: "A=", attachment }),
  "attachment-delete": deleteAttachment.write(place),
  "attachment-get": getAttachmentKind.write(place),
  "attachment-get, of what is inside": getAttachedItem.write(place),
  "attachment-get, its bytes": getAttachmentValue.write(place),
  "message-copy": copyMessage.write(relocation),
  "message-createreply": createReply.write({ id: "A=", all: false }),
  "message-createreplyall": createReply.write({ id: "A=", all: true }),
  "message-delete": deleteMessage.write("A="),
  "message-list-attachments": listAttachments.write("A="),
  "message-move": moveMessage.write(relocation),
  "message-move, away": moveAway.write(relocation),
  "message-permanentdelete": permanentDelete.write("A="),
  "message-post-attachments": postAttachment.write({ draft: "A=", attachment }),
  "message-send": sendDraft.write("A="),
  "message-update": updateMessage.write({ id: "A=", set: messageJson(draft, "mark") }),
  "outlook-get-mime-message": getMimeMessage.write("A="),
  "user-post-messages": postMessage.write(messageJson(draft, "mark")),
};

describe(`Microsoft's types have every name that we write${without}`, () => {
  test.skipIf(!hasTypes).each(Object.entries(written))("%s", async (_, asked) => {
    const { checkRequest } = await validatorOf();
    // The validator takes no type in front of a property.
    const select = asked.query?.$select?.replace(",microsoft.graph.fileAttachment/contentId", "");
    const path = `/users/ann@example.com${asked.path}${select === undefined ? "" : `?$select=${select}`}`;
    expect(checkRequest({ method: asked.method, path, body: await bodyOf(asked) })).toEqual([]);
  });

  test.skipIf(!hasTypes)("except an invented name", async () => {
    const { checkRequest } = await validatorOf();
    const body = { ...messageJson(draft, "mark"), toRecipient: [] };
    expect(checkRequest({ method: "POST", path: "/users/ann@example.com/messages", body })).not.toEqual([]);
  });
});

test("an EWS id is written in Graph's alphabet, and every id stays one segment of a path", () => {
  expect(restId("AAMk/a+b=")).toBe("AAMk-a_b=");
  for (const id of ["../../admin", "a/b?$select=c#d", "%2e%2e", "a b"]) expect(segment(id)).not.toMatch(/[/?# ]/);
  expect(segment("AAMk=")).toBe("AAMk%3D");
});
