import type { Attachment } from "../exchange/attachment.ts";
import type { Content } from "../exchange/message.ts";
import { Failure } from "../failure.ts";
import type { Outcome } from "../outcome.ts";
import { Base64Decoder } from "../wire/base64.ts";
import { type AttachmentPlace, placeOf } from "./attachment-place.ts";
import { type JsonObject, objectIn, objectsIn, textIn } from "./json.ts";
import { oneByOne } from "./one-by-one.ts";
import { getAttachedItem, getAttachmentValue } from "./requests/attachment-get.ts";
import { getMimeMessage } from "./requests/outlook-get-mime-message.ts";
import type { GraphMailbox } from "./session.ts";

/** The RFC 5322 form of each message, one request each: in a batch it would be base64 inside of JSON, and held whole. */
export function mime(mailbox: GraphMailbox, itemIds: readonly string[]): AsyncIterable<Outcome<Content>> {
  return oneByOne(itemIds, async (id) => ({ bytes: await mailbox.stream(getMimeMessage, id) }));
}

/** The bytes of each attachment, one request each. What a reference attachment links to is never fetched. */
export function attachmentContent(mailbox: GraphMailbox, asked: readonly Attachment[]): AsyncIterable<Outcome<Content>> {
  return oneByOne(asked, async ({ id, kind }) => {
    if (kind === "reference") throw new Failure("unsupported", "This attachment is a link to a file elsewhere; links are not followed.");
    const place = placeOf(id);
    if (place.innerId !== undefined) return { bytes: await innerFile(mailbox, place, place.innerId) };
    return { bytes: await mailbox.stream(getAttachmentValue, place) };
  });
}

/** A file that hangs in an attached message: Graph gives it only together with that message, so it is held whole. */
async function innerFile(mailbox: GraphMailbox, place: AttachmentPlace, innerId: string): Promise<AsyncIterable<Uint8Array>> {
  const inner = innerAttachments(await mailbox.ask(getAttachedItem, place))?.find((one) => textIn(one, "id") === innerId);
  if (inner === undefined) throw new Failure("not-found", "There is no such attachment in the attached message.");
  const content = textIn(inner, "contentBytes");
  if (content === undefined) {
    throw new Failure("unsupported", "Microsoft Graph does not give out a message that hangs in an attached message.", {
      hint: "It is in the content of the attached message.",
    });
  }
  const decoder = new Base64Decoder();
  const bytes = decoder.write(Buffer.from(content, "latin1"));
  decoder.end();
  return once(bytes);
}

/** What hangs in the message inside an item attachment, as Graph wrote it; undefined where it says nothing of it. */
export function innerAttachments(attachment: JsonObject): readonly JsonObject[] | undefined {
  return objectsIn(objectIn(attachment, "item"), "attachments");
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
