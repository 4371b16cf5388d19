import * as z from "zod";
import { type Context, defineItemAction } from "../catalogue/action-definition.ts";
import { omitUndefined } from "../catalogue/common-fields.ts";
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
import {
  guardFields,
  messageNames,
  messagePresentation,
  messageSelectionMethods,
  selectMessages,
  whichMessages,
} from "../catalogue/which-messages.ts";
import { sameOverGraph } from "../exchange/port-methods.ts";
import { checkReply } from "../exchange/sending/check-draft.ts";
import type { Reply } from "../exchange/sending/draft.ts";
import { Failure } from "../failure.ts";
import { attempt, failed } from "../outcome.ts";

/** Replies only to the newest copy of a Message-ID: a person wrote one message and gets one reply. */
export const replyToEmail = defineItemAction({
  name: "reply-to-email",
  title: "Reply To Email",
  summary: "Reply to messages in any folder: to the sender or to all, with the original quoted below.",
  effect: "send",
  uses: [...messageSelectionMethods, "reply"],
  overGraph: sameOverGraph,
  noun: "message",
  done: "answered",
  glance: messagePresentation,
  example: {
    mailbox: "user03@example.com",
    internet_message_id: ["<20f7c1.4711@mailer.example.net>"],
    body_text: "Thank you: it was phishing.",
  },
  input: z.strictObject({
    ...whichMessages,
    ...newMessageFields,
    to: newMessageFields.to.describe("Recipients: a list, or one comma-separated text. Default: those that Exchange chooses for a reply."),
    subject: newMessageFields.subject.describe("Subject. Default: the original's subject with one RE: before it."),
    reply_all: z.boolean().default(false).describe("Reply to everybody in To and Cc of the original as well."),
    quote_original: z.boolean().default(true).describe("Quote the original below the reply."),
    ...guardFields,
  }),
  each: z.strictObject({
    ...sentColumns,
    new_item_id: z
      .string()
      .optional()
      .describe("Id of the reply in Sent Items; absent if no copy was kept or mailcordon could not find it."),
    new_internet_message_id: z.string().optional(),
  }),
})
  .select(async function* (input, context) {
    // Built once before anything is sent, so a dry run also reports what cannot be sent.
    checkReply(await replyOf(input, "", context));
    yield* selectMessages(input, context, { copies: "first" });
  })
  .act(
    async function* (targets, input, context) {
      for (const target of targets) {
        if (context.call.signal?.aborted) {
          yield failed(new Failure("cancelled", "The call was stopped before this reply was sent."));
          continue;
        }
        yield await attempt(async () => {
          const sent = await context.mailbox.reply(await replyOf(input, target.message?.itemId ?? "", context));
          return omitUndefined({ ...sentRow(sent), new_item_id: sent.itemId, new_internet_message_id: sent.internetMessageId });
        });
      }
    },
    {
      async details(input, context) {
        const { subject, ...mail } = await messageDetails(await replyOf(input, "", context));
        const sender = input.to === undefined ? "its Reply-To, or its sender where it has none" : "the recipients below";
        const others = input.reply_all ? ", and to everybody in its To and Cc unless they are named below" : "";
        const subjects = input.subject === undefined ? {} : { subject };
        return {
          values: { from: { address: context.mailbox.address }, ...mail, ...subjects, quote_original: input.quote_original },
          notes: [`The reply to each message goes to ${sender}${others}. A sent message cannot be recalled.`],
        };
      },
      check(input) {
        messageNames(input);
        checkNewMessage(input);
        if (input.body_text === undefined && input.body_html === undefined) {
          throw new Failure("invalid-input", "body_text or body_html is required: the text of the reply.");
        }
      },
    },
  );

interface ReplyInput extends NewMessageInput {
  readonly reply_all: boolean;
  readonly quote_original: boolean;
  readonly save_to_sent: boolean;
}

async function replyOf(input: ReplyInput, itemId: string, context: Pick<Context, "readFile">): Promise<Reply> {
  const { from, to, cc, bcc } = addressFields(input);
  return {
    itemId,
    all: input.reply_all,
    from,
    to: input.to === undefined ? undefined : to,
    cc: input.cc === undefined ? undefined : cc,
    bcc: input.bcc === undefined ? undefined : bcc,
    subject: input.subject,
    headers: input.headers,
    ...(await contentFields(input, context)),
    quoteOriginal: input.quote_original,
    saveToSent: input.save_to_sent,
  };
}
