import type { Copied, Deleted, DeleteMode, Destination, Junk, Junked } from "../../exchange/exchange.ts";
import { splitStore } from "../../exchange/folders/folder-names.ts";
import { Failure } from "../../failure.ts";
import { attempt, done, failed, type Outcome } from "../../outcome.ts";
import type { FolderRef } from "../folders/folder-ref.ts";
import { getFolder } from "../requests/mail-folders.ts";
import { copyMessage } from "../requests/message-copy.ts";
import { deleteMessage } from "../requests/message-delete.ts";
import { moveMessage, type Relocated, type Relocation } from "../requests/message-move.ts";
import { noSuchRequest, permanentDelete } from "../requests/message-permanentdelete.ts";
import { getMessage } from "../requests/messages.ts";
import type { GraphMailbox } from "../session/mailbox.ts";
import { oneByOne } from "../session/one-by-one.ts";
import type { Request } from "../session/request-description.ts";
import { checkGone, checkInFolder, confirmAfterLostReply } from "./confirm-moves.ts";

type Outcomes = AsyncIterable<Outcome<Relocated>>;

/** Copies messages: within a mailbox with Graph's copy, to another one with `copyToOtherMailbox`. */
export function copy(mailbox: GraphMailbox, itemIds: readonly string[], destination: Destination): AsyncIterable<Outcome<Copied>> {
  return relocate(mailbox, copyMessage, itemIds, destination);
}

/** Moves messages within a mailbox only, because Graph cannot transfer a message unchanged to another one. */
export function move(mailbox: GraphMailbox, itemIds: readonly string[], destination: Destination): Outcomes {
  return relocate(mailbox, moveMessage, itemIds, destination);
}

/**
 * Deletes messages. `trash` and `soft` move, since Microsoft does not promise where a plain DELETE leads; `hard` deletes permanently. Where the cloud
 * cannot, the message is deleted softly, and the value reports it.
 */
export function remove(mailbox: GraphMailbox, itemIds: readonly string[], mode: DeleteMode): AsyncIterable<Outcome<Deleted>> {
  if (mode === "trash") return moveTo(mailbox, itemIds, "deleteditems");
  if (mode === "soft") return softDeleteEach(mailbox, itemIds);
  return mailbox.behaviour.permanentDelete ? deleteEach(mailbox, itemIds) : softDeleteInstead(mailbox, itemIds);
}

/** Marks messages as junk by moving them, which is all that Graph offers. The sender is neither blocked nor reported. */
export async function* junk(
  mailbox: GraphMailbox,
  itemIds: readonly string[],
  { isJunk, move: moves }: Junk,
): AsyncIterable<Outcome<Junked>> {
  if (moves) {
    const note = `Microsoft Graph has moved it and cannot ${isJunk ? "block" : "unblock"} its sender: the list of blocked senders is unchanged.`;
    for await (const outcome of moveTo(mailbox, itemIds, isJunk ? "junkemail" : "inbox"))
      yield outcome.ok ? done({ ...outcome.value, note }) : outcome;
    return;
  }
  yield* failEach(itemIds, new Failure("unsupported", "Microsoft Graph cannot mark a message as junk, or not junk, without moving it."));
}

function moveTo(mailbox: GraphMailbox, itemIds: readonly string[], destinationId: string): Outcomes {
  const moved = mailbox.each(
    moveMessage,
    itemIds.map((id) => ({ id, destinationId })),
  );
  return confirmAfterLostReply(itemIds, moved, checkInFolder(mailbox, { distinguished: destinationId }));
}

async function* relocate(
  mailbox: GraphMailbox,
  request: Request<Relocation, Relocated>,
  itemIds: readonly string[],
  destination: Destination,
): AsyncIterable<Outcome<Copied>> {
  if (itemIds.length === 0) return;
  const other = otherOf(mailbox, destination);
  if (other !== undefined && request.name === copyMessage.name && destination.create === true) {
    yield* (await import("./copy-to-other-mailbox.ts")).copyToOtherMailbox(mailbox, itemIds, other, () => folderOf(other, destination));
    return;
  }
  const to = await attempt(async () => {
    if (destination.publicFolder === true) throw noPublicFolders();
    if (other !== undefined && request.name !== copyMessage.name) throw noMoveBetween();
    return folderOf(other ?? mailbox, destination);
  });
  if (!to.ok) {
    if (to.failure.code === "cancelled") throw to.failure;
    yield* failEach(itemIds, to.failure);
  } else if (other !== undefined)
    yield* (await import("./copy-to-other-mailbox.ts")).copyToOtherMailbox(mailbox, itemIds, other, async () => to.value);
  else {
    const destinationId = idOf(to.value);
    const requested = itemIds.map((id) => ({ id, destinationId }));
    const relocated = mailbox.each(request, requested);
    // The original shows nothing about a lost copy.
    yield* request.name === copyMessage.name ? relocated : confirmAfterLostReply(itemIds, relocated, checkInFolder(mailbox, to.value));
  }
}

async function folderOf(mailbox: GraphMailbox, { folder, create }: Destination): Promise<FolderRef> {
  try {
    return await mailbox.folders.resolve(folder);
  } catch (thrown) {
    if (create !== true || !(thrown instanceof Failure) || thrown.code !== "folder-not-found") throw thrown;
    return { id: (await mailbox.folders.create(folder)).folderId };
  }
}

function otherOf(mailbox: GraphMailbox, { mailbox: address, folder, publicFolder }: Destination): GraphMailbox | undefined {
  if (publicFolder === true || splitStore(folder).store === "public") return undefined;
  return address === undefined || address.toLowerCase() === mailbox.address.toLowerCase() ? undefined : mailbox.other(address);
}

function idOf(folder: FolderRef): string {
  return "id" in folder ? folder.id : folder.distinguished;
}

function noPublicFolders(): Failure {
  return new Failure("unsupported", "Public folders cannot be reached over Microsoft Graph.");
}

function noMoveBetween(): Failure {
  return new Failure("unsupported", "Microsoft Graph does not move messages between mailboxes: nothing was moved.", {
    hint: "Copy it to the other mailbox, then delete it here.",
  });
}

async function* failEach(itemIds: readonly string[], failure: Failure): AsyncIterable<Outcome<never>> {
  for (const _ of itemIds) yield failed(failure);
}

/** Moves messages to the Recoverable Items. This was seen to work but is not promised, so a refused move becomes a deletion. */
async function* softDeleteEach(mailbox: GraphMailbox, itemIds: readonly string[]): Outcomes {
  const { softDelete } = mailbox.behaviour;
  let requested: Promise<string> | undefined;
  const goal = () => {
    requested ??= mailbox.ask(getFolder, { distinguished: "recoverableitemsdeletions" }).then(({ folderId }) => folderId);
    return requested;
  };
  if (softDelete !== "move") {
    yield* oneByOne(itemIds, (id) => deleteSoftly(mailbox, id, goal, softDelete === "delete" ? 1 : 2));
    return;
  }
  let index = 0;
  for await (const outcome of moveTo(mailbox, itemIds, "recoverableitemsdeletions")) {
    const id = itemIds[index++] ?? "";
    yield outcome.ok || !refusedThere.has(outcome.failure.wireCode ?? "")
      ? outcome
      : await attemptUnlessCancelled(() => deleteSoftly(mailbox, id, goal, 2));
  }
}

const refusedThere: ReadonlySet<string> = new Set([
  "ErrorMoveCopyFailed",
  "ErrorAccessDenied",
  "ErrorRecoverableItemsAccessDenied",
  "ErrorToFolderNotFound",
  "ErrorFolderNotFound",
]);

async function* softDeleteInstead(mailbox: GraphMailbox, itemIds: readonly string[]): AsyncIterable<Outcome<Deleted>> {
  for await (const outcome of softDeleteEach(mailbox, itemIds)) {
    yield outcome.ok
      ? done({ ...outcome.value, mode: "soft", note: "This cloud has no permanent deletion over Microsoft Graph." })
      : outcome;
  }
}

/** Deletes a message softly. A DELETE leads to Deleted Items or to the Recoverable Items, and from the former to the latter. Throws Failure. */
async function deleteSoftly(mailbox: GraphMailbox, id: string, recoverable: () => Promise<string>, times: number): Promise<Relocated> {
  const goal = await recoverable();
  let message = await mailbox.ask(getMessage, { itemId: id, detail: {} });
  for (let tries = 0; tries < times && message.parentFolderId !== goal; tries++) {
    const { itemId } = message;
    const deleted = await attempt(() => mailbox.ask(deleteMessage, itemId));
    if (!deleted.ok && deleted.failure.wireCode !== cannotDelete) throw deleted.failure;
    const now = await attempt(() => mailbox.ask(getMessage, { itemId, detail: {} }));
    // Messages in the Recoverable Items may be invisible.
    if (!now.ok && deleted.ok && now.failure.code === "not-found") return {};
    if (!now.ok) throw now.failure;
    if (!deleted.ok && now.value.parentFolderId !== goal) throw deleted.failure;
    message = now.value;
  }
  if (message.parentFolderId === goal) return { newItemId: message.itemId };
  throw new Failure("not-verified", "It was deleted, but it is not in the Recoverable Items.", {
    hint: "Check the item: it should be in Deleted Items. Set graph: { soft_delete: delete_twice } to delete it from there as well.",
  });
}

async function attemptUnlessCancelled<T>(work: () => Promise<T>): Promise<Outcome<T>> {
  const outcome = await attempt(work);
  if (!outcome.ok && outcome.failure.code === "cancelled") throw outcome.failure;
  return outcome;
}

const cannotDelete = "ErrorCannotDeleteObject";

async function* deleteEach(mailbox: GraphMailbox, itemIds: readonly string[]): AsyncIterable<Outcome<Deleted>> {
  let index = 0;
  for await (const outcome of confirmAfterLostReply(itemIds, mailbox.each(permanentDelete, itemIds), checkGone(mailbox))) {
    const id = itemIds[index++] ?? "";
    if (outcome.ok) yield outcome;
    // The cloud is not the one in the settings.
    else if (outcome.failure.wireCode === noSuchRequest) yield* softDeleteInstead(mailbox, [id]);
    else yield outcome.failure.wireCode === cannotDelete ? await explainRefusal(mailbox, id, outcome.failure) : outcome;
  }
}

/**
 * Explains a refused deletion. If a message no longer exists, a deletion by immutable id is reported as forbidden:
 * https://github.com/microsoftgraph/msgraph-sdk-dotnet/issues/3047
 */
async function explainRefusal(mailbox: GraphMailbox, itemId: string, refused: Failure): Promise<Outcome<never>> {
  const there = await attemptUnlessCancelled(() => mailbox.ask(getMessage, { itemId, detail: {} }));
  return failed(!there.ok && there.failure.code === "not-found" ? there.failure : refused);
}
