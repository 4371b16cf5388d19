import { itemFromMime } from "../../mime/item-from-mime.ts";
import type { NewItem } from "../../store/item.ts";
import type { LabFolder, LabItem } from "../../store/mailbox.ts";
import { type ResponseKind, responseTo } from "../../store/response.ts";
import { bytesOf } from "../base64.ts";
import { badRequest } from "../errors.ts";
import { addressesIn, objectIn, readMessage, textIn } from "../items/message-from-json.ts";
import { sendDraft, sendNew } from "../items/sending.ts";
import { isObject, type JsonObject, parameterOf } from "../json.ts";
import { type Call, type GraphReply, type GraphRequest, jsonOf, type Operation } from "../operation.ts";
import { accepted, contextOf, itemReply } from "../reply.ts";
import { folderNamed, messageAt } from "../sign-in/access.ts";
import { checkParameters } from "./message-changes.ts";
import { messagePaths, rowFor } from "./messages.ts";

/** The body as MIME, when it is that: base64 as text. @see https://learn.microsoft.com/en-us/graph/outlook-send-mime-message */
function mimeIn({ headers, body }: GraphRequest): NewItem | undefined {
  if (!/^text\/plain\b/i.test(headers.get("content-type") ?? "")) return undefined;
  return itemFromMime(bytesOf(Buffer.from(body).toString("latin1"), "ErrorMimeContentInvalidBase64String"));
}

function draftIn(folder: LabFolder, call: Call): GraphReply {
  // A message in MIME becomes a draft, whatever its headers.
  const item: NewItem = mimeIn(call.request) ?? readMessage(jsonOf(call.request));
  const added = call.mailbox.add(folder, { isDraft: true, isRead: true, ...item });
  return itemReply(call, rowFor(added, call), "message", contextOf(call, "messages"), 201);
}

/** @see https://learn.microsoft.com/en-us/graph/api/user-post-messages */
export const createMessage: Operation = {
  name: "user-post-messages",
  method: "POST",
  paths: ["/users/{user}/messages"],
  permissions: ["Mail.ReadWrite"],
  of: "exchange",
  handle: (call) => draftIn(call.mailbox.known("drafts"), call),
};

/** @see https://learn.microsoft.com/en-us/graph/api/mailfolder-post-messages */
export const createFolderMessage: Operation = {
  name: "mailfolder-post-messages",
  method: "POST",
  paths: ["/users/{user}/mailFolders/{folder}/messages"],
  permissions: ["Mail.ReadWrite"],
  of: "exchange",
  handle: (call) => draftIn(folderNamed(call.parameter("folder"), call), call),
};

/** @see https://learn.microsoft.com/en-us/graph/api/user-sendmail */
export const sendMail: Operation = {
  name: "user-sendmail",
  method: "POST",
  paths: ["/users/{user}/sendMail"],
  permissions: ["Mail.Send"],
  of: "exchange",
  handle(call) {
    const mime = mimeIn(call.request);
    const body = mime === undefined ? jsonOf(call.request) : {};
    checkParameters(body, "sendMail", ["Message", "SaveToSentItems"]);
    const saves = parameterOf(body, "SaveToSentItems") ?? true;
    const item = mime ?? readMessage(objectIn(parameterOf(body, "Message"), "Message"));
    sendNew(item, call, saves === true || saves === "true");
    return accepted;
  },
};

/** @see https://learn.microsoft.com/en-us/graph/api/message-send */
export const sendMessage: Operation = {
  name: "message-send",
  method: "POST",
  paths: messagePaths("/send"),
  permissions: ["Mail.Send"],
  of: "exchange",
  handle(call) {
    checkParameters(jsonOf(call.request), "send", []);
    sendDraft(messageAt(call), call);
    return accepted;
  },
};

/** Returns a reply or forward: its comment goes above the original, a body replaces the original. */
function responseIn(kind: ResponseKind, action: string, original: LabItem, call: Call): NewItem {
  const body: JsonObject = jsonOf(call.request);
  checkParameters(body, action, kind === "forward" ? ["Message", "Comment", "ToRecipients"] : ["Message", "Comment"]);
  const message = parameterOf(body, "Message");
  const given = isObject(message) ? readMessage(message) : {};
  const comment = parameterOf(body, "Comment");
  if (comment !== undefined && comment !== null && given.body !== undefined)
    throw badRequest("Comment and the body of the message cannot be given together.", "ErrorInvalidArgument");
  const recipients = parameterOf(body, "ToRecipients");
  if (recipients !== undefined && given.to !== undefined) throw badRequest("The recipients are given twice.", "ErrorInvalidArgument");
  const text = typeof comment === "string" ? textAbove(textIn(comment, "Comment"), original) : undefined;
  const made = responseTo(original, kind, text, call.store);
  return {
    ...made,
    ...given,
    to: recipients === undefined ? (given.to ?? made.to) : addressesIn(recipients, "ToRecipients"),
    attachments: [...(made.attachments ?? []), ...(given.attachments ?? [])],
  };
}

/** A comment is text; above HTML it is written so. */
function textAbove(comment: string, original: LabItem): NewItem["body"] {
  if (original.body.type === "Text") return { type: "Text", value: comment };
  const escaped = comment.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return { type: "HTML", value: escaped.replace(/\r?\n/g, "<br>\r\n") };
}

const segments: Readonly<Record<ResponseKind, readonly [draft: string, sent: string]>> = {
  reply: ["createReply", "reply"],
  "reply-all": ["createReplyAll", "replyAll"],
  forward: ["createForward", "forward"],
};

function drafting(kind: ResponseKind): Operation {
  const [action] = segments[kind];
  return {
    name: `message-${action.toLowerCase()}`,
    method: "POST",
    paths: messagePaths(`/${action}`),
    permissions: ["Mail.ReadWrite"],
    of: "exchange",
    handle(call) {
      const item = responseIn(kind, action, messageAt(call), call);
      const { address, user } = call.mailbox;
      const from = { name: user.displayName, address };
      const draft = call.mailbox.add(call.mailbox.known("drafts"), { from, sender: from, ...item, isDraft: true, isRead: true });
      return itemReply(call, rowFor(draft, call), "message", contextOf(call, "messages"), 201);
    },
  };
}

function sending(kind: ResponseKind): Operation {
  const [, action] = segments[kind];
  return {
    name: `message-${action.toLowerCase()}`,
    method: "POST",
    paths: messagePaths(`/${action}`),
    permissions: ["Mail.Send"],
    of: "exchange",
    handle(call) {
      sendNew(responseIn(kind, action, messageAt(call), call), call, true);
      return accepted;
    },
  };
}

/** @see https://learn.microsoft.com/en-us/graph/api/message-createreply */
export const createReply = drafting("reply");
/** @see https://learn.microsoft.com/en-us/graph/api/message-createreplyall */
export const createReplyAll = drafting("reply-all");
/** @see https://learn.microsoft.com/en-us/graph/api/message-createforward */
export const createForward = drafting("forward");
/** @see https://learn.microsoft.com/en-us/graph/api/message-reply */
export const reply = sending("reply");
/** @see https://learn.microsoft.com/en-us/graph/api/message-replyall */
export const replyAll = sending("reply-all");
/** @see https://learn.microsoft.com/en-us/graph/api/message-forward */
export const forward = sending("forward");
