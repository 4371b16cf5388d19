import { createHash } from "node:crypto";
import type { Attachment } from "../exchange/attachment.ts";
import { Failure } from "../failure.ts";
import type { RawField } from "../wire/mime/mime-header.ts";
import { MimeSplitter } from "../wire/mime/split-mime.ts";
import { readAttached } from "./attached-message.ts";

/** What Exchange says of a message besides giving it out. */
export interface ListedContent {
  readonly internetMessageId?: string | undefined;
  readonly attachments: readonly Attachment[];
}

/** What one reading of a message was. */
export interface MessageDigest {
  /** Its header ended, and so did the multipart that it began. */
  readonly isComplete: boolean;
  /** SHA-256 of its header and its parts: the same where a server makes up boundaries anew for each reading. */
  readonly digest: string;
}

/** Reads a message while its bytes go by. */
export interface DigestingReader {
  through(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
  /** Of what went by. Throws Failure `too-large` for what no mail has. */
  end(): MessageDigest;
}

export function openDigestingReader(): DigestingReader {
  const splitter = new MimeSplitter();
  const hash = createHash("sha256");
  const take = (events: ReturnType<MimeSplitter["write"]>): void => {
    for (const event of events) {
      if (event.kind === "bytes") hash.update(event.bytes);
      else if (event.kind === "head") hash.update(withoutBoundaries(event.fields));
      else if (event.kind === "part") hash.update(withoutBoundaries(event.part.fields));
    }
  };
  return {
    async *through(bytes) {
      for await (const piece of bytes) {
        take(splitter.write(piece));
        yield piece;
      }
    },
    end() {
      take(splitter.end());
      return { isComplete: splitter.isComplete, digest: hash.digest("hex") };
    },
  };
}

function withoutBoundaries(fields: readonly RawField[]): string {
  return `${fields.map(({ name, value }) => `${name}:${name === "content-type" ? value.replace(/boundary=("[^"]*"|[^;]*)/gi, "") : value}`).join("\n")}\n\n`;
}

/** Makes the failure of a message or a file that is not shown to be whole. */
type Refusal = (why: string) => Failure;

/**
 * Reads a message a second time. Throws Failure, by default `evidence-failed`, unless the two readings are the same, end as they began, and have in
 * them what Exchange lists. `first`: the SHA-256 of the first reading, and the reading itself.
 */
export async function checkMessage(
  again: AsyncIterable<Uint8Array>,
  first: MessageDigest & { readonly sha256: string },
  { internetMessageId, attachments }: ListedContent,
  notWhole: Refusal = noEvidence,
): Promise<void> {
  const hash = createHash("sha256");
  const reader = openDigestingReader();
  const read = await readAttached(reader.through(hashed(again, hash)), "");
  const second = reader.end();
  if (hash.digest("hex") !== first.sha256 && second.digest !== first.digest) throw notWhole(unequal);
  if (!second.isComplete || !first.isComplete) {
    throw notWhole("the message that Exchange gave ends before its parts do");
  }
  if (isDifferentId(internetMessageId, read.headers?.filter(({ name }) => /^message-id$/i.test(name)).map(({ value }) => value) ?? [])) {
    throw notWhole("Exchange gave a message with another Message-ID");
  }
  const [missing] = missingFrom(read.attachments ?? [], attachments);
  if (missing !== undefined) {
    throw notWhole(`the message that Exchange gave has not the attachment ${JSON.stringify((missing.name ?? "").slice(0, 80))}`);
  }
}

/** Reads a file a second time. Throws Failure `evidence-failed` unless the two readings are the same. */
export async function checkFile(again: AsyncIterable<Uint8Array>, first: { readonly sha256: string }): Promise<void> {
  const hash = createHash("sha256");
  for await (const _ of hashed(again, hash));
  if (hash.digest("hex") !== first.sha256) throw noEvidence(unequal);
}

/**
 * Shows that a message which is to be put into another mailbox is whole, by the same checks as evidence. `bytes`: the first reading. Throws Failure
 * `broken-reply`: then nothing of it was copied.
 */
export async function checkCarried(
  bytes: AsyncIterable<Uint8Array>,
  again: AsyncIterable<Uint8Array>,
  listed: ListedContent,
): Promise<void> {
  const reader = openDigestingReader();
  const hash = createHash("sha256");
  for await (const _ of reader.through(hashed(bytes, hash)));
  await checkMessage(again, { ...reader.end(), sha256: hash.digest("hex") }, listed, notCarried);
}

async function* hashed(bytes: AsyncIterable<Uint8Array>, hash: ReturnType<typeof createHash>): AsyncIterable<Uint8Array> {
  for await (const piece of bytes) {
    hash.update(piece);
    yield piece;
  }
}

const unequal = "two readings of it were not the same";

function noEvidence(why: string): Failure {
  return new Failure("evidence-failed", `The evidence may not be whole: ${why}. It was not kept, and the item was not touched.`, {
    hint: "Repeat. If it stays, keep the bytes with download-mail-as-eml or get-attachments, look at them, and delete without keeping evidence.",
  });
}

function notCarried(why: string): Failure {
  return new Failure("broken-reply", `What Exchange returned of the message may not be whole: ${why}. It was not copied.`, {
    hint: "Repeat. If it persists, save the message with download-mail-as-eml and check the file.",
  });
}

/** Exchange may add angle brackets and fold a line; characters beyond ASCII it may write in its own way. */
function isDifferentId(listed: string | undefined, given: readonly string[]): boolean {
  const plain = (id: string) => id.replace(/[<>\s]/g, "").toLowerCase();
  const isPlain = (id: string) => /^[!-~\s]+$/.test(id);
  if (listed === undefined || !isPlain(listed) || given.length === 0 || !given.every(isPlain)) return false;
  return !given.some((id) => plain(id) === plain(listed));
}

/** Bytes that Exchange counts besides the content of a file, such as its name and its icon. */
const maxOverheadBytes = 16 * 1024;
/** What Exchange calls a part without a name. */
const generatedName = /^ATT\d+\.\w+$/i;
/** A form that holds files of its own, or that Exchange lists as one file: what is listed then need not be parts ([MS-OXOSMIME] 2.1.3.1). */
const packedTypes = /^(?:application\/(?:(?:vnd\.)?ms-tnef|(?:x-)?pkcs7-(?:mime|signature)|pgp-signature)|text\/calendar)$/i;

/** Those of a list that a message does not have in it. A link to a file in a cloud is no part of it. */
function missingFrom(inside: readonly Attachment[], listed: readonly Attachment[]): readonly Attachment[] {
  if (inside.some(({ contentType = "" }) => packedTypes.test(contentType))) return [];
  const left = [...inside];
  const take = (matches: (part: Attachment) => boolean): boolean => {
    const at = left.findIndex(matches);
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  };
  const wanted = listed.filter(({ kind }) => kind !== "reference");
  const unnamed = wanted.filter(({ name }) => !take((part) => plainName(part.name) !== "" && plainName(part.name) === plainName(name)));
  const unmeasured = unnamed.filter(
    ({ kind, size }) =>
      kind !== "file" ||
      size === undefined ||
      !take((part) => part.size !== undefined && part.size <= size && size - part.size <= maxOverheadBytes),
  );
  // An attached message has the name of its subject, and a part without a name one that Exchange gives it.
  return unmeasured.filter(({ kind, name = "" }) => !((kind === "item" || name === "" || generatedName.test(name)) && take(() => true)));
}

/** Exchange changes what no file system takes. */
function plainName(name = ""): string {
  return name
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, "");
}
