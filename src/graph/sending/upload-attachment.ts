import type { NewAttachment } from "../../exchange/attachment.ts";
import { asFailure, Failure } from "../../failure.ts";
import { createUploadSession } from "../requests/attachment-createuploadsession.ts";
import { postAttachment } from "../requests/message-post-attachments.ts";
import type { ExpectedReply } from "../session/expected-reply.ts";
import type { GraphMailbox } from "../session/mailbox.ts";
import { textsIn } from "../session/read-json.ts";

/**
 * Files of at least this size use an upload session; smaller ones may not. A request may have 4 MB in total, so a file just below the limit uses a
 * session as well if it is refused as too large.
 * @see https://learn.microsoft.com/en-us/graph/outlook-large-attachments
 */
const sessionFrom = 3 * 1024 * 1024;
/** Maximum size of a file in an upload session, on the same page. */
const maxSize = 150 * 1024 * 1024;
/** Bytes of one piece: below 4 MB, and a multiple of 320 KiB, as Microsoft demands for other uploads. */
const pieceSize = 12 * 320 * 1024;
/** Maximum number of tries for one piece. */
const maxTries = 3;

/** Adds a file to a draft. Throws Failure: then the draft may or may not have it, and must not be sent. */
export async function uploadAttachment(mailbox: GraphMailbox, draft: string, attachment: NewAttachment): Promise<void> {
  if (attachment.size > maxSize) {
    throw new Failure(
      "too-large",
      `${JSON.stringify(attachment.name.slice(0, 80))} is larger than the 150 MB that Microsoft Graph accepts.`,
    );
  }
  if (attachment.size < sessionFrom) {
    try {
      await mailbox.ask(postAttachment, { draft, attachment });
      return;
    } catch (thrown) {
      // A file refused for its size was not added.
      if (asFailure(thrown).code !== "too-large" || attachment.size < sessionFrom / 2) throw thrown;
    }
  }
  await uploadPieces(mailbox, await mailbox.ask(createUploadSession, { draft, attachment }), attachment);
}

async function uploadPieces(mailbox: GraphMailbox, url: string, attachment: NewAttachment): Promise<void> {
  let start = 0;
  for await (const piece of pieces(attachment.open())) {
    if (start + piece.length > attachment.size) throw sizeMismatch(attachment);
    await uploadPiece(mailbox, url, piece, start, attachment.size);
    start += piece.length;
  }
  if (start !== attachment.size) throw sizeMismatch(attachment);
}

function sizeMismatch({ name }: NewAttachment): Failure {
  return new Failure("invalid-input", `The content of ${JSON.stringify(name.slice(0, 80))} does not have the size that was given.`);
}

/** The reply when more pieces are expected. The position of the next is written in two ways (`nextExpectedRanges`, `NextExpectedRanges`). */
const further: ExpectedReply = { status: [200, 202], body: "json" };
/** The reply when the file is on the message, with its location. @see https://learn.microsoft.com/en-us/graph/outlook-large-attachments */
const last: ExpectedReply = { status: [201], body: "nothing", headers: ["location"] };

/** Uploads one piece. After a lost reply, asks the server how much has arrived. */
async function uploadPiece(mailbox: GraphMailbox, url: string, piece: Buffer, start: number, total: number): Promise<void> {
  const end = start + piece.length;
  const source = {
    size: piece.length,
    async *open() {
      yield piece;
    },
  };
  for (let tries = 1; ; tries++) {
    try {
      await mailbox.requestWithoutToken({ name: "attachment-upload", reply: end === total ? last : further }, "never", {
        url,
        method: "PUT",
        headers: { "content-type": "application/octet-stream", "content-range": `bytes ${start}-${end - 1}/${total}` },
        body: source,
      });
      return;
    } catch (thrown) {
      const failure = asFailure(thrown);
      // After the last piece the session no longer exists.
      if (failure.code !== "unknown-outcome" || end === total || tries >= maxTries) throw failure;
      const next = await nextExpectedStart(mailbox, url);
      if (next === end) return;
      if (next !== start) throw failure;
    }
  }
}

/**
 * Returns the position at which the server expects the next piece.
 * @see https://learn.microsoft.com/en-us/graph/api/driveitem-createuploadsession#resuming-an-in-progress-upload
 */
async function nextExpectedStart(mailbox: GraphMailbox, url: string): Promise<number | undefined> {
  const json = await mailbox.requestWithoutToken({ name: "attachment-upload", reply: further }, "read", {
    url,
    method: "GET",
    headers: {},
  });
  const [range = ""] = textsIn(json, "nextExpectedRanges") ?? textsIn(json, "NextExpectedRanges") ?? [];
  const begin = /^(\d{1,15})(-|$)/.exec(range)?.[1];
  return begin === undefined ? undefined : Number(begin);
}

/** Yields the bytes in pieces of one size; the last may be smaller. */
async function* pieces(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Buffer> {
  let parts: Uint8Array[] = [];
  let size = 0;
  for await (const some of bytes) {
    let rest = some;
    while (size + rest.length >= pieceSize) {
      const taken = rest.subarray(0, pieceSize - size);
      yield Buffer.concat([...parts, taken]);
      rest = rest.subarray(taken.length);
      parts = [];
      size = 0;
    }
    // A copy, because the owner of the bytes may reuse their memory.
    if (rest.length > 0) parts.push(Buffer.from(rest));
    size += rest.length;
  }
  if (size > 0) yield Buffer.concat(parts);
}
