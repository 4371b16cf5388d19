import type { DeleteMode, Destination, Junk, Junked } from "../exchange/exchange.ts";
import { splitStore } from "../exchange/folder-names.ts";
import { Failure } from "../failure.ts";
import { attempt, failed, type Outcome } from "../outcome.ts";
import { importEach } from "./import.ts";
import type { Request } from "./request.ts";
import type { FolderRef } from "./requests/mail-folders.ts";
import { copyMessage } from "./requests/message-copy.ts";
import { moveMessage, type Relocated, type Relocation } from "./requests/message-move.ts";
import { permanentDelete } from "./requests/message-permanentdelete.ts";
import { getMessage } from "./requests/messages.ts";
import type { GraphMailbox } from "./session.ts";

type Outcomes = AsyncIterable<Outcome<Relocated>>;

/** Within a mailbox by Graph's own copy; into another one by the RFC 5322 form, which makes a draft of it. */
export function copy(mailbox: GraphMailbox, itemIds: readonly string[], destination: Destination): Outcomes {
  return relocate(mailbox, copyMessage, itemIds, destination);
}

/** Within a mailbox only: what Graph can carry to another one is not the message as it was. */
export function move(mailbox: GraphMailbox, itemIds: readonly string[], destination: Destination): Outcomes {
  return relocate(mailbox, moveMessage, itemIds, destination);
}

/** `trash` and `soft` move, since where a plain DELETE leads to is not promised; `hard` deletes for good. */
export function remove(mailbox: GraphMailbox, itemIds: readonly string[], mode: DeleteMode): Outcomes {
  if (mode !== "hard") return moveTo(mailbox, itemIds, mode === "trash" ? "deleteditems" : "recoverableitemsdeletions");
  if (mailbox.habits.permanentDelete) return deleteEach(mailbox, itemIds);
  const hint = "Delete it softly: then it lies in the Recoverable Items, where its owner does not see it.";
  return none(
    itemIds,
    new Failure("unsupported", "This cloud has no permanent deletion over Microsoft Graph: nothing was deleted.", { hint }),
  );
}

/** Graph has no other way to say that something is junk than to move it. Who sent it is neither blocked nor reported. */
export async function* junk(
  mailbox: GraphMailbox,
  itemIds: readonly string[],
  { isJunk, move: moves }: Junk,
): AsyncIterable<Outcome<Junked>> {
  if (moves) {
    yield* moveTo(mailbox, itemIds, isJunk ? "junkemail" : "inbox");
    return;
  }
  yield* none(itemIds, new Failure("unsupported", "Microsoft Graph cannot mark a message as junk, or not junk, without moving it."));
}

function moveTo(mailbox: GraphMailbox, itemIds: readonly string[], destinationId: string): Outcomes {
  return mailbox.each(
    moveMessage,
    itemIds.map((id) => ({ id, destinationId })),
  );
}

async function* relocate(
  mailbox: GraphMailbox,
  request: Request<Relocation, Relocated>,
  itemIds: readonly string[],
  destination: Destination,
): Outcomes {
  if (itemIds.length === 0) return;
  const other = otherOf(mailbox, destination);
  const to = await attempt(async () => {
    if (destination.publicFolder === true) throw noPublicFolders();
    if (other !== undefined && request.name !== copyMessage.name) throw noMoveBetween();
    return idOf(await (other ?? mailbox).folders.resolve(destination.folder));
  });
  if (!to.ok) {
    if (to.failure.code === "cancelled") throw to.failure;
    yield* none(itemIds, to.failure);
  } else if (other !== undefined) yield* importEach(mailbox, itemIds, other, to.value);
  else {
    const asked = itemIds.map((id) => ({ id, destinationId: to.value }));
    for await (const outcome of mailbox.each(request, asked)) yield outcome;
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
    hint: "Copy it there, which makes a draft of it, and delete it here.",
  });
}

async function* none(itemIds: readonly string[], failure: Failure): AsyncIterable<Outcome<never>> {
  for (const _ of itemIds) yield failed(failure);
}

async function* deleteEach(mailbox: GraphMailbox, itemIds: readonly string[]): Outcomes {
  let index = 0;
  for await (const outcome of mailbox.each(permanentDelete, itemIds)) {
    const id = itemIds[index++] ?? "";
    yield outcome.ok || outcome.failure.wireCode !== "ErrorCannotDeleteObject" ? outcome : await lookedAt(mailbox, id, outcome.failure);
  }
}

/** Of a message that is already gone, an immutable id is answered as if its deletion were forbidden: https://github.com/microsoftgraph/msgraph-sdk-dotnet/issues/3047 */
async function lookedAt(mailbox: GraphMailbox, itemId: string, refused: Failure): Promise<Outcome<Relocated>> {
  const there = await attempt(() => mailbox.ask(getMessage, { itemId, detail: {} }));
  if (there.ok) return failed(refused);
  if (there.failure.code === "cancelled") throw there.failure;
  return failed(there.failure.code === "not-found" ? there.failure : refused);
}
