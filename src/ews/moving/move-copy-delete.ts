import type { Copied, DeleteMode, Destination, Junk, Junked } from "../../exchange/exchange.ts";
import { splitStore } from "../../exchange/folders/folder-names.ts";
import { Failure } from "../../failure.ts";
import { attempt, done, failed, type Outcome, runForSome } from "../../outcome.ts";
import type { FolderRef } from "../folders/folder-ref.ts";
import type { Operation } from "../operation.ts";
import { copyItem } from "../operations/copy-item.ts";
import { deleteItem } from "../operations/delete-item.ts";
import { markAsJunk } from "../operations/mark-as-junk.ts";
import { moveItem, type Relocated, type Relocation } from "../operations/move-item.ts";
import { defaultBatchSize, inBatches } from "../session/batch.ts";
import { archivedIds } from "../session/id-ownership.ts";
import type { EwsMailbox } from "../session/mailbox.ts";
import type { MessageIds, RelocationBatch } from "./confirm-moves.ts";
import { findNewCopies, listBefore } from "./find-new-copies.ts";

type Outcomes = AsyncIterable<Outcome<Copied>>;

export function copy(mailbox: EwsMailbox, itemIds: readonly string[], destination: Destination, known: MessageIds): Outcomes {
  return relocate(mailbox, copyItem, itemIds, destination, known);
}

export function move(mailbox: EwsMailbox, itemIds: readonly string[], destination: Destination, known: MessageIds): Outcomes {
  return relocate(mailbox, moveItem, itemIds, destination, known);
}

/** Deletes messages. `trash` and `soft` move, because only a move returns the new id; `hard` deletes. */
export function remove(mailbox: EwsMailbox, itemIds: readonly string[], mode: DeleteMode, known: MessageIds): Outcomes {
  if (mode === "hard") return deleteEach(mailbox, itemIds, "HardDelete");
  // Messages of the archive stay there: it has folders of the same kind.
  return byStore(mailbox, itemIds, (ids, isArchived) => {
    const folder = (name: string) => mailbox.folders.distinguished(isArchived ? `archive${name}` : name);
    if (mode === "trash") return relocateWithin(mailbox, moveItem, ids, folder("deleteditems"), known);
    return softDeleteEach(mailbox, ids, folder("recoverableitemsdeletions"), known);
  });
}

function softDeleteEach(mailbox: EwsMailbox, itemIds: readonly string[], to: FolderRef, known: MessageIds): Outcomes {
  return inBatches(itemIds, defaultBatchSize, async (ids) => {
    const moved = await collect(relocateWithin(mailbox, moveItem, ids, to, known));
    // An account that may delete in a mailbox may lack the right to move into its Recoverable Items. SoftDelete leads there too, without the new id.
    return retryDifferently(ids, moved, mayNotMoveThere, (some) => deleteEach(mailbox, some, "SoftDelete"));
  });
}

export function junk(mailbox: EwsMailbox, itemIds: readonly string[], how: Junk, known: MessageIds): AsyncIterable<Outcome<Junked>> {
  const to = mailbox.folders.distinguished(how.isJunk ? "junkemail" : "inbox");
  return inBatches(itemIds, defaultBatchSize, async (ids) => {
    const marked = await collect(mailbox.each(markAsJunk(how), ids, (some) => some.map((id) => ({ id }))));
    if (!how.move) return marked;
    const settled = await settle(mailbox, { ids, to, isMove: true, known }, marked);
    return settled.map((outcome, index): Outcome<Junked> => {
      const before = marked[index];
      if (!outcome.ok || before === undefined) return outcome;
      return before.ok ? done({ ...before.value, ...outcome.value }) : done({ ...outcome.value, note: senderUnknown });
    });
  });
}

/** Runs `work` separately for items of the mailbox and of its archive. Returns one Outcome for each, in the order of the ids. */
async function* byStore(
  mailbox: EwsMailbox,
  itemIds: readonly string[],
  work: (ids: readonly string[], isArchived: boolean) => Outcomes,
): Outcomes {
  const archived = await attempt(() => archivedIds(mailbox, itemIds));
  if (!archived.ok) {
    if (archived.failure.code === "cancelled") throw archived.failure;
    yield* itemIds.map(() => archived);
    return;
  }
  if (archived.value.size === 0) {
    yield* work(itemIds, false);
    return;
  }
  const isArchived = (id: string) => archived.value.has(id);
  const behind = (await collect(work(itemIds.filter(isArchived), true))).values();
  yield* runForSome(
    [...itemIds.entries()],
    ([, id]) => !isArchived(id),
    (requested) =>
      work(
        requested.map(([, id]) => id),
        false,
      ),
    () => behind.next().value ?? failed(new Failure("internal", "There were fewer outcomes than items.")),
  );
}

const senderUnknown = "The reply was lost: the message was moved, and whether its sender is on the list is not known.";

function deleteEach(mailbox: EwsMailbox, itemIds: readonly string[], type: "HardDelete" | "SoftDelete"): Outcomes {
  return mailbox.each(deleteItem, itemIds, (ids) => ({ ids: ids.map((id) => ({ id })), type }));
}

function relocateTo(mailbox: EwsMailbox, operation: Operation<Relocation, Relocated>, itemIds: readonly string[], to: FolderRef): Outcomes {
  return mailbox.each(operation, itemIds, (ids) => ({ ids: ids.map((id) => ({ id })), to }));
}

/** Relocates items within a mailbox, and checks once for results that the server does not report. */
function relocateWithin(
  mailbox: EwsMailbox,
  operation: Operation<Relocation, Relocated>,
  itemIds: readonly string[],
  to: FolderRef,
  known: MessageIds,
): Outcomes {
  const isMove = operation.name === "MoveItem";
  return inBatches(itemIds, defaultBatchSize, async (ids) =>
    settle(mailbox, { ids, to, isMove, known }, await collect(relocateTo(mailbox, operation, ids, to))),
  );
}

/** Confirms moves. The code is loaded only where something needs a check. */
async function settle(mailbox: EwsMailbox, relocating: RelocationBatch, outcomes: readonly Outcome<Relocated>[]) {
  const isClear = outcomes.every((one) => (one.ok ? one.value.newItemId !== undefined : one.failure.code !== "unknown-outcome"));
  return isClear ? outcomes : (await import("./confirm-moves.ts")).confirmMoves(mailbox, relocating, outcomes);
}

async function* relocate(
  mailbox: EwsMailbox,
  operation: Operation<Relocation, Relocated>,
  itemIds: readonly string[],
  destination: Destination,
  known: MessageIds,
): Outcomes {
  if (itemIds.length === 0) return;
  const { store } = splitStore(destination.folder);
  const isPublic = destination.publicFolder === true || store === "public";
  const other = otherOf(mailbox, destination);
  // As owner of one mailbox the account has no rights in the other, so it reads messages in one and writes them in the other.
  if (!isPublic && other !== undefined && mailbox.access === "impersonation" && destination.create === true) {
    yield* carryEach(mailbox, itemIds, other, () => folderOf(other, destination), operation.name === "MoveItem");
    return;
  }
  const to = await attempt(() => (isPublic ? mailbox.folders.resolvePublic(destination.folder) : folderOf(other ?? mailbox, destination)));
  if (!to.ok) {
    if (to.failure.code === "cancelled") throw to.failure;
    for (const _ of itemIds) yield to;
    // An archive is a separate mailbox.
  } else if (isPublic || (store === "archive" && other === undefined))
    yield* relocateToOtherStore(mailbox, operation, itemIds, mailbox, to.value);
  else if (other !== undefined) yield* relocateToOtherStore(mailbox, operation, itemIds, other, to.value);
  else {
    yield* byStore(mailbox, itemIds, (ids, isArchived) =>
      isArchived
        ? relocateToOtherStore(mailbox, operation, ids, mailbox, to.value)
        : relocateWithin(mailbox, operation, ids, to.value, known),
    );
  }
}

async function folderOf(mailbox: EwsMailbox, { folder, create }: Destination): Promise<FolderRef> {
  try {
    return await mailbox.folders.resolve(folder);
  } catch (thrown) {
    if (create !== true || !(thrown instanceof Failure) || thrown.code !== "folder-not-found") throw thrown;
    return { id: (await mailbox.folders.create(folder)).folderId };
  }
}

async function* carryEach(
  from: EwsMailbox,
  itemIds: readonly string[],
  to: EwsMailbox,
  folder: () => Promise<FolderRef>,
  isMove: boolean,
): Outcomes {
  const { carryToOtherMailbox } = await import("./copy-to-other-mailbox.ts");
  yield* carryToOtherMailbox(from, itemIds, to, folder, { isMove });
}

function otherOf(mailbox: EwsMailbox, destination: Destination): EwsMailbox | undefined {
  const address = destination.publicFolder ? undefined : destination.mailbox;
  return address === undefined || address.toLowerCase() === mailbox.address.toLowerCase() ? undefined : mailbox.other(address);
}

/** Relocates items to another mailbox, an archive or a public folder. Exchange returns no ids there, and between mailboxes it may refuse. */
function relocateToOtherStore(
  from: EwsMailbox,
  operation: Operation<Relocation, Relocated>,
  itemIds: readonly string[],
  target: EwsMailbox,
  to: FolderRef,
): Outcomes {
  const carry = (ids: readonly string[]) => carryEach(from, ids, target, async () => to, operation.name === "MoveItem");
  if (from !== target && from.access === "impersonation") return carry(itemIds);
  return inBatches(itemIds, defaultBatchSize, async (ids) => {
    const before = await listBefore(from, ids, target, to);
    const relocated = await collect(relocateTo(from, operation, ids, to));
    const found = await findNewCopies(before, relocated, target, to);
    return from === target ? found : retryDifferently(ids, found, isCrossMailbox, carry);
  });
}

function isCrossMailbox({ wireCode }: Failure): boolean {
  return wireCode === "ErrorCrossMailboxMoveCopy";
}

const refusedThere: ReadonlySet<string> = new Set([
  "ErrorAccessDenied",
  "ErrorRecoverableItemsAccessDenied",
  "ErrorCreateItemAccessDenied",
  "ErrorToFolderNotFound",
  "ErrorFolderNotFound",
  "ErrorMoveCopyFailed",
]);

function mayNotMoveThere({ wireCode }: Failure): boolean {
  return refusedThere.has(wireCode ?? "");
}

/** Tries `otherWay` for ids that failed for a certain reason; the others keep their Outcome. */
async function retryDifferently(
  ids: readonly string[],
  outcomes: readonly Outcome<Copied>[],
  reason: (failure: Failure) => boolean,
  otherWay: (ids: readonly string[]) => Outcomes,
): Promise<readonly Outcome<Copied>[]> {
  const failedFor = (outcome: Outcome<Relocated> | undefined) => outcome !== undefined && !outcome.ok && reason(outcome.failure);
  const rest = ids.filter((_, index) => failedFor(outcomes[index]));
  if (rest.length === 0) return outcomes;
  const replaced = (await collect(otherWay(rest))).values();
  return outcomes.map((outcome) => (failedFor(outcome) ? (replaced.next().value ?? outcome) : outcome));
}

async function collect<T>(outcomes: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const outcome of outcomes) list.push(outcome);
  return list;
}
