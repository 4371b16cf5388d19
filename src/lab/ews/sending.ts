import { type LabAddress, sameAddress } from "../store/address.ts";
import type { NewItem } from "../store/item.ts";
import type { LabFolder, LabItem, LabMailbox } from "../store/mailbox.ts";
import { elementOf, isMessage } from "./items/item-kind.ts";
import { ItemError, type RequestContext } from "./operation.ts";

/** RFC 5321 4.1.2 as far as a lab needs it: something, an at sign, something, no blanks or brackets. */
const address = /^[^\s<>()[\]@,;:"]+@[^\s<>()[\]@,;:"]+$/;

function checkRecipients(item: NewItem): void {
  const all: readonly LabAddress[] = [...(item.to ?? []), ...(item.cc ?? []), ...(item.bcc ?? [])];
  if (all.length === 0) {
    throw new ItemError(
      "ErrorInvalidRecipients",
      "At least one recipient isn't valid., A message can't be sent until it contains at least one recipient.",
    );
  }
  if (all.some((one) => !address.test(one.address ?? "")))
    throw new ItemError("ErrorInvalidRecipients", "At least one recipient isn't valid.");
}

/** Returns the address for From, if the acting user may use it. */
function fromOf(item: NewItem, mailbox: LabMailbox, context: RequestContext): LabAddress | undefined {
  const from = item.from?.address === undefined ? { name: mailbox.user.displayName, address: mailbox.address } : item.from;
  return context.store.maySendAs(context.acting, from.address ?? "") ? from : undefined;
}

const firstHeader = /^(message-id|date|from|bcc)[ \t]*:/gim;

/**
 * Completes the bytes of MimeContent with what a sent message needs (RFC 5322 3.6); undefined if they must be built anew, since Bcc is removed from
 * a sent message.
 */
function completedMime(item: NewItem, from: LabAddress, messageId: string, now: Date): Uint8Array | undefined {
  if (item.mime === undefined) return undefined;
  const text = Buffer.from(item.mime).toString("latin1");
  const end = text.search(/\r?\n\r?\n/);
  const names = new Set(
    [...text.slice(0, end < 0 ? text.length : end + 2).matchAll(firstHeader)].map(([, name]) => (name ?? "").toLowerCase()),
  );
  if (names.has("bcc")) return undefined;
  const missing = [
    names.has("from") ? "" : `From: <${from.address ?? ""}>\r\n`,
    names.has("date") ? "" : `Date: ${now.toUTCString().replace("GMT", "+0000")}\r\n`,
    names.has("message-id") ? "" : `Message-ID: ${messageId}\r\n`,
  ].join("");
  return missing === "" ? item.mime : Buffer.concat([Buffer.from(missing, "latin1"), item.mime]);
}

/**
 * Sends an item from a mailbox and saves the copy where requested. Throws ItemError `ErrorInvalidRecipients`, or `ErrorSendAsDenied`: the item is
 * then in Drafts, unless it is `draft`, which stays in its folder.
 */
export function send(
  item: NewItem,
  mailbox: LabMailbox,
  saveIn: LabFolder | undefined,
  draft: LabItem | undefined,
  context: RequestContext,
): void {
  const { store } = context;
  checkRecipients(item);
  const from = fromOf(item, mailbox, context);
  if (from === undefined) {
    if (draft === undefined) mailbox.add(mailbox.known("drafts"), { ...item, isDraft: true });
    throw new ItemError(
      "ErrorSendAsDenied",
      "The user account which was used to submit this request does not have the right to send mail on behalf of the specified sending account.",
    );
  }
  const messageId = item.internetMessageId ?? store.newMessageId();
  const whole: NewItem = {
    ...item,
    from,
    sender: item.sender !== undefined && sameAddress(item.sender.address ?? "", context.acting.address) ? item.sender : from,
    internetMessageId: messageId,
    mime: completedMime(item, from, messageId, store.now()),
  };
  const { sent } = store.submit(whole, mailbox);
  if (draft !== undefined && !context.habits.has("keeps-sent-drafts")) mailbox.remove(draft);
  if (saveIn !== undefined) saveIn.mailbox.add(saveIn, sent);
}

/** Returns whether the item is a message, which can be sent. */
export function isSendable(item: NewItem): boolean {
  return isMessage(elementOf(item.itemClass ?? "IPM.Note"));
}
