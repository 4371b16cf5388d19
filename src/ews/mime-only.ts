import type { Content, Message } from "../exchange/message.ts";
import { Failure } from "../failure.ts";
import { type PartPath, partAt, partOf } from "../wire/mime-parts.ts";
import { t } from "./namespaces.ts";
import { getAttachmentContent } from "./operations/get-attachment.ts";
import type { EwsMailbox } from "./session.ts";

// Some servers return an attached message as its MIME alone, without its properties and its attachments. It is then read from that. What hangs in it has
// no id on the server: it is named by the id of the attached message and the numbers of its parts after full stops, which stand in no id of EWS.

const mimeContent = [t("MimeContent")];

/** A thousand parts, a hundred deep: nothing that is listed is further in. */
const inside = /^([^.]+)((?:\.[1-9]\d{0,3}){1,100})$/;

/** Whether an id names something that hangs in an attached message. */
export function isInside(id: string): boolean {
  return id.includes(".");
}

/** Whether the server said nothing of an attached message, or left out what hangs in it. */
export function isUntold({ itemId: _, ...said }: Message): boolean {
  return Object.values(said).every((value) => value === undefined) || (said.hasAttachments === true && said.attachments === undefined);
}

/** The attached message of this id, as its MIME says. Throws Failure. */
export async function messageFromMime(mailbox: EwsMailbox, id: string): Promise<Message> {
  const { readAttached } = await import("../mime/attached-mail.ts");
  const { bytes, isMessage } = await open(mailbox, id);
  if (isMessage) return await readAttached(bytes, id);
  for await (const _ of bytes) break;
  throw new Failure("invalid-input", "This attachment is not an attached message.");
}

/** What hangs in an attached message. Throws Failure. */
export async function contentFromMime(mailbox: EwsMailbox, id: string): Promise<Content> {
  return { bytes: (await open(mailbox, id)).bytes };
}

async function open(mailbox: EwsMailbox, id: string): Promise<Content & { readonly isMessage: boolean }> {
  const [, within, numbers = ""] = inside.exec(id) ?? [];
  if (isInside(id) && within === undefined) throw new Failure("invalid-input", "This is not an id of an attachment.");
  const path: PartPath = numbers.split(".").slice(1).map(Number);
  const { bytes } = await mailbox.stream(getAttachmentContent, { id: within ?? id, kind: "item" }, mimeContent);
  if (bytes === undefined) throw new Failure("unreadable", "The server returned neither properties nor MIME for this attached message.");
  if (path.length === 0) return { bytes, isMessage: true };
  const reading = bytes[Symbol.asyncIterator]();
  try {
    const part = await partAt(partOf(reading), path);
    if (part === undefined) throw new Failure("not-found", "The attached message has no such part.");
    return { bytes: endingWith(part.whole(), reading), isMessage: part.isMessage };
  } catch (thrown) {
    await reading.return?.();
    throw thrown;
  }
}

/** Ends the reply when its part has been read: nothing more of it is wanted. */
async function* endingWith(part: AsyncIterable<Uint8Array>, reply: AsyncIterator<Uint8Array>): AsyncIterable<Uint8Array> {
  try {
    yield* part;
  } finally {
    await reply.return?.();
  }
}
