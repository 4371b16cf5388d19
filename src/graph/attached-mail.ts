import type { Attachment } from "../exchange/attachment.ts";
import { textOfHtml } from "../exchange/html-text.ts";
import type { Address, Importance, Message } from "../exchange/message.ts";
import { decodeText, partDecoder } from "../wire/mime-decode.ts";
import { fieldIn, parameterIn, tokenOf } from "../wire/mime-header.ts";
import { isMessage, split } from "../wire/mime-parts.ts";
import type { PartHead } from "../wire/mime-split.ts";

/** Of a text so much is told, and of all together. */
const maxTextBytes = 1024 * 1024;
const maxKeptBytes = 4 * 1024 * 1024;
/** Of a message inside, so much is looked through for its subject. */
const maxInnerHead = 64 * 1024;

/** A part as it was read over: of a text its beginning, of a message its header. */
interface ReadPart {
  readonly part: PartHead;
  readonly size: number;
  readonly kept: Buffer;
}

/** What a message says of itself, and what hangs in it: `holder` is its id, and each attachment has the number of its part after a full stop. Throws Failure. */
export async function readAttached(message: AsyncIterable<Uint8Array>, holder: string): Promise<Message> {
  let head: Buffer = Buffer.alloc(0);
  const parts: ReadPart[] = [];
  let reading: Reading | undefined;
  let room = maxKeptBytes;
  const ended = (one: Reading | undefined): void => {
    if (one === undefined) return;
    const read = one.end();
    room -= read.kept.length;
    parts.push(read);
  };
  for await (const event of split(message)) {
    if (event.kind === "head") head = event.bytes;
    else if (event.kind === "bytes") reading?.write(event.bytes);
    else {
      ended(reading);
      reading = readingOf(event.part, room);
    }
  }
  ended(reading);
  const bodies = bodiesOf(parts);
  const attached = parts.filter((one) => !bodies.includes(one));
  const listed = await Promise.all(attached.map((one) => attachmentOf(one, holder)));
  return {
    ...(await messageOf(head)),
    itemId: holder,
    bodyText: textIn(bodies),
    attachments: listed.length === 0 ? undefined : listed,
  };
}

interface Reading {
  write(bytes: Buffer): void;
  end(): ReadPart;
}

function readingOf(part: PartHead, room: number): Reading {
  const decoder = partDecoder(part.encoding);
  const limit = Math.min(room, isMessage(part) ? maxInnerHead : isText(part) ? maxTextBytes : 0);
  const kept: Buffer[] = [];
  let keptBytes = 0;
  let size = 0;
  const take = (bytes: Buffer): void => {
    size += bytes.length;
    const some = bytes.subarray(0, limit - keptBytes);
    keptBytes += some.length;
    // A copy: whoever gave the bytes may use their memory again.
    if (some.length > 0) kept.push(Buffer.from(some));
  };
  return {
    write: (bytes) => take(decoder.write(bytes)),
    end() {
      take(decoder.end());
      return { part, size, kept: Buffer.concat(kept) };
    },
  };
}

function isText({ type }: PartHead): boolean {
  return type === "text/plain" || type === "text/html";
}

/** What is shown as the body; everything else is listed as attached, so that nothing is hidden. */
function bodiesOf(parts: readonly ReadPart[]): readonly ReadPart[] {
  const bodies = new Map<string, ReadPart>();
  for (const one of parts) {
    const { type, within, fields } = one.part;
    const disposition = fieldIn(fields, "content-disposition");
    const isFile = tokenOf(disposition) === "attachment" || /\bfilename\b/i.test(disposition ?? "");
    // Outside of alternatives one text alone is the body; a calendar beside one is a meeting's.
    const fits = within === "alternative" || bodies.size === 0;
    const isBody = isText(one.part) || (type === "text/calendar" && within === "alternative");
    if (!isFile && fits && isBody && !bodies.has(type)) bodies.set(type, one);
  }
  return [...bodies.values()];
}

async function attachmentOf({ part, size, kept }: ReadPart, holder: string): Promise<Attachment> {
  const { PostalMime } = await import("../libraries/mime.ts");
  const field = (name: string) => fieldIn(part.fields, name);
  const disposition = field("content-disposition");
  // As an attachment, so that its name is read whatever it says itself to be.
  const lines = [
    `Content-Type: ${field("content-type") ?? part.type}`,
    `Content-Disposition: attachment${/;.*/s.exec(disposition ?? "")?.[0] ?? ""}`,
    "",
    "",
  ];
  const { attachments } = await PostalMime.parse(Buffer.from(lines.join("\r\n"), "latin1"), { forceRfc822Attachments: true });
  const contentId = field("content-id")?.replace(/^<|>$/g, "") || undefined;
  const isItem = isMessage(part);
  const isShown = tokenOf(disposition) === "inline" || part.within === "related";
  const subject = isItem ? (await messageOf(headOf(kept))).subject : undefined;
  return {
    id: `${holder}.${part.number}`,
    kind: isItem ? "item" : "file",
    name: attachments[0]?.filename || subject || undefined,
    contentType: part.type,
    contentId,
    size,
    isInline: !isItem && contentId !== undefined && isShown && tokenOf(disposition) !== "attachment",
  };
}

function headOf(bytes: Buffer): Buffer {
  const end = /\r?\n\r?\n/.exec(bytes.toString("latin1"))?.index;
  return end === undefined ? bytes : bytes.subarray(0, end);
}

/** As text, also of HTML: that is what Exchange is asked for where it opens an attached message itself. */
function textIn(bodies: readonly ReadPart[]): string | undefined {
  const of = (type: string): string | undefined => {
    const body = bodies.find(({ part }) => part.type === type);
    return body && decodeText(body.kept, parameterIn(fieldIn(body.part.fields, "content-type") ?? "", "charset"));
  };
  const html = of("text/html");
  return of("text/plain") ?? (html === undefined ? undefined : textOfHtml(html));
}

const importances: ReadonlyMap<string, Importance> = new Map([
  ["low", "Low"],
  ["high", "High"],
]);

/** The fields of a message by its header (RFC 5322): what only a mailbox gives a message, it has not. */
async function messageOf(head: Buffer): Promise<Omit<Message, "itemId">> {
  const { PostalMime } = await import("../libraries/mime.ts");
  const read = await PostalMime.parse(Buffer.concat([head, Buffer.from("\r\n\r\n")]));
  const sentAt = Date.parse(read.date ?? "");
  const importance = read.headers.find(({ key }) => key === "importance")?.value.toLowerCase();
  return {
    internetMessageId: read.messageId || undefined,
    subject: read.subject,
    sender: addressesOf(read.sender)[0],
    from: addressesOf(read.from)[0],
    replyTo: addressesOf(read.replyTo),
    to: addressesOf(read.to),
    cc: addressesOf(read.cc),
    bcc: addressesOf(read.bcc),
    sentAt: Number.isNaN(sentAt) ? undefined : new Date(sentAt).toISOString(),
    importance: importances.get(importance ?? ""),
    headers: read.headers.map(({ originalKey, value }) => ({ name: originalKey, value })),
  };
}

/** An address of the library's, or several, or a group of them. */
type Read = { readonly name: string; readonly address?: string | undefined; readonly group?: readonly Read[] | undefined };

function addressesOf(read: Read | readonly Read[] | undefined): Address[] {
  const list = read === undefined ? [] : "length" in read ? read : [read];
  return list.flatMap((one) =>
    one.group === undefined ? [{ name: one.name || undefined, address: one.address }] : addressesOf(one.group),
  );
}
