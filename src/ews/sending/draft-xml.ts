import type { Address, Header } from "../../exchange/message.ts";
import type { Draft } from "../../exchange/sending/draft.ts";
import { byteSlices } from "../../text/slices.ts";
import { base64Content, element, type Xml } from "../../wire/xml/write-xml.ts";
import { extendedField, type TextProperty } from "../messages/extended-property.ts";
import type { SetField } from "../operations/update-item.ts";

/**
 * The mark that identifies one send: a property in our own property set, so nobody else writes it. It stays with the message when Exchange moves it
 * to Sent Items. It is not a header and is not sent over SMTP.
 */
export const sendMark: TextProperty = { set: "6f1d2c0e-93b4-4f0e-8a57-2d1b7f3c9e64", name: "mailcordon-send-id" };

/** Changed before a draft is sent again: this gives the draft a new change key, so the first order to send it can no longer be carried out. */
export const sendAttempt: TextProperty = { set: "6f1d2c0e-93b4-4f0e-8a57-2d1b7f3c9e64", name: "mailcordon-send-attempt" };

// @see https://learn.microsoft.com/en-us/openspecs/exchange_server_protocols/ms-oxprops/
const inReplyToId: TextProperty = { tag: "0x1042" };
const internetReferences: TextProperty = { tag: "0x1039" };
const conversationTopic: TextProperty = { tag: "0x0070" };

/** The message that a reply refers to, for replies that Exchange does not make itself. */
export interface ReplyThreading {
  readonly internetMessageId: string | undefined;
  /** The References of the original. */
  readonly references: string | undefined;
  readonly topic: string | undefined;
}

/**
 * Writes a draft with its mark for CreateItem, in the order of the schema: the properties of an item, then those of a message.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/message-ex15websvcsotherref
 */
export function messageElement(draft: Draft, mark: string, threading?: ReplyThreading): Xml {
  if (draft.mime) {
    const bytes = draft.mime;
    const source = { size: bytes.length, open: () => byteSlices(bytes) };
    return element(
      "t:Message",
      undefined,
      element("t:MimeContent", undefined, base64Content(source)),
      element("t:ItemClass", undefined, "IPM.Note"),
      property(sendMark, mark),
    );
  }
  return element(
    "t:Message",
    undefined,
    element("t:ItemClass", undefined, "IPM.Note"),
    element("t:Subject", undefined, draft.subject ?? ""),
    bodyElement("t:Body", draft),
    draft.importance && element("t:Importance", undefined, draft.importance),
    property(sendMark, mark),
    headerProperties(draft.headers),
    threading && threadingProperties(threading),
    recipientsElement("t:ToRecipients", draft.to),
    recipientsElement("t:CcRecipients", draft.cc),
    recipientsElement("t:BccRecipients", draft.bcc),
    draft.readReceipt === undefined ? undefined : element("t:IsReadReceiptRequested", undefined, draft.readReceipt),
    draft.deliveryReceipt === undefined ? undefined : element("t:IsDeliveryReceiptRequested", undefined, draft.deliveryReceipt),
    fromElement(draft.from),
    recipientsElement("t:ReplyTo", draft.replyTo),
  );
}

/** Writes a body; an empty text if there is none. */
export function bodyElement(
  name: "t:Body" | "t:NewBodyContent",
  { html, text }: { readonly html?: string | undefined; readonly text?: string | undefined },
): Xml {
  return html === undefined ? element(name, { BodyType: "Text" }, text ?? "") : element(name, { BodyType: "HTML" }, html);
}

/** Writes recipients; undefined for none, since an empty list is invalid. */
export function recipientsElement(name: string, addresses: readonly Address[] | undefined): Xml | undefined {
  return addresses && addresses.length > 0 ? element(name, undefined, addresses.map(mailboxElement)) : undefined;
}

export function fromElement(from: Address | undefined): Xml | undefined {
  return from && element("t:From", undefined, mailboxElement(from));
}

function mailboxElement({ name, address }: Address): Xml {
  return element(
    "t:Mailbox",
    undefined,
    name === undefined ? undefined : element("t:Name", undefined, name),
    element("t:EmailAddress", undefined, address ?? ""),
  );
}

/** Writes an extended property with its value. */
export function property(of: TextProperty, value: string): Xml {
  return element("t:ExtendedProperty", undefined, extendedField(of), element("t:Value", undefined, value));
}

/** Writes an update of an extended property. */
export function setProperty(of: TextProperty, value: string): SetField {
  return { path: extendedField(of), value: property(of, value) };
}

/** Returns the property in which Exchange keeps a header that it does not know. */
export function headerProperty(name: string): TextProperty {
  return { distinguishedSet: "InternetHeaders", name };
}

function headerProperties(headers: readonly Header[] | undefined): Xml[] {
  return (headers ?? []).map(({ name, value }) => property(headerProperty(name), value));
}

/** Writes the threading headers (RFC 5322, 3.6.4): References is that of the original, followed by its Message-ID. */
function threadingProperties({ internetMessageId, references, topic }: ReplyThreading): (Xml | undefined)[] {
  const chain = [references, internetMessageId].filter((part) => part !== undefined && part !== "").join(" ");
  return [
    internetMessageId === undefined ? undefined : property(inReplyToId, internetMessageId),
    chain === "" ? undefined : property(internetReferences, chain),
    topic === undefined ? undefined : property(conversationTopic, topic),
  ];
}
