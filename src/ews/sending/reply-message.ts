import { randomUUID } from "node:crypto";
import type { Address, Message } from "../../exchange/message.ts";
import { noAttachmentAccess } from "../../exchange/search/match-filters.ts";
import { checkReply } from "../../exchange/sending/check-draft.ts";
import type { Reply, Sent } from "../../exchange/sending/draft.ts";
import { type DraftSearch, draftNotMade } from "../../exchange/sending/left-draft.ts";
import { defaultRetryDelays, type RetryDelays } from "../../exchange/sending/send-once.ts";
import { asFailure } from "../../failure.ts";
import { element, type Xml } from "../../wire/xml/write-xml.ts";
import { createItem } from "../operations/create-item.ts";
import { getItem } from "../operations/get-item.ts";
import { updateItem } from "../operations/update-item.ts";
import type { EwsMailbox } from "../session/mailbox.ts";
import { type Delivery, deliver } from "./draft-and-send.ts";
import { bodyElement, fromElement, headerProperty, recipientsElement, sendMark, setProperty } from "./draft-xml.ts";
import { newMessage } from "./send-message.ts";

/**
 * Replies to a message in any folder. With the original quoted, Exchange makes the reply; without it, mailcordon makes it and sets the headers that
 * refer to the original. Throws Failure as sending does.
 */
export async function reply(mailbox: EwsMailbox, requested: Reply, delays: RetryDelays = defaultRetryDelays): Promise<Sent> {
  checkReply(requested);
  const quoted = requested.quoteOriginal ?? true;
  const original = await mailbox.ask(getItem, { ids: [{ id: requested.itemId }], detail: { recipients: true, headers: !quoted } });
  const recipients = recipientsOf(requested, original, mailbox.address);
  if (!quoted) return deliver(mailbox, plainReply(mailbox, requested, original, recipients, delays), delays);
  return deliver(mailbox, quotingReply(mailbox, requested, original, recipients, delays), delays);
}

/** Adds one "RE: " to a subject that has none. Prefixes of other languages (`AW:`, `SV:`) do not count, since the recipient may not know them. */
export function replySubject(subject: string | undefined): string {
  const text = subject ?? "";
  return /^\s*re\s*:/i.test(text) ? text : `RE: ${text}`;
}

interface Recipients {
  readonly to: readonly Address[];
  readonly cc: readonly Address[];
  readonly bcc: readonly Address[];
}

/**
 * Returns the recipients of a reply: those requested, otherwise Reply-To or From; with `all` also the other recipients, without ourselves and without
 * duplicates.
 */
function recipientsOf(requested: Reply, original: Message, own: string): Recipients {
  const sender = original.replyTo?.length ? original.replyTo : [original.from ?? original.sender].filter((who) => who !== undefined);
  const seen = new Set([own.toLowerCase()]);
  const others = (addresses: readonly Address[] | undefined) =>
    (addresses ?? []).filter(({ address = "" }) => {
      const key = address.toLowerCase();
      if (key === "" || seen.has(key)) return false;
      seen.add(key);
      return true;
    });
  for (const { address = "" } of sender) seen.add(address.toLowerCase());
  const to = requested.all ? [...sender, ...others(original.to)] : sender;
  const cc = requested.all ? others(original.cc) : [];
  return { to: requested.to ?? to, cc: requested.cc ?? cc, bcc: requested.bcc ?? [] };
}

function quotingReply(mailbox: EwsMailbox, requested: Reply, original: Message, recipients: Recipients, delays: RetryDelays): Delivery {
  const mark = randomUUID();
  const subject = requested.subject ?? replySubject(original.subject);
  const item = replyElement(requested, subject, original);
  return {
    mark,
    make: async () => {
      try {
        return await mailbox.ask(createItem, { item, folder: mailbox.folders.distinguished("drafts") });
      } catch (thrown) {
        throw await draftNotMade(asFailure(thrown), draftSearchOf(mailbox, original), delays);
      }
    },
    // The schema of a reply has no place for our properties, so they are set afterwards.
    finish: (draft) =>
      mailbox.ask(updateItem, {
        item: draft,
        conflict: "AlwaysOverwrite",
        set: [setProperty(sendMark, mark), ...(requested.headers ?? []).map(({ name, value }) => setProperty(headerProperty(name), value))],
      }),
    attachments: requested.attachments ?? [],
    saveToSent: requested.saveToSent ?? true,
    about: { subject, ...recipients },
  };
}

/**
 * Writes only what was requested, in the order of the schema. Exchange chooses the rest.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/replytoitem
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/replyalltoitem
 */
function replyElement(requested: Reply, subject: string, original: Message): Xml {
  return element(
    requested.all ? "t:ReplyAllToItem" : "t:ReplyToItem",
    undefined,
    element("t:Subject", undefined, subject),
    recipientsElement("t:ToRecipients", requested.to),
    recipientsElement("t:CcRecipients", requested.cc),
    recipientsElement("t:BccRecipients", requested.bcc),
    fromElement(requested.from),
    element("t:ReferenceItemId", { Id: original.itemId, ChangeKey: original.changeKey }),
    bodyElement("t:NewBodyContent", requested),
  );
}

/** Finds a reply that has no mark yet by its conversation. */
function draftSearchOf(mailbox: EwsMailbox, { conversationId }: Message): DraftSearch {
  const steady = mailbox.during({ ...mailbox.call, signal: undefined });
  return {
    mailbox: mailbox.address,
    known: async () => (conversationId === undefined ? undefined : { conversationId }),
    search: async (search) => (await import("../search/search.ts")).search(steady, search, noAttachmentAccess),
  };
}

function plainReply(mailbox: EwsMailbox, requested: Reply, original: Message, recipients: Recipients, delays: RetryDelays): Delivery {
  const { from, text, html, attachments, headers, saveToSent } = requested;
  const references = original.headers?.find(({ name }) => name.toLowerCase() === "references")?.value;
  const threading = {
    internetMessageId: original.internetMessageId,
    references: references?.replace(/\s+/g, " ").trim(),
    topic: original.subject?.replace(/^(\s*re\s*:)+\s*/i, ""),
  };
  const subject = requested.subject ?? replySubject(original.subject);
  return newMessage(mailbox, { from, ...recipients, subject, text, html, attachments, headers, saveToSent }, delays, threading);
}
