import { type LabAddress, sameAddress } from "../address.ts";
import type { LabItem, NewItem } from "../item.ts";
import { childConversationIndex, topicOf } from "../item-content.ts";
import { htmlOfText } from "../text.ts";
import { esc, type XmlElement } from "../xml.ts";
import { itemAt } from "./access.ts";
import { bodyAs } from "./body-xml.ts";
import { type Gathered, readProperty } from "./item-from-xml.ts";
import { ItemError, type RequestContext } from "./operation.ts";

/** The response objects that the lab makes of a message. */
export type ResponseObject = "ReplyToItem" | "ReplyAllToItem" | "ForwardItem";

export function isResponseObject(name: string): name is ResponseObject {
  return name === "ReplyToItem" || name === "ReplyAllToItem" || name === "ForwardItem";
}

/** What stands above the quoted original, line by line. */
function quotedHeader(original: LabItem): readonly (readonly [string, string])[] {
  const list = (all: readonly LabAddress[]): string => all.map(({ name, address }) => name ?? address ?? "").join("; ");
  return [
    ["From", list(original.from === undefined ? [] : [original.from])],
    ["Sent", (original.sentAt ?? original.receivedAt)?.toUTCString() ?? ""],
    ["To", list(original.to)],
    ...(original.cc.length === 0 ? [] : [["Cc", list(original.cc)] as const]),
    ["Subject", original.subject],
  ];
}

/** The inside of the body element, or all of it when there is none. */
function insideBody(html: string): string {
  const start = /<body\b[^>]*>/i.exec(html);
  if (start === null) return html;
  const from = start.index + start[0].length;
  const end = html.toLowerCase().lastIndexOf("</body");
  return html.slice(from, end < from ? html.length : end);
}

/** The new text with the original quoted below it, in the form of the new text; without new text in the form of the original. */
function quoted(given: NewItem["body"], original: LabItem): NonNullable<NewItem["body"]> {
  const type = given?.type ?? original.body.type;
  const text = given?.value ?? "";
  if (type === "Text") {
    const header = quotedHeader(original).map(([name, value]) => `${name}: ${value}`);
    return { type, value: [text, "", "________________________________", ...header, "", original.text].join("\r\n") };
  }
  const header = quotedHeader(original).map(([name, value]) => `<b>${name}:</b> ${esc(value)}<br>`);
  const below = insideBody(bodyAs(original, "HTML").value);
  const above = insideBody(given === undefined ? htmlOfText("") : text);
  return { type, value: `<html><body>${above}<hr><div>${header.join("\r\n")}</div><br>${below}</body></html>` };
}

function recipients(kind: ResponseObject, original: LabItem, context: RequestContext): Pick<NewItem, "to" | "cc"> {
  if (kind === "ForwardItem") return { to: [] };
  const sender = original.from ?? original.sender;
  const back = original.replyTo.length > 0 ? original.replyTo : sender === undefined ? [] : [sender];
  if (kind === "ReplyToItem") return { to: back };
  const own = original.folder.mailbox;
  const known = new Set(back.map(({ address }) => (address ?? "").toLowerCase()));
  const others = (all: readonly LabAddress[]): readonly LabAddress[] =>
    all.filter(({ address = "" }) => {
      const isSelf = context.store.mailbox(address) === own || sameAddress(address, own.address);
      const isNew = !known.has(address.toLowerCase());
      known.add(address.toLowerCase());
      return isNew && !isSelf;
    });
  return { to: [...back, ...others(original.to)], cc: others(original.cc) };
}

/**
 * The message that a response object makes: recipients, subject with one prefix, quoted original, threading; a forward carries the
 * attachments. Throws ItemError.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/how-to-respond-to-email-messages-by-using-ews-in-exchange
 */
export function respond(
  element: XmlElement,
  kind: ResponseObject,
  context: RequestContext,
): { readonly original: LabItem; readonly item: NewItem } {
  const reference = element.child("ReferenceItemId");
  if (reference === undefined) throw new ItemError("ErrorMissingInformationReferenceItemId", "The item to respond to is not named.");
  const original = itemAt(reference, context);
  const given: Gathered = {};
  for (const child of element.children) readProperty(child, "Message", given, context.store);
  const isBodyGiven = element.child("Body") !== undefined;
  const topic = original.conversationTopic ?? topicOf(original.subject);
  const references = [original.references, original.internetMessageId].filter((one) => one !== undefined && one !== "");
  return {
    original,
    item: {
      ...recipients(kind, original, context),
      ...given,
      itemClass: "IPM.Note",
      subject: given.subject ?? `${kind === "ForwardItem" ? "FW" : "RE"}: ${topicOf(original.subject)}`,
      body: isBodyGiven && given.body !== undefined ? given.body : quoted(given.body, original),
      inReplyTo: original.internetMessageId,
      references: references.join(" ") || undefined,
      conversationTopic: topic,
      conversationIndex: original.conversationIndex === undefined ? undefined : childConversationIndex(original.conversationIndex),
      attachments: kind === "ForwardItem" ? original.attachments : [],
    },
  };
}
