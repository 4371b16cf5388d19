import type { Attachment, AttachmentKind } from "../../exchange/attachment.ts";
import type { Content } from "../../exchange/message.ts";
import { Failure } from "../../failure.ts";
import type { PartReader } from "../../message-content/attached-parts.ts";
import { attempt, type Outcome } from "../../outcome.ts";
import { beginsAsMessage } from "../../wire/mime/check-message-start.ts";
import { getAttachmentValue } from "../requests/attachment-get.ts";
import { getMimeMessage } from "../requests/outlook-get-mime-message.ts";
import type { GraphMailbox } from "../session/mailbox.ts";
import { oneByOne } from "../session/one-by-one.ts";
import { type AttachmentLocation, parseAttachmentId, partLocationOf } from "./attachment-ids.ts";

/** Returns the RFC 5322 form of each message, with one request each: in a batch it would be base64 in JSON, and held in memory. */
export function mime(mailbox: GraphMailbox, itemIds: readonly string[]): AsyncIterable<Outcome<Content>> {
  return oneByOne(itemIds, async (id) => ({ bytes: beginsAsMessage(await mailbox.stream(getMimeMessage, id)) }));
}

/**
 * Returns the bytes of each attachment, with one request each. Parts inside one attached message share a download. The target of a reference
 * attachment is never fetched.
 */
export async function* attachmentContent(mailbox: GraphMailbox, requested: readonly Attachment[]): AsyncIterable<Outcome<Content>> {
  const places = await Promise.all(requested.map(({ id, kind }) => attempt(async () => readableLocation(id, kind))));
  const inside = await partReaderFor(
    mailbox,
    places.map((place) => (place.ok ? place.value : undefined)),
  );
  try {
    yield* oneByOne([...places.entries()], async ([index, place]) => {
      if (!place.ok) throw place.failure;
      if (inside !== undefined) return { bytes: (await inside.open(index)).bytes };
      const bytes = await mailbox.stream(getAttachmentValue, place.value);
      return { bytes: requested[index]?.kind === "item" ? beginsAsMessage(bytes) : bytes };
    });
  } finally {
    await inside?.leave();
  }
}

function readableLocation(id: string, kind: AttachmentKind): AttachmentLocation {
  if (kind === "reference") throw new Failure("unsupported", "This attachment is a link to a file elsewhere; links are not followed.");
  return parseAttachmentId(id);
}

/** Returns undefined when no part is inside an attached message, as in most calls. */
export async function partReaderFor(
  mailbox: GraphMailbox,
  places: readonly (AttachmentLocation | undefined)[],
): Promise<PartReader | undefined> {
  if (!places.some((place) => place !== undefined && place.inside.length > 0)) return undefined;
  const { openPartReader } = await import("../../message-content/attached-parts.ts");
  return openPartReader(
    places.map((place) => place && partLocationOf(place)),
    (holder) => mailbox.stream(getAttachmentValue, parseAttachmentId(holder)),
  );
}

/** Ends bytes that are not needed, which would otherwise keep a connection. An iterator must begin before it can end. */
export async function dropBytes(bytes: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of bytes) return;
}
