import * as z from "zod";
import { defineItemAction } from "../catalogue/action-definition.ts";
import { commonFields, omitUndefined } from "../catalogue/common-fields.ts";
import { mostCharacters } from "../catalogue/limits.ts";
import { addressRow } from "../catalogue/message-row.ts";
import {
  addressFields,
  checkNewMessage,
  contentFields,
  messageDetails,
  type NewMessageInput,
  newMessageFields,
  sentColumns,
  sentRow,
} from "../catalogue/new-message.ts";
import { addressesOf, addressList, importance } from "../catalogue/new-message-fields.ts";
import { dry_run } from "../catalogue/selection-fields.ts";
import { sameOverGraph } from "../exchange/port-methods.ts";
import { checkDraft } from "../exchange/sending/check-draft.ts";
import type { Draft } from "../exchange/sending/draft.ts";
import { Failure } from "../failure.ts";
import { attempt, done } from "../outcome.ts";
import { decodeBase64, encodeWithCrLf } from "../text/slices.ts";

export const sendEmail = defineItemAction({
  name: "send-email",
  title: "Send Email",
  summary: "Send a message from a mailbox: text or HTML, with attachments, inline images and headers, or as a whole MIME message.",
  effect: "send",
  uses: ["send"],
  overGraph: sameOverGraph,
  noun: "message",
  done: "sent",
  glance: { columns: ["subject", "to", "cc", "bcc", "sent_at", "internet_message_id"] },
  example: { to: ["user01@example.com", "user02@example.com"], subject: "A mail was removed", body_text: "It was phishing." },
  input: z.strictObject({
    ...commonFields,
    ...newMessageFields,
    reply_to: addressList("Recipients of replies, in the form of to."),
    importance,
    read_receipt: z.boolean().default(false).describe("Request a read receipt."),
    delivery_receipt: z.boolean().default(false).describe("Request a delivery receipt."),
    raw_mime: z
      .string()
      .min(1)
      .max(mostCharacters.base64)
      .optional()
      .describe(
        "Complete message (RFC 5322), as text or base64. It is sent unchanged to the recipients in its headers. Excludes every other field of the message.",
      ),
    dry_run,
  }),
  each: z.strictObject({
    ...sentColumns,
    item_id: z.string().optional().describe("Id of the copy in Sent Items; absent if no copy was kept or mailcordon could not find it."),
    internet_message_id: z.string().optional(),
  }),
})
  .select(async function* (input, context) {
    const draft = await draftOf(input, context);
    // Checked here, so a dry run also reports what cannot be sent.
    checkDraft(draft);
    const row = omitUndefined({
      subject: draft.subject,
      from: draft.from && addressRow(draft.from),
      to: draft.to.map(addressRow),
      cc: draft.cc?.map(addressRow),
      bcc: draft.bcc?.map(addressRow),
      attachments: draft.attachments?.map(({ name, size }) => ({ name, size })),
    });
    yield { asked: row, outcome: done({ row }) };
  })
  .act(
    async function* (_targets, input, context) {
      yield await attempt(async () => {
        const sent = await context.mailbox.send(await draftOf(input, context));
        return omitUndefined({ ...sentRow(sent), item_id: sent.itemId, internet_message_id: sent.internetMessageId });
      });
    },
    {
      async details(input, context) {
        const draft = await draftOf(input, context);
        const from = draft.mime === undefined ? { from: { address: context.mailbox.address } } : {};
        return { values: { ...from, ...(await messageDetails(draft)) }, notes: ["A sent message cannot be recalled."], isItem: true };
      },
      check(input) {
        checkNewMessage(input);
        addressesOf(input.reply_to, "reply_to");
        const { to = [], cc = [], bcc = [], raw_mime } = input;
        if (raw_mime === undefined) {
          if (to.length + cc.length + bcc.length === 0)
            throw new Failure("invalid-input", "to is required: name at least one recipient in to, cc or bcc.");
          return;
        }
        const others = ["from", "to", "cc", "bcc", "reply_to", "subject", "body_text", "body_html", "headers", "attachments"] as const;
        const requested = ["read_receipt", "delivery_receipt"] as const;
        const given = [...others.filter((field) => input[field] !== undefined), ...requested.filter((field) => input[field])];
        if (given.length > 0) throw new Failure("invalid-input", `raw_mime is the complete message: leave out ${given.join(", ")}.`);
      },
    },
  );

interface SendInput extends NewMessageInput {
  readonly reply_to?: readonly string[] | undefined;
  readonly importance: "Low" | "Normal" | "High";
  readonly read_receipt: boolean;
  readonly delivery_receipt: boolean;
  readonly raw_mime?: string | undefined;
  readonly save_to_sent: boolean;
}

async function draftOf(mail: SendInput, context: Parameters<typeof contentFields>[1]): Promise<Draft> {
  if (mail.raw_mime !== undefined) return { to: [], mime: await mimeBytes(mail.raw_mime), saveToSent: mail.save_to_sent };
  return {
    ...addressFields(mail),
    replyTo: addressesOf(mail.reply_to, "reply_to"),
    subject: mail.subject,
    importance: mail.importance,
    headers: mail.headers,
    ...(await contentFields(mail, context)),
    readReceipt: mail.read_receipt,
    deliveryReceipt: mail.delivery_receipt,
    saveToSent: mail.save_to_sent,
  };
}

/** A message has a colon in its first line (RFC 5322 section 2.2); base64 has none anywhere. Lines of text end in CRLF on the wire. */
async function mimeBytes(raw: string): Promise<Uint8Array> {
  return raw.includes(":") ? encodeWithCrLf(raw) : decodeBase64(raw);
}
