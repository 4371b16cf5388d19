import type { Address } from "../exchange/message.ts";
import { byteSlices } from "../text/slices.ts";
import { loadCharsets } from "../wire/mime/charset.ts";
import { decodeWords } from "../wire/mime/encoded-words.ts";
import { addressesOf } from "../wire/mime/mime-addresses.ts";
import { split } from "../wire/mime/mime-parts.ts";
import { readAttached } from "./attached-message.ts";

/**
 * A whole message, summarised for a person who must decide about it. All fields of the same name are included, because servers differ in which one
 * they use.
 */
export interface MimeSummary {
  /** By header names in lower case: From, Sender, Reply-To, To, Cc, Bcc, and those of a resent message (Resent-…). */
  readonly addresses: Readonly<Record<string, readonly Address[]>>;
  readonly subject: readonly string[];
  readonly date: readonly string[];
  readonly text: string | undefined;
  /** Names, or the media type for an attachment without a name. */
  readonly attachments: readonly { readonly name: string; readonly size: number }[];
  /** Parts of the message that cannot be separated. */
  readonly unlisted: string | undefined;
}

const addressHeaders = ["from", "sender", "reply-to", "to", "cc", "bcc"];

/** Summarises a message. Throws Failure `too-large` for a message that was made to do harm. */
export async function summariseMime(mime: Uint8Array): Promise<MimeSummary> {
  const decode = await loadCharsets();
  const { bodyText, attachments = [], unlisted } = await readAttached(byteSlices(mime), "");
  const addresses: Record<string, Address[]> = {};
  const texts: { readonly subject: string[]; readonly date: string[] } = { subject: [], date: [] };
  for await (const event of split(byteSlices(mime), true)) {
    if (event.kind !== "head") continue;
    for (const { name, value } of event.fields) {
      if (name === "subject" || name === "date") texts[name].push(decodeWords(value, decode));
      if (!addressHeaders.includes(name.replace(/^resent-/, ""))) continue;
      addresses[name] = [...(addresses[name] ?? []), ...addressesOf(value, decode)];
    }
    break;
  }
  return {
    addresses,
    ...texts,
    text: bodyText,
    attachments: attachments.map(({ name, contentType = "no name", size = 0 }) => ({ name: name ?? contentType, size })),
    unlisted,
  };
}
