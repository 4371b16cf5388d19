import { setTimeout as sleep } from "node:timers/promises";
import type { Attachment } from "../../exchange/attachment.ts";
import { type Copied, copyLosses } from "../../exchange/exchange.ts";
import { findPossibleDrafts } from "../../exchange/sending/left-draft.ts";
import { discardAfterFailure } from "../../exchange/sending/send-once.ts";
import { asFailure, Failure, type LeftDraft } from "../../failure.ts";
import { attempt } from "../../outcome.ts";
import { beginsAsMessage } from "../../wire/mime/check-message-start.ts";
import type { FolderRef } from "../folders/folder-ref.ts";
import { attachments } from "../messages/attachments.ts";
import { moveMessage, type Relocated } from "../requests/message-move.ts";
import { getMessage } from "../requests/messages.ts";
import { getMimeMessage } from "../requests/outlook-get-mime-message.ts";
import { maxMimeBytes, postMimeMessage } from "../requests/user-post-messages.ts";
import { deleteDraft } from "../sending/delete-draft.ts";
import { draftSearchOf, messageIdOf } from "../sending/send-message.ts";
import type { GraphMailbox } from "../session/mailbox.ts";

/**
 * Copies a message into another mailbox in RFC 5322 form. Graph accepts at most 3 MB and creates a draft. Content and headers are those of the
 * original; the value reports what else is lost. Graph has upload sessions for attachments only, so larger messages cannot be copied. Throws Failure.
 * @see https://learn.microsoft.com/en-us/graph/outlook-send-mime-message
 */
export async function importMime(
  from: GraphMailbox,
  id: string,
  to: GraphMailbox,
  there: () => Promise<FolderRef>,
  note: string,
): Promise<Copied> {
  const how = { method: "mime", lost: copyLosses, note } as const;
  const mime = await readWhole(from, id, note);
  const folder = await there();
  return { ...(await placeMime(to, mime, "id" in folder ? folder.id : folder.distinguished)), ...how };
}

/** Creates a draft from the bytes and moves it into the folder. Its id is absent where the reply to the move was lost. Throws Failure. */
export async function placeMime(to: GraphMailbox, mime: Uint8Array, destinationId: string): Promise<Relocated> {
  const draft = await createDraft(to, mime);
  if (destinationId.toLowerCase() === "drafts") return { newItemId: draft };
  try {
    return await to.ask(moveMessage, { id: draft, destinationId });
  } catch (thrown) {
    const steady = to.during({ ...to.call, signal: undefined });
    throw await discardAfterFailure(draft, asFailure(thrown), {
      discard: (made) => deleteDraft(steady, made),
      left: () => locateDraft(steady, draft),
      leftIn: `Drafts or Deleted Items of ${to.address}`,
    });
  }
}

/** Finds the folder of the draft with this id. */
async function locateDraft(mailbox: GraphMailbox, id: string): Promise<readonly LeftDraft[]> {
  const opened = await attempt(() => mailbox.ask(getMessage, { itemId: id, detail: {} }));
  if (!opened.ok && opened.failure.code === "not-found") return [];
  if (!opened.ok) throw opened.failure;
  const { itemId, parentFolderId } = opened.value;
  const folder = parentFolderId === undefined ? "a folder" : (await mailbox.folders.get(parentFolderId)).path;
  return [{ mailbox: mailbox.address, folder, itemId }];
}

/** Milliseconds. */
const searchDelayMs = 1000;

/** Creates a draft. If the reply was lost, the draft is not known: it stays where it is, and the failure names the drafts that may be it. */
async function createDraft(to: GraphMailbox, mime: Uint8Array): Promise<string> {
  try {
    return await to.ask(postMimeMessage, mime);
  } catch (thrown) {
    const failure = asFailure(thrown);
    const { code, message, wireCode, requestId } = failure;
    if (code !== "unknown-outcome" && code !== "cancelled") throw failure;
    const hint = `Check Drafts of ${to.address} for a copy before you copy it again.`;
    // A server whose reply was lost may still be working.
    await sleep(searchDelayMs);
    const messageId = messageIdOf(mime);
    const draftSearch = draftSearchOf(to, async () => (messageId === undefined ? undefined : { internetMessageId: [messageId] }));
    const { seen, possibleDrafts } = await findPossibleDrafts(draftSearch, message);
    const explanation = `${message} A draft may be left in Drafts of ${to.address}. ${seen}`;
    throw new Failure(code, explanation, { hint, wireCode, requestId, possibleDrafts, cause: failure });
  }
}

/** Returns the message after checking that it is complete, because Graph reports no length for it. */
async function readWhole(from: GraphMailbox, id: string, why: string): Promise<Uint8Array> {
  const mime = await readHeld(from, id, why);
  const { checkCarried } = await import("../../message-content/check-whole.ts");
  const { internetMessageId } = await from.ask(getMessage, { itemId: id, detail: {} });
  const listed: Attachment[] = [];
  for await (const outcome of attachments(from, [id])) {
    if (!outcome.ok) throw outcome.failure;
    for (const one of outcome.value) listed.push(one);
  }
  const again = await from.stream(getMimeMessage, id);
  await checkCarried(pieces(mime), beginsAsMessage(again), { internetMessageId, attachments: listed });
  return mime;
}

async function* pieces(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

/** Reads a whole message into memory, since its size must be known before it is sent. A message too large for the request is not read to its end. */
async function readHeld(mailbox: GraphMailbox, id: string, why: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const bytes of beginsAsMessage(await mailbox.stream(getMimeMessage, id))) {
    size += bytes.length;
    if (size > maxMimeBytes) {
      throw new Failure("too-large", `Without export and import, a message of at most 3 MB is copied to another mailbox. ${why}`, {
        hint: "Nothing was copied. Grant the application MailboxItem.ImportExport.All where the cloud has it; or download the message as EML and keep that.",
      });
    }
    parts.push(bytes);
  }
  return Buffer.concat(parts);
}
