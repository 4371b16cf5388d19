import { randomUUID } from "node:crypto";
import { noAttachmentAccess } from "../../exchange/search/match-filters.ts";
import { checkDraft } from "../../exchange/sending/check-draft.ts";
import type { Draft, Sent } from "../../exchange/sending/draft.ts";
import { type DraftSearch, draftNotMade } from "../../exchange/sending/left-draft.ts";
import { defaultRetryDelays, makeOnce, type RetryDelays } from "../../exchange/sending/send-once.ts";
import { asFailure, Failure } from "../../failure.ts";
import { fieldIn, fieldsOf } from "../../wire/mime/mime-header.ts";
import { updateMessage } from "../requests/message-update.ts";
import { maxMimeBytes, postMessage, postMimeMessage } from "../requests/user-post-messages.ts";
import type { GraphMailbox } from "../session/mailbox.ts";
import { draftCleanup } from "./delete-draft.ts";
import { type Delivery, deliver } from "./draft-and-send.ts";
import { markProperties, messageJson } from "./draft-json.ts";
import { findSentByMark } from "./find-sent-by-mark.ts";

/** Sends a message. Throws Failure: `unknown-outcome` where it is not known whether it was sent; otherwise nothing was sent. */
export async function send(mailbox: GraphMailbox, draft: Draft, delays: RetryDelays = defaultRetryDelays): Promise<Sent> {
  checkDraft(draft);
  const mark = randomUUID();
  const { subject, to, cc = [], bcc = [], attachments = [], saveToSent = true } = draft;
  const about = { subject, to, cc, bcc };
  const delivery: Delivery =
    draft.mime === undefined
      ? { mark, make: () => makeMarked(mailbox, draft, mark, delays), finish: async () => about, attachments, saveToSent }
      : { ...rawMessage(mailbox, draft.mime, mark, delays), saveToSent };
  return deliver(mailbox, delivery, delays);
}

/** Returns the delivery of a raw message. It cannot have a mark when it is created, so the mark is set afterwards. */
function rawMessage(mailbox: GraphMailbox, mime: Uint8Array, mark: string, delays: RetryDelays): Omit<Delivery, "saveToSent"> {
  return {
    mark,
    async make() {
      if (mime.length > maxMimeBytes) {
        throw new Failure("too-large", "Nothing was sent. Microsoft Graph accepts raw messages of at most 3 MB.", {
          hint: "Give its parts instead: Microsoft Graph accepts attachments of up to 150 MB each.",
        });
      }
      try {
        return await mailbox.ask(postMimeMessage, mime);
      } catch (thrown) {
        const id = messageIdOf(mime);
        const draftSearch = draftSearchOf(mailbox, async () => (id === undefined ? undefined : { internetMessageId: [id] }));
        throw await draftNotMade(asFailure(thrown), draftSearch, delays);
      }
    },
    async finish(draft) {
      await mailbox.ask(updateMessage, { id: draft, set: markProperties(mark) });
      return { subject: undefined, to: [], cc: [], bcc: [] };
    },
    attachments: [],
  };
}

/** Finds a draft that has no mark yet by a property of its message. */
export function draftSearchOf(mailbox: GraphMailbox, known: (steady: GraphMailbox) => ReturnType<DraftSearch["known"]>): DraftSearch {
  const steady = mailbox.during({ ...mailbox.call, signal: undefined });
  return {
    mailbox: mailbox.address,
    known: () => known(steady),
    search: async (search) => (await import("../search/search.ts")).search(steady, search, noAttachmentAccess),
  };
}

/** The Message-ID in the header of a message. */
export function messageIdOf(mime: Uint8Array): string | undefined {
  const head = /\r?\n\r?\n/.exec(Buffer.from(mime.buffer, mime.byteOffset, mime.length).toString("latin1"));
  return fieldIn(fieldsOf(mime.subarray(0, head?.index ?? mime.length)), "message-id");
}

/** Makes a draft. After a lost reply, it searches for the draft by its mark before it makes another. */
function makeMarked(mailbox: GraphMailbox, draft: Draft, mark: string, delays: RetryDelays): Promise<string> {
  const json = messageJson(draft, mark);
  const steady = mailbox.during({ ...mailbox.call, signal: undefined });
  return makeOnce(
    {
      make: () => mailbox.ask(postMessage, json),
      find: async () => (await findSentByMark(steady, mark, ["drafts"], "rest"))[0]?.itemId,
      ...draftCleanup(steady, mark),
    },
    delays,
  );
}
