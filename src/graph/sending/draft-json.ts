import type { Address, Header } from "../../exchange/message.ts";
import type { Draft } from "../../exchange/sending/draft.ts";
import type { JsonObject } from "../session/read-json.ts";

/**
 * The mark that identifies one send: a property in our own property set, so nobody else writes it. It stays with the message when Exchange moves it
 * to Sent Items. It is not a header and is not sent over SMTP.
 * @see https://learn.microsoft.com/en-us/graph/api/resources/singlevaluelegacyextendedproperty
 */
const sendMark = "String {6f1d2c0e-93b4-4f0e-8a57-2d1b7f3c9e64} Name mailcordon-send-id";

// PS_INTERNET_HEADERS: where Exchange keeps the headers that it does not know. @see
// https://learn.microsoft.com/en-us/openspecs/exchange_server_protocols/ms-oxprops/
const internetHeaders = "{00020386-0000-0000-c000-000000000046}";

// How many headers Graph takes as such; further ones go as the properties that they become anyway.
// @see https://learn.microsoft.com/en-us/graph/api/resources/internetmessageheader
const maxInternetHeaders = 5;

/** Writes the condition for a mark. A mark is ours and needs no escaping. */
export function markFilter(mark: string): string {
  return `singleValueExtendedProperties/any(ep: ep/id eq '${sendMark}' and ep/value eq '${mark}')`;
}

/** Writes a new message with its mark. @see https://learn.microsoft.com/en-us/graph/api/resources/message */
export function messageJson(draft: Draft, mark: string): JsonObject {
  const { from, to, cc, bcc, replyTo, subject, importance, headers = [], readReceipt, deliveryReceipt } = draft;
  const first = headers.slice(0, maxInternetHeaders);
  return {
    subject: subject ?? "",
    body: bodyJson(draft),
    toRecipients: to.map(recipientJson),
    ...recipients({ cc, bcc }),
    ...(replyTo === undefined ? {} : { replyTo: replyTo.map(recipientJson) }),
    ...(from === undefined ? {} : { from: recipientJson(from) }),
    ...(importance === undefined ? {} : { importance: importance.toLowerCase() }),
    ...(readReceipt === undefined ? {} : { isReadReceiptRequested: readReceipt }),
    ...(deliveryReceipt === undefined ? {} : { isDeliveryReceiptRequested: deliveryReceipt }),
    ...(first.length === 0 ? {} : { internetMessageHeaders: first.map(({ name, value }) => ({ name, value })) }),
    ...markProperties(mark, headers.slice(maxInternetHeaders)),
  };
}

/** Writes the mark, and headers as properties: headers themselves can be set only when a message is created, not afterwards. */
export function markProperties(mark: string, headers: readonly Header[] = []): JsonObject {
  const properties = headers.map(({ name, value }) => ({ id: `String ${internetHeaders} Name ${name}`, value }));
  return { singleValueExtendedProperties: [{ id: sendMark, value: mark }, ...properties] };
}

/** Writes only the lists that are given. */
export function recipients(lists: {
  readonly to?: readonly Address[] | undefined;
  readonly cc?: readonly Address[] | undefined;
  readonly bcc?: readonly Address[] | undefined;
}): JsonObject {
  const given = (["to", "cc", "bcc"] as const).flatMap((name) => {
    const list = lists[name];
    return list === undefined ? [] : [[`${name}Recipients`, list.map(recipientJson)] as const];
  });
  return Object.fromEntries(given);
}

export function recipientJson({ name, address }: Address): JsonObject {
  return { emailAddress: { ...(name === undefined ? {} : { name }), address: address ?? "" } };
}

/** Writes a body; an empty text if there is none. */
export function bodyJson({ html, text }: { readonly html?: string | undefined; readonly text?: string | undefined }): JsonObject {
  return html === undefined ? { contentType: "text", content: text ?? "" } : { contentType: "html", content: html };
}
