import { createHash } from "node:crypto";
import type { Attachment } from "../exchange/attachment.ts";
import { Failure } from "../failure.ts";
import type { RawField } from "../wire/mime/mime-header.ts";
import { MimeSplitter } from "../wire/mime/split-mime.ts";
import { readAttached } from "./attached-message.ts";

/** The facts that Exchange reports about a message in addition to its content. */
export interface ListedContent {
  readonly internetMessageId?: string | undefined;
  readonly attachments: readonly Attachment[];
}

/** The result of reading a message once. */
export interface MessageDigest {
  /** True when its header ended, and so did the multipart that it began. */
  readonly isComplete: boolean;
  /** SHA-256 of its header and its parts. It does not depend on boundaries, which a server may generate for each download. */
  readonly digest: string;
}

/** Digests a message while its bytes pass. */
export interface DigestingReader {
  through(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
  /** Returns the result for the bytes that passed. Throws Failure `too-large` for a size that no message has. */
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
 * Reads a message a second time. Throws Failure, by default `evidence-failed`, unless both readings are equal, are complete, and contain what
 * Exchange lists. `first`: the SHA-256 of the first reading, and its result.
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
    throw notWhole("the message that Exchange returned ends before its parts do");
  }
  if (isDifferentId(internetMessageId, read.headers?.filter(({ name }) => /^message-id$/i.test(name)).map(({ value }) => value) ?? [])) {
    throw notWhole("Exchange returned a message with another Message-ID");
  }
  const [missing] = missingFrom(read.attachments ?? [], attachments);
  if (missing !== undefined) {
    throw notWhole(`the message that Exchange returned lacks the attachment ${JSON.stringify((missing.name ?? "").slice(0, 80))}`);
  }
}

/** Reads a file a second time. Throws Failure `evidence-failed` unless both readings are equal. */
export async function checkFile(again: AsyncIterable<Uint8Array>, first: { readonly sha256: string }): Promise<void> {
  const hash = createHash("sha256");
  for await (const _ of hashed(again, hash));
  if (hash.digest("hex") !== first.sha256) throw noEvidence(unequal);
}

/**
 * Checks, in the same way as for evidence, that a message for another mailbox is complete. `bytes`: the first reading. Throws Failure `broken-reply`: then
 * no part of it was copied.
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

const unequal = "two readings of it differ";

function noEvidence(why: string): Failure {
  return new Failure("evidence-failed", `The evidence may not be whole: ${why}. It was not kept, and the item was not changed.`, {
    hint: "Retry. If it persists, save the bytes with download-mail-as-eml or get-attachments, check them, and delete without keeping evidence.",
  });
}

function notCarried(why: string): Failure {
  return new Failure("broken-reply", `What Exchange returned of the message may not be whole: ${why}. It was not copied.`, {
    hint: "Repeat. If it persists, save the message with download-mail-as-eml and check the file.",
  });
}

/** Compares Message-IDs. Exchange may add angle brackets and fold a line; it may rewrite characters beyond ASCII, so such ids are not compared. */
function isDifferentId(listed: string | undefined, given: readonly string[]): boolean {
  const plain = (id: string) => id.replace(/[<>\s]/g, "").toLowerCase();
  const isPlain = (id: string) => /^[!-~\s]+$/.test(id);
  if (listed === undefined || !isPlain(listed) || given.length === 0 || !given.every(isPlain)) return false;
  return !given.some((id) => plain(id) === plain(listed));
}

/** Bytes that Exchange counts in addition to the content of a file, such as its name and its icon. */
const maxOverheadBytes = 16 * 1024;
/** The name that Exchange gives to a part without a name. */
const generatedName = /^ATT\d+\.\w+$/i;
/** Formats that hold files of their own or that Exchange lists as one file: listed attachments need not be parts then ([MS-OXOSMIME] 2.1.3.1). */
const packedTypes = /^(?:application\/(?:(?:vnd\.)?ms-tnef|(?:x-)?pkcs7-(?:mime|signature)|pgp-signature)|text\/calendar)$/i;

/** Returns the listed attachments that the message does not contain. A link to a file in a cloud drive is not part of a message. */
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
  // An attached message has its subject as name; a part without a name has one generated by Exchange.
  return unmeasured.filter(({ kind, name = "" }) => !((kind === "item" || name === "" || generatedName.test(name)) && take(() => true)));
}

/** Normalises a name: Exchange changes characters that file systems do not accept. */
function plainName(name = ""): string {
  return name
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, "");
}
