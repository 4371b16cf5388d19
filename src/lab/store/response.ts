import { type LabAddress, sameAddress } from "./address.ts";
import type { NewItem } from "./item.ts";
import { childConversationIndex, topicOf } from "./item-content.ts";
import type { LabItem } from "./mailbox.ts";
import type { Store } from "./store.ts";
import { bodyAs, htmlOfText } from "./text.ts";

/** The kinds of message that can be made from a received one. */
export type ResponseKind = "reply" | "reply-all" | "forward";

/** Returns the header lines above the quoted original. */
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

/** Returns the inside of the body element, or the whole text if there is none. */
function insideBody(html: string): string {
  const start = html.search(/<body\b/i);
  const from = start < 0 ? 0 : html.indexOf(">", start) + 1;
  if (from === 0) return html;
  const end = html.toLowerCase().lastIndexOf("</body");
  return html.slice(from, end < from ? html.length : end);
}

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** Returns the new text with the original quoted below it, in the format of the new text; without new text, in the format of the original. */
function withQuotedOriginal(given: NewItem["body"], original: LabItem): NonNullable<NewItem["body"]> {
  const type = given?.type ?? original.body.type;
  const text = given?.value ?? "";
  if (type === "Text") {
    const header = quotedHeader(original).map(([name, value]) => `${name}: ${value}`);
    return { type, value: [text, "", "________________________________", ...header, "", original.text].join("\r\n") };
  }
  const header = quotedHeader(original).map(([name, value]) => `<b>${name}:</b> ${escaped(value)}<br>`);
  const below = insideBody(bodyAs(original, "HTML").value);
  const above = insideBody(given === undefined ? htmlOfText("") : text);
  return { type, value: `<html><body>${above}<hr><div>${header.join("\r\n")}</div><br>${below}</body></html>` };
}

function recipients(kind: ResponseKind, original: LabItem, store: Store): Pick<NewItem, "to" | "cc"> {
  if (kind === "forward") return { to: [] };
  const sender = original.from ?? original.sender;
  const back = original.replyTo.length > 0 ? original.replyTo : sender === undefined ? [] : [sender];
  if (kind === "reply") return { to: back };
  const own = original.folder.mailbox;
  const known = new Set(back.map(({ address }) => (address ?? "").toLowerCase()));
  const others = (all: readonly LabAddress[]): readonly LabAddress[] =>
    all.filter(({ address = "" }) => {
      const isSelf = store.mailbox(address) === own || sameAddress(address, own.address);
      const isNew = !known.has(address.toLowerCase());
      known.add(address.toLowerCase());
      return isNew && !isSelf;
    });
  return { to: [...back, ...others(original.to)], cc: others(original.cc) };
}

/**
 * Returns the reply to a message, or its forward: recipients, subject with a single prefix, the text above the quoted original, threading. A forward
 * contains the attachments.
 */
export function responseTo(original: LabItem, kind: ResponseKind, text: NewItem["body"], store: Store): NewItem {
  const references = [original.references, original.internetMessageId].filter((one) => one !== undefined && one !== "");
  return {
    ...recipients(kind, original, store),
    itemClass: "IPM.Note",
    subject: `${kind === "forward" ? "FW" : "RE"}: ${topicOf(original.subject)}`,
    body: withQuotedOriginal(text, original),
    inReplyTo: original.internetMessageId,
    references: references.join(" ") || undefined,
    conversationTopic: original.conversationTopic ?? topicOf(original.subject),
    conversationIndex: original.conversationIndex === undefined ? undefined : childConversationIndex(original.conversationIndex),
    attachments: kind === "forward" ? original.attachments : [],
  };
}
