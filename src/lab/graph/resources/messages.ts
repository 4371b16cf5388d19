import { elementOf, isMessage } from "../../ews/items/item-kind.ts";
import { mimeOf } from "../../mime/mime-of-item.ts";
import type { LabItem } from "../../store/mailbox.ts";
import { accessDenied } from "../errors.ts";
import { messageRow, type ReplyFormat } from "../items/message-json.ts";
import { type Call, counted, type GraphReply, type Operation } from "../operation.ts";
import { contextOf, itemReply, listReply, replyFormatOf } from "../reply.ts";
import type { Row } from "../row.ts";
import { folderNamed, messageAt } from "../sign-in/access.ts";
import { isGranted } from "../sign-in/sign-in.ts";

export const reading = ["Mail.ReadBasic.All", "Mail.ReadBasic", "Mail.Read", "Mail.ReadWrite"];
const readingAll = ["Mail.Read", "Mail.ReadWrite"];

/** Paths to one message, with the rest of the path. */
export function messagePaths(rest = ""): readonly string[] {
  return ["/users/{user}", "/users/{user}/mailFolders/{folder}"].map((start) => `${start}/messages/{message}${rest}`);
}

/**
 * A message as this caller may see it.
 * @see https://learn.microsoft.com/en-us/graph/permissions-reference#mailreadbasic
 */
export function rowFor(item: LabItem, call: Call): Row {
  return messageRow(item, formatFor(call));
}

function formatFor(call: Call): ReplyFormat {
  const isBasic = !isGranted(call.caller, readingAll) && !call.caller.exchangeRole;
  // A search does not return immutable ids.
  const ids = call.request.url.searchParams.has("$search") ? "rest" : call.ids;
  return { ...replyFormatOf(call), ids, isBasic };
}

/** Whether Graph shows an item as a message. */
export function isMessageItem({ itemClass }: LabItem): boolean {
  return isMessage(elementOf(itemClass));
}

function list(items: Iterable<LabItem>, call: Call, path: string): GraphReply {
  const mail = [...items].filter(isMessageItem);
  const time = (item: LabItem): number => (item.receivedAt ?? item.createdAt).getTime();
  mail.sort((a, b) => time(b) - time(a));
  const format = formatFor(call);
  return listReply(
    call,
    mail.map((item) => messageRow(item, format)),
    "message",
    contextOf(call, path),
  );
}

/** All messages of the mailbox, deleted ones included, but not the Recoverable Items. @see https://learn.microsoft.com/en-us/graph/api/user-list-messages */
export const listMessages: Operation = {
  name: "user-list-messages",
  method: "GET",
  paths: counted("/users/{user}/messages"),
  permissions: reading,
  of: "exchange",
  handle(call) {
    checkCalendar(call);
    const visible = [...call.mailbox.items()].filter(({ folder }) => folder === call.mailbox.root || folder.isBelow(call.mailbox.root));
    return list(visible, call, "messages");
  },
};

/** @see https://learn.microsoft.com/en-us/graph/api/mailfolder-list-messages */
export const listFolderMessages: Operation = {
  name: "mailfolder-list-messages",
  method: "GET",
  paths: counted("/users/{user}/mailFolders/{folder}/messages"),
  permissions: reading,
  of: "exchange",
  handle(call) {
    checkCalendar(call);
    const name = call.parameter("folder");
    return list(folderNamed(name, call).items.values(), call, `mailFolders('${encodeURIComponent(name)}')/messages`);
  },
};

/** @see https://learn.microsoft.com/en-us/graph/api/message-get */
export const getMessage: Operation = {
  name: "message-get",
  method: "GET",
  paths: messagePaths(),
  permissions: reading,
  of: "exchange",
  handle(call) {
    checkCalendar(call);
    return itemReply(call, rowFor(messageAt(call), call), "message", contextOf(call, "messages"));
  },
};

/** The page about eventMessage names only Mail.Read; the lab shows nothing from calendars without a permission for calendars. Throws GraphError. */
function checkCalendar(call: Call): void {
  const wanted = call.request.url.searchParams.get("$expand") ?? "";
  const mayRead = isGranted(call.caller, ["Calendars.Read", "Calendars.ReadWrite"]) || call.caller.exchangeRole;
  if (/eventmessage\/event\b/i.test(wanted) && !mayRead) throw accessDenied();
}

/** The message as MIME. @see https://learn.microsoft.com/en-us/graph/outlook-get-mime-message */
export const getMime: Operation = {
  name: "outlook-get-mime-message",
  method: "GET",
  paths: messagePaths("/$value"),
  permissions: readingAll,
  of: "exchange",
  handle: (call) => ({ status: 200, headers: { "Content-Type": "text/plain" }, body: mimeOf(messageAt(call)) }),
};
