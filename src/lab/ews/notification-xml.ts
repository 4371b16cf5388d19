import type { MailboxEvent, Place } from "../store/events.ts";
import { el, textEl } from "../xml.ts";
import { wireTime } from "./items/extended-properties.ts";
import type { SeenEvent, Subscription } from "./subscriptions.ts";

const elements: Readonly<Record<MailboxEvent["kind"], string>> = {
  created: "CreatedEvent",
  deleted: "DeletedEvent",
  modified: "ModifiedEvent",
  moved: "MovedEvent",
  copied: "CopiedEvent",
  newMail: "NewMailEvent",
};

/** The kind of event that a t:EventType names; undefined for one that never happens in the lab. */
export function eventKindOf(element: string): MailboxEvent["kind"] | undefined {
  for (const kind of ["created", "deleted", "modified", "moved", "copied", "newMail"] as const) if (elements[kind] === element) return kind;
  return undefined;
}

/** Writes the position in the log of a mailbox, opaque to the client. */
export function watermark({ mailbox }: Subscription, position: number): string {
  return Buffer.from(`${mailbox.guid} ${position}`).toString("base64");
}

/** Returns the position in a watermark of this mailbox; undefined for any other text. */
export function positionIn(text: string, { mailbox }: Pick<Subscription, "mailbox">): number | undefined {
  const [guid, position = ""] = Buffer.from(text, "base64").toString("utf8").split(" ");
  const isKnown = guid === mailbox.guid && /^\d{1,15}$/.test(position) && Number(position) <= mailbox.events.position;
  return isKnown ? Number(position) : undefined;
}

const idXml = (name: string, { id, changeKey }: Place): string => el(name, { Id: id, ChangeKey: changeKey });

function eventXml({ event }: SeenEvent, mark: string): string {
  const kind = event.isFolder ? "Folder" : "Item";
  const old = event.old;
  return el(
    `t:${elements[event.kind]}`,
    {},
    mark,
    textEl("t:TimeStamp", wireTime(event.at)),
    idXml(`t:${kind}Id`, event),
    idXml("t:ParentFolderId", event.parent),
    ...(old === undefined ? [] : [idXml(`t:Old${kind}Id`, old), idXml("t:OldParentFolderId", old.parent)]),
  );
}

/**
 * Returns the notification of a pull: with watermarks, and with a StatusEvent if nothing happened. @see
 * https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/getevents-operation
 */
export function pulledXml(subscription: Subscription, after: number, events: readonly SeenEvent[], hasMore: boolean): string {
  const mark = (position: number): string => textEl("t:Watermark", watermark(subscription, position));
  const status = `<t:StatusEvent>${mark(subscription.mailbox.events.position)}</t:StatusEvent>`;
  return el(
    "m:Notification",
    {},
    textEl("t:SubscriptionId", subscription.id),
    textEl("t:PreviousWatermark", watermark(subscription, after)),
    textEl("t:MoreEvents", hasMore),
    events.length === 0 ? status : events.map((one) => eventXml(one, mark(one.position))).join(""),
  );
}

/** The notification of a stream, which has no watermarks. */
export function streamedXml({ id }: Subscription, events: readonly SeenEvent[]): string {
  const inner = events.length === 0 ? "<t:StatusEvent/>" : events.map((one) => eventXml(one, "")).join("");
  return `<m:Notifications><m:Notification>${textEl("t:SubscriptionId", id)}${inner}</m:Notification></m:Notifications>`;
}
