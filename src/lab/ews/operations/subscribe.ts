import { textEl, type XmlElement } from "../../xml.ts";
import { eventKindOf, positionIn, watermark } from "../notification-xml.ts";
import { ItemError, type Operation, type RequestContext, responses } from "../operation.ts";
import { folderAt, ownMailbox } from "../sign-in/access.ts";

/** How long a subscription of a stream lives without a connection. Microsoft names no time; clients renew after 30 minutes. */
const streamMinutes = 30;

function foldersOf(request: XmlElement, context: RequestContext): ReadonlySet<string> | undefined {
  const ids = request.child("FolderIds")?.children;
  const all = /^(true|1)$/.test(request.attributes.get("SubscribeToAllFolders") ?? "");
  if (all === (ids !== undefined))
    throw new ItemError("ErrorInvalidSubscriptionRequest", "A subscription names its folders, or all folders, and not both.");
  const folders = ids?.map((id) => folderAt(id, context));
  if (folders?.some(({ mailbox }) => mailbox !== ownMailbox(context)) === true)
    throw new ItemError("ErrorSubscriptionDelegateAccessNotSupported", "Subscriptions are not supported for delegate user access.");
  return folders && new Set(folders.map(({ id }) => id));
}

function begin(context: RequestContext): string {
  const [request] = context.request.children;
  if (request === undefined || request.name === "PushSubscriptionRequest")
    throw new ItemError("ErrorInvalidRequest", "This lab does not offer push subscriptions.");
  const isStreaming = request.name === "StreamingSubscriptionRequest";
  const mailbox = ownMailbox(context);
  const folders = foldersOf(request, context);
  const given = request.textAt("Watermark");
  const from = given === undefined ? undefined : positionIn(given, { mailbox });
  if (given !== undefined && from === undefined) throw new ItemError("ErrorInvalidWatermark", "The watermark is invalid.");
  const kinds = (request.child("EventTypes")?.children ?? []).flatMap(({ text }) => eventKindOf(text.trim()) ?? []);
  const minutes = isStreaming ? streamMinutes : Number(request.textAt("Timeout"));
  const made = context.subscriptions.begin(
    { owner: context.acting, mailbox, folders, kinds: new Set(kinds), isStreaming, lifetime: minutes * 60_000 },
    context.store.now(),
  );
  const mark = isStreaming ? "" : textEl("m:Watermark", watermark(made, from ?? made.delivered));
  return textEl("m:SubscriptionId", made.id) + mark;
}

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/subscribe-operation */
export const subscribe: Operation = {
  name: "Subscribe",
  handle: (context) => responses("Subscribe", [() => begin(context)], context),
};
