import type { Detail, Message } from "../../exchange/message.ts";
import { isX500 } from "../../exchange/smtp-address.ts";
import type { Outcome } from "../../outcome.ts";
import { getItem } from "../operations/get-item.ts";
import type { EwsMailbox } from "../session/mailbox.ts";

// FindItem returns the first 255 characters or 512 bytes of a text:
// https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/how-to-perform-paged-searches-by-using-ews-in-exchange
const truncatedCharacters = 255;
const truncatedBytes = 512;

/**
 * Tells whether FindItem may have returned incomplete values: it truncates long subjects and Message-IDs, and may return only the display name or an
 * X.500 address of a sender.
 */
export function isIncomplete({ subject = "", internetMessageId = "", from, sender }: Message): boolean {
  if ([subject, internetMessageId].some(mayBeTruncated)) return true;
  return [from, sender].some((address) => address !== undefined && (address.address === undefined || isX500(address)));
}

/** Tells whether FindItem may have truncated a text. */
export function mayBeTruncated(text: string): boolean {
  return text.length >= truncatedCharacters || Buffer.byteLength(text) >= truncatedBytes;
}

/** Reads messages again, with GetItem. Returns an Outcome for each id. Throws only when cancelled. */
export async function readMessages(
  mailbox: EwsMailbox,
  messages: readonly Message[],
  detail: Detail,
): Promise<Map<string, Outcome<Message>>> {
  const read = new Map<string, Outcome<Message>>();
  let index = 0;
  for await (const outcome of mailbox.each(getItem, messages, (some) => ({ ids: some.map(({ itemId }) => ({ id: itemId })), detail }))) {
    const message = messages[index++];
    if (message) read.set(message.itemId, outcome);
  }
  return read;
}
