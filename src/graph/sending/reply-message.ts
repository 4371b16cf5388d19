import { randomUUID } from "node:crypto";
import { checkReply } from "../../exchange/sending/check-draft.ts";
import type { Reply, Sent } from "../../exchange/sending/draft.ts";
import { draftNotMade } from "../../exchange/sending/left-draft.ts";
import { defaultRetryDelays, type RetryDelays } from "../../exchange/sending/send-once.ts";
import { asFailure } from "../../failure.ts";
import { parseAttachmentId } from "../messages/attachment-ids.ts";
import { attachments } from "../messages/attachments.ts";
import { messageOf } from "../messages/message-reader.ts";
import { deleteAttachment } from "../requests/attachment-delete.ts";
import { createReply } from "../requests/message-createreply.ts";
import { updateMessage } from "../requests/message-update.ts";
import { getMessage } from "../requests/messages.ts";
import type { GraphMailbox } from "../session/mailbox.ts";
import { type JsonObject, objectIn, textIn } from "../session/read-json.ts";
import { required } from "../session/request-description.ts";
import { deliver } from "./draft-and-send.ts";
import { bodyJson, markProperties, recipientJson, recipients } from "./draft-json.ts";
import { withQuotedOriginal } from "./quote-original.ts";
import { draftSearchOf } from "./send-message.ts";

/**
 * Replies to a message in any folder. Exchange makes the draft, so it belongs to the conversation; text, recipients and headers are then set as
 * requested, and the quoted text is removed if it is not wanted. Throws Failure as sending does.
 */
export async function reply(mailbox: GraphMailbox, requested: Reply, delays: RetryDelays = defaultRetryDelays): Promise<Sent> {
  checkReply(requested);
  const mark = randomUUID();
  let made: JsonObject = {};
  const delivery = {
    mark,
    async make() {
      try {
        made = await mailbox.ask(createReply, { id: requested.itemId, all: requested.all });
      } catch (thrown) {
        const draftSearch = draftSearchOf(mailbox, async (steady) => {
          const { conversationId } = await steady.ask(getMessage, { itemId: requested.itemId, detail: {} });
          return conversationId === undefined ? undefined : { conversationId };
        });
        throw await draftNotMade(asFailure(thrown), draftSearch, delays);
      }
      return required(textIn(made, "id"), "id");
    },
    async finish(draft: string) {
      const updated = await mailbox.ask(updateMessage, { id: draft, set: replyUpdates(requested, mark, made) });
      if (requested.quoteOriginal === false) await removeOriginalAttachments(mailbox, draft);
      const { subject, to = [], cc = [], bcc = [] } = messageOf(updated);
      return { subject, to, cc, bcc };
    },
    attachments: requested.attachments ?? [],
    saveToSent: requested.saveToSent ?? true,
  };
  return deliver(mailbox, delivery, delays);
}

/** Returns the properties to set on the draft: only those requested. Exchange has chosen the rest. */
function replyUpdates(requested: Reply, mark: string, made: JsonObject): JsonObject {
  const { subject, from, to, cc, bcc, headers, quoteOriginal = true } = requested;
  return {
    body: quoteOriginal ? withQuotedOriginal(requested, objectIn(made, "body")) : bodyJson(requested),
    ...(subject === undefined ? replySubject(textIn(made, "subject")) : { subject }),
    ...(from === undefined ? {} : { from: recipientJson(from) }),
    ...recipients({ to, cc, bcc }),
    ...markProperties(mark, headers),
  };
}

/** Writes one "RE: " before a subject, whatever form the service uses. Prefixes of other languages (`AW:`, `SV:`) stay as they are. */
function replySubject(given: string | undefined): JsonObject {
  return /^re\s*:/i.test(given ?? "") ? { subject: (given ?? "").replace(/^re\s*:\s*/i, "RE: ") } : {};
}

/** Removes pictures of the original, which Exchange adds to the reply with the quoted text. Throws Failure unless all of them are listed. */
async function removeOriginalAttachments(mailbox: GraphMailbox, draft: string): Promise<void> {
  for await (const listed of attachments(mailbox, [draft])) {
    if (!listed.ok) throw listed.failure;
    for (const { id } of listed.value) await mailbox.ask(deleteAttachment, parseAttachmentId(id));
  }
}
