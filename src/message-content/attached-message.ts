// src/message-content/: Takes messages and attachments apart for both back ends, and checks that a message read is whole.

import type { Attachment } from "../exchange/attachment.ts";
import type { Importance, Message } from "../exchange/message.ts";
import { textOfHtml } from "../exchange/search/html-text.ts";
import { type DecodeText, loadCharsets } from "../wire/mime/charset.ts";
import { openPartDecoder } from "../wire/mime/decode-part.ts";
import { decodeWords } from "../wire/mime/encoded-words.ts";
import { addressesOf } from "../wire/mime/mime-addresses.ts";
import { fieldIn, fieldsOf, type RawField, tokenOf } from "../wire/mime/mime-header.ts";
import { parametersOf, parameterText } from "../wire/mime/mime-parameters.ts";
import { isMessage as isMessagePart, split } from "../wire/mime/mime-parts.ts";
import type { PartHead } from "../wire/mime/split-mime.ts";

/** Limits for the text kept of one part, and of all parts together. */
const maxTextBytes = 1024 * 1024;
const maxKeptBytes = 4 * 1024 * 1024;
/** Part of a nested message that is searched for its subject. */
const maxInnerHead = 64 * 1024;

/** A part after it was read: the beginning of a text, the header of a message. */
interface ReadPart {
  readonly part: PartHead;
  readonly size: number;
  readonly kept: Buffer;
}

/**
 * Reads the fields and attachments of a message. `holder` is its id; the id of each attachment is `holder`, a full stop and the number of the part.
 * `isMessage` is false for a file that can hold attachments but may not be a message. Throws Failure.
 */
export async function readAttached(message: AsyncIterable<Uint8Array>, holder: string, isMessage = true): Promise<Message> {
  const decode = await loadCharsets();
  let head: readonly RawField[] = [];
  const flaws: string[] = [];
  const parts: ReadPart[] = [];
  let reading: PartCollector | undefined;
  let room = maxKeptBytes;
  const ended = (one: PartCollector | undefined): void => {
    if (one === undefined) return;
    const read = one.end();
    room -= read.kept.length;
    parts.push(read);
  };
  for await (const event of split(message, isMessage)) {
    if (event.kind === "head") head = event.fields;
    else if (event.kind === "bytes") reading?.write(event.bytes);
    else if (event.kind === "flaw") flaws.push(event.text);
    else if (event.kind === "again") reading?.say(event.part);
    else {
      ended(reading);
      reading = collectorOf(event.part, room);
    }
  }
  ended(reading);
  const bodies = bodiesOf(parts);
  const attached = parts.filter((one) => !bodies.includes(one));
  const listed = attached.map((one) => attachmentOf(one, holder, decode));
  return {
    ...messageOf(head, decode),
    itemId: holder,
    bodyText: textIn(bodies, decode),
    ...(bodies.some(({ size, kept }) => size > kept.length) ? { bodyCut: true } : {}),
    attachments: listed.length === 0 ? undefined : listed,
    ...(flaws.length === 0 ? {} : { unlisted: flaws.join(" ") }),
  };
}

interface PartCollector {
  write(bytes: Buffer): void;
  /** Adds fields of the part that follow its content. */
  say(part: PartHead): void;
  end(): ReadPart;
}

function collectorOf(begun: PartHead, room: number): PartCollector {
  let part = begun;
  const decoder = openPartDecoder(part.encoding);
  const limit = Math.min(room, isMessagePart(part) ? maxInnerHead : isText(part) ? maxTextBytes : 0);
  const kept: Buffer[] = [];
  let keptBytes = 0;
  let size = 0;
  const take = (bytes: Buffer): void => {
    size += bytes.length;
    const some = bytes.subarray(0, limit - keptBytes);
    keptBytes += some.length;
    // A copy, because the owner of the bytes may reuse their memory.
    if (some.length > 0) kept.push(Buffer.from(some));
  };
  return {
    write: (bytes) => take(decoder.write(bytes)),
    say(again) {
      part = again;
    },
    end() {
      take(decoder.end());
      return { part, size, kept: Buffer.concat(kept) };
    },
  };
}

function isText({ type }: PartHead): boolean {
  return type === "text/plain" || type === "text/html";
}

/** Returns the parts displayed as the body. All other parts are listed as attachments, so nothing is hidden. */
function bodiesOf(parts: readonly ReadPart[]): readonly ReadPart[] {
  const bodies = new Map<string, ReadPart>();
  for (const one of parts) {
    const { type, within, fields } = one.part;
    const disposition = fieldIn(fields, "content-disposition");
    const isFile = tokenOf(disposition) === "attachment" || /\bfilename\b/i.test(disposition ?? "");
    // Outside alternatives, only one text is the body.
    const fits = within === "alternative" || bodies.size === 0;
    if (!isFile && fits && isText(one.part) && !bodies.has(type)) bodies.set(type, one);
  }
  return [...bodies.values()];
}

function attachmentOf({ part, size, kept }: ReadPart, holder: string, decode: DecodeText): Attachment {
  const field = (name: string) => fieldIn(part.fields, name);
  const disposition = field("content-disposition");
  const named = (value: string | undefined, name: string) => parameterText(parametersOf(value ?? ""), name, decode) || undefined;
  const contentId = field("content-id")?.replace(/^<|>$/g, "") || undefined;
  const isItem = isMessagePart(part);
  const isShown = tokenOf(disposition) === "inline" || part.within === "related";
  const subject = isItem ? messageOf(fieldsOf(headOf(kept)), decode).subject : undefined;
  return {
    id: `${holder}.${part.number}`,
    kind: isItem ? "item" : "file",
    name: named(disposition, "filename") ?? named(field("content-type"), "name") ?? (subject || undefined),
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

/** Returns the body as text, converted from HTML if necessary, as Exchange does for an attached message that it opens itself. */
function textIn(bodies: readonly ReadPart[], decode: DecodeText): string | undefined {
  const of = (type: string): string | undefined => {
    const body = bodies.find(({ part }) => part.type === type);
    return body && decode(body.kept, parametersOf(fieldIn(body.part.fields, "content-type") ?? "").get("charset"));
  };
  const html = of("text/html");
  return of("text/plain") ?? (html === undefined ? undefined : textOfHtml(html));
}

const importances: ReadonlyMap<string, Importance> = new Map([
  ["low", "Low"],
  ["high", "High"],
]);

/** Returns the fields of a message from its header (RFC 5322), without those that only a mailbox adds. */
function messageOf(fields: readonly RawField[], decode: DecodeText): Omit<Message, "itemId"> {
  const field = (name: string) => fieldIn(fields, name);
  const text = (name: string) => {
    const raw = field(name);
    return raw === undefined ? undefined : decodeWords(raw, decode);
  };
  const addresses = (name: string) => addressesOf(field(name) ?? "", decode);
  const sentAt = Date.parse(field("date") ?? "");
  return {
    internetMessageId: text("message-id") || undefined,
    subject: text("subject"),
    sender: addresses("sender")[0],
    from: addresses("from")[0],
    replyTo: addresses("reply-to"),
    to: addresses("to"),
    cc: addresses("cc"),
    bcc: addresses("bcc"),
    sentAt: Number.isNaN(sentAt) ? undefined : new Date(sentAt).toISOString(),
    importance: importances.get(field("importance")?.toLowerCase() ?? ""),
    headers: fields.map(({ written, value }) => ({ name: written, value: decode(Buffer.from(value, "latin1"), undefined) })),
  };
}
