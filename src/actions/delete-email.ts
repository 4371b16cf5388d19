import * as z from "zod";
import {
  type Context,
  defineItemAction,
  type Row,
  type Selected,
  type Source,
  type Target,
  type Undo,
} from "../catalogue/action-definition.ts";
import { omitUndefined } from "../catalogue/common-fields.ts";
import { confirm, keep_evidence, keep_export } from "../catalogue/selection-fields.ts";
import {
  emlName,
  exportName,
  guardFields,
  messageNames,
  messagePresentation,
  messageSelectionMethods,
  scope,
  selectMessages,
  whichMessages,
} from "../catalogue/which-messages.ts";
import type { Attachment } from "../exchange/attachment.ts";
import type { DeleteMode, Mailbox } from "../exchange/exchange.ts";
import type { Message } from "../exchange/message.ts";
import { isAbsent } from "../exchange/search/absence.ts";
import { isLocal } from "../exchange/search/local-failure.ts";
import { wholeItems } from "../exchange/whole-item.ts";
import { Failure } from "../failure.ts";
import { attempt, done, failed, type Outcome, runForSome, takeOnly } from "../outcome.ts";
import { findDeletionProof, recoverableFolders, recoverableSearch } from "../verification/deletion-proof.ts";
import { verifyGone } from "../verification/verify-gone.ts";

const deleted = { trash: "trash_deleted", soft: "soft_deleted", hard: "hard_deleted" } as const satisfies Record<DeleteMode, string>;

const UndoNoun = z.strictObject({ item_id: z.string(), to: z.string() });

/** Text for the person who confirms. */
const undoTexts: Readonly<Record<DeleteMode, string>> = {
  trash: "They go to Deleted Items. This can be undone.",
  soft: "They go to the Recoverable Items. This can be undone as long as Exchange keeps them there.",
  hard: "They are deleted permanently. This cannot be undone.",
};

/** Returns the copy that brings a deleted message back to its folder. */
function copyBack({ undo }: Row): Undo | undefined {
  const parsed = UndoNoun.safeParse(undo);
  if (!parsed.success) return undefined;
  return { action: "copy-email", input: { item_id: parsed.data.item_id, destination_folder: parsed.data.to } };
}

/** Deleting twice has the same result as deleting once: a message that is not there is a success if every place to search was opened. */
export const deleteEmail = defineItemAction({
  name: "delete-email",
  title: "Delete Email",
  summary: "Delete messages from a mailbox: to Deleted Items, to the Recoverable Items (default), or permanently.",
  effect: "destroy",
  uses: [...messageSelectionMethods, "attachments", "delete", "get", "mime"],
  sometimes: [
    { uses: ["exported"], when: "with `keep_export`, and with `keep_evidence` for a message that Exchange cannot convert to MIME" },
  ],
  overGraph: {
    supported: "some",
    differs:
      "The item keeps its id when it is moved. Outside the worldwide cloud `hard` moves to the Recoverable Items: `action` is `soft_deleted`, and `note` says so.",
    why: "Graph ids are immutable. Only the worldwide cloud has permanentDelete.",
  },
  noun: "message",
  // It was seen when it was chosen.
  vanished: { action: "already_gone" },
  done: ({ delete_type }) => ({ trash: "moved to Deleted Items", soft: "deleted", hard: "deleted permanently" })[delete_type],
  did: ({ action }, { delete_type }) => {
    if (action === "already_gone") return "already deleted";
    return delete_type === "hard" && action === "soft_deleted" ? "moved to the Recoverable Items" : undefined;
  },
  irreversible: ({ delete_type }) =>
    delete_type === "hard" ? "Messages deleted for good cannot be put back: their evidence is all that is left." : undefined,
  glance: { ...messagePresentation, hidden: ["undo"], undo: copyBack },
  example: {
    mailbox: "user03@example.com",
    internet_message_id: ["<20f7c1.4711@mailer.example.net>"],
    expected_count: 1,
    keep_evidence: true,
  },
  input: z.strictObject({
    ...whichMessages,
    scope,
    delete_type: z
      .enum(["trash", "soft", "hard"])
      .default("soft")
      .describe(
        "trash: move to Deleted Items; soft: move to the Recoverable Items, where the reader does not see it; hard: delete permanently, from the Recoverable Items as well, unless a hold keeps it. If Exchange cannot delete permanently, mailcordon does soft instead, and the answer says so.",
      ),
    confirm_hard: z.boolean().default(false).describe("Required to be true for delete_type hard, which cannot be undone."),
    keep_evidence,
    keep_export,
    confirm,
    ...guardFields,
  }),
  each: z.strictObject({
    action: z
      .enum(["trash_deleted", "soft_deleted", "hard_deleted", "already_gone", "not_found"])
      .describe(
        "already_gone: it was there, as shown_by says, and no longer is; not_found: it is not there, and nothing shows that it was.",
      ),
    shown_by: z.enum(["recoverable_items", "audit"]).optional().describe("For already_gone: what shows that the message was there."),
    recoverable_items: z
      .strictObject({ searched: z.array(z.enum(recoverableFolders)), not_searched: z.array(z.enum(recoverableFolders)) })
      .optional()
      .describe("For already_gone: which folders of the Recoverable Items were searched for the message, and which were not."),
    recoverable: z.boolean().optional().describe("Whether its owner or an administrator can get it back without a backup."),
    new_item_id: z.string().optional().describe("Id of the message in its new folder: a move changes the id."),
    undo: UndoNoun.optional().describe("To undo: copy (copy-email) or move this item to this folder id."),
    note: z
      .string()
      .optional()
      .describe("Why less was done than requested, or nothing; for a message from a public folder, the mailbox that contains it now."),
  }),
})
  .select(async function* (input, context) {
    const chosen: Selected[] = [];
    const choice = { copies: input.scope, includeRecoverable: input.delete_type === "hard", mustBeListed: true };
    const before = new Map<Selected, Row>();
    let opened: Promise<ReadonlySet<string>> | undefined;
    const recoverable = () => {
      opened ??= openRecoverableFolders(input.archive, context.mailbox);
      return opened;
    };
    for await (const selected of selectMessages(input, context, choice)) {
      const alreadyDeleted = await findAlreadyDeleted(selected, input, context, recoverable);
      chosen.push(alreadyDeleted?.selected ?? selected);
      if (alreadyDeleted !== undefined) before.set(alreadyDeleted.selected, alreadyDeleted.row);
    }
    const others = chosen.filter((selected) => !before.has(selected));
    const shown = new Map([...before, ...(await findDeletionProof(others, context))]);
    for (const selected of chosen) {
      const isMissing = selected.outcome.ok && isAbsent(selected.outcome.value);
      yield isMissing ? { ...selected, asked: { ...selected.asked, ...(shown.get(selected) ?? { action: "not_found" }) } } : selected;
    }
  })
  .act(
    async function* (targets, input, { mailbox }) {
      const { delete_type } = input;
      const targetFolders = await targetFoldersOf(input, mailbox);
      let at = 0;
      for await (const outcome of runForSome(
        targets,
        ({ message }) => !isIn(targetFolders, message),
        (requested) => mailbox.delete(requested.map(itemId), delete_type),
        () => done(undefined),
      )) {
        const before = targets[at++]?.message;
        const from = before?.parentFolderId;
        if (!outcome.ok) yield outcome;
        else if (outcome.value === undefined) {
          yield done({ action: "already_gone" as const, recoverable: true, note: alreadyThereText(targetFolders?.get(from ?? "")) });
        } else {
          const { newItemId, mode = delete_type, note = publicFolderNote(mode, before, mailbox) } = outcome.value;
          const undo = newItemId !== undefined && from !== undefined ? { item_id: newItemId, to: from } : undefined;
          yield done(omitUndefined({ action: deleted[mode], recoverable: mode !== "hard", new_item_id: newItemId, undo, note }));
        }
      }
    },
    {
      details: ({ delete_type, keep_evidence: keeps }) => ({
        values: { delete_type },
        notes: [`${undoTexts[delete_type]} ${keeps ? "A copy of each is kept as evidence first." : "No copy is kept as evidence."}`],
      }),
      check(input) {
        messageNames(input);
        if (input.keep_export && !input.keep_evidence)
          throw new Failure("invalid-input", "keep_export needs keep_evidence: true. Nothing was deleted.", {
            hint: "Add keep_evidence: only Exchange can read an export, and people need the .eml beside it.",
          });
        if (input.delete_type === "hard" && !input.confirm_hard && !input.dry_run) {
          throw new Failure(
            "confirmation-required",
            "delete_type hard cannot be undone and needs confirm_hard: true. Nothing was deleted.",
            {
              hint: "Use delete_type soft, which can be undone; or set confirm_hard to true and confirm the call as well.",
            },
          );
        }
      },
      preserve: {
        wanted: (input) => input.keep_evidence,
        bytes: (targets, { keep_export: keepsExport }, { mailbox }) => evidenceOf(targets, mailbox, keepsExport),
      },
      async *verify(targets, rows, input, context, chosen) {
        // No copy may remain only if the caller named every copy of a Message-ID.
        const every = input.item_id === undefined && input.scope === "all" && input.folder === undefined;
        const left = every ? await findCopiesLeft(targets, rows, chosen, input, context) : new Map<string, Failure>();
        const messages = targets.flatMap(({ message }) => message ?? []);
        const targetFolders = await targetFoldersOf(input, context.mailbox);
        const gone = await verifyGone(
          messages.map((before, at) => ({ before, newItemId: rows[at]?.new_item_id })),
          context,
        );
        for (const [at, outcome] of gone.entries()) {
          const before = messages[at];
          const other = before?.internetMessageId === undefined ? undefined : left.get(before.internetMessageId);
          // The message was not moved, because it was already at its destination.
          const isThere = isIn(targetFolders, before) && rows[at]?.action === "already_gone";
          if (isThere)
            yield outcome.ok
              ? failed(new Failure("not-verified", "The message is no longer in that folder."))
              : expectStillThere(outcome.failure);
          else if (!outcome.ok)
            yield (await wasRecoverableBefore(outcome.failure, before, rows[at]?.action, context)) ? done(true) : outcome;
          else if (rows[at]?.action === "hard_deleted" && outcome.value.now !== undefined) {
            yield failed(new Failure("not-verified", "The message can still be read."));
          } else yield other === undefined ? done(true) : done(other);
        }
      },
    },
  );

/** Over Graph an id does not change, even in the Recoverable Items: a message that was already there is correctly still there. */
async function wasRecoverableBefore(
  seen: Failure,
  before: Message | undefined,
  action: string | undefined,
  { mailbox }: Context<"folder">,
) {
  if (seen.code !== "not-verified" || action !== "soft_deleted" || before?.parentFolderId === undefined) return false;
  const recoverable = await attempt(() => mailbox.folder(recoverableItems));
  return recoverable.ok && recoverable.value.folderId === before.parentFolderId;
}

/** A message that was already at its destination must be found there. */
function expectStillThere(seen: Failure): Outcome<boolean> {
  return seen.code === "not-verified" ? done(true) : failed(seen);
}

/** The bytes of each message, and what Exchange lists of it. */
async function* evidenceOf(
  targets: readonly Target[],
  mailbox: Pick<Mailbox, "attachments" | "exported" | "mime">,
  keepsExport: boolean,
): AsyncGenerator<Outcome<Source>> {
  const listed: Outcome<readonly Attachment[]>[] = [];
  for await (const outcome of mailbox.attachments(targets.map(itemId))) listed.push(outcome);
  let at = 0;
  for await (const outcome of wholeItems(mailbox, targets.map(itemId))) {
    const target = targets[at];
    const list = listed[at++];
    if (!outcome.ok) {
      yield outcome;
      continue;
    }
    const { bytes, form, note } = outcome.value;
    const unreadable = list?.ok ? list.value.find((one) => one.unreadable !== undefined)?.unreadable : undefined;
    const id = target === undefined ? "" : itemId(target);
    const exportAgain = async () => (await takeOnly(mailbox.exported([id]))).bytes;
    if (form === "export") {
      yield done({ name: exportName(target?.message), bytes, note, again: exportAgain });
    } else if (list?.ok && unreadable === undefined) {
      const again = async () => (await takeOnly(mailbox.mime([id]))).bytes;
      const message = { internetMessageId: target?.message?.internetMessageId, attachments: list.value };
      const beside = keepsExport ? { export: { name: exportName(target?.message), open: exportAgain } } : {};
      yield done({ name: emlName(target?.message), bytes, note, again, message, ...beside });
    } else {
      // A stream that is not read to its end keeps its TCP connection.
      for await (const _ of bytes);
      if (list?.ok === false) yield list;
      else yield failed(unreadable ?? new Failure("internal", "There were fewer outcomes than items."));
    }
  }
}

function itemId(target: Target): string {
  return target.message?.itemId ?? "";
}

/** A public folder has no Deleted Items of its own. */
function publicFolderNote(mode: DeleteMode, before: Message | undefined, { address }: Pick<Mailbox, "address">): string | undefined {
  if (mode === "hard" || before?.folderPath?.startsWith("public:") !== true) return undefined;
  return `It was in a public folder, and is in the ${mode === "trash" ? "Deleted Items" : "Recoverable Items"} of ${address} now.`;
}

type DeleteInput = {
  readonly delete_type: DeleteMode;
  readonly item_id?: readonly string[] | undefined;
  readonly folder?: string | undefined;
  readonly archive: boolean;
};

/** Folders, by id, whose messages are not deleted again, with the name of each. */
type TargetFolders = ReadonlyMap<string, string>;

/** Returns the target folders in which a message may already be. A message in the Recoverable Items is never moved back to Deleted Items. */
async function targetFoldersOf(request: DeleteInput, mailbox: Pick<Mailbox, "folder">): Promise<TargetFolders | undefined> {
  const { delete_type: mode, archive } = request;
  if (mode === "hard") return undefined;
  const trash = mode === "trash" ? await openTrashFolders(archive, mailbox) : [];
  const recoverable = mayBeRecoverable(request) ? await openRecoverableFolders(archive, mailbox) : [];
  return new Map([
    ...[...trash].map((id) => [id, "Deleted Items"] as const),
    ...[...recoverable].map((id) => [id, "the Recoverable Items"] as const),
  ]);
}

/** An id opens its message in any folder. A Message-ID without a folder is searched in the mailbox only, not in the Recoverable Items. */
function mayBeRecoverable({ item_id, folder }: DeleteInput): boolean {
  return item_id !== undefined || folder !== undefined;
}

function isIn(targetFolders: TargetFolders | undefined, message: Message | undefined): boolean {
  return message?.parentFolderId !== undefined && targetFolders?.has(message.parentFolderId) === true;
}

function alreadyThereText(name = "that folder"): string {
  return `It is in ${name} already.`;
}

/** The Recoverable Items that can be opened. Throws Failure. */
async function openRecoverableFolders(archive: boolean, mailbox: Pick<Mailbox, "folder">): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for (const name of archive ? [recoverableItems, `archive:${recoverableItems}`] : [recoverableItems]) {
    const opened = await attempt(() => mailbox.folder(name));
    if (opened.ok) ids.add(opened.value.folderId);
    else if (!isLocal(opened.failure) && opened.failure.code !== "mailbox-not-found") throw opened.failure;
  }
  return ids;
}

/**
 * Returns a message that the caller named by its id and that is already in the Recoverable Items as absent: it is not deleted again, and no evidence
 * is kept again. This applies only if the rest of the mailbox was searched and has no copy; otherwise `act` reports it. Throws Failure.
 */
async function findAlreadyDeleted(
  { asked: requested, outcome }: Selected,
  request: DeleteInput,
  { mailbox }: Context<"locate">,
  recoverable: () => Promise<ReadonlySet<string>>,
): Promise<{ readonly selected: Selected; readonly row: Row } | undefined> {
  const message = outcome.ok && !isAbsent(outcome.value) ? outcome.value.message : undefined;
  const { internetMessageId, parentFolderId } = message ?? {};
  if (message === undefined || internetMessageId === undefined || parentFolderId === undefined) return undefined;
  if (request.delete_type === "hard" || request.folder !== undefined || !mayBeRecoverable(request)) return undefined;
  if (!(await recoverable()).has(parentFolderId)) return undefined;
  for await (const seen of mailbox.locate([{ internetMessageId }], { archive: request.archive })) {
    if (!seen.ok || !isAbsent(seen.value)) return undefined;
    const shown = { shown_by: "recoverable_items", recoverable_items: recoverableSearch(["deletions"]) };
    const row = { action: "already_gone", ...shown, recoverable: true, new_item_id: message.itemId };
    return { selected: { asked: requested, outcome: done(seen.value) }, row: { ...row, note: alreadyThereText("the Recoverable Items") } };
  }
  return undefined;
}

/** Opens Deleted Items, and those of the archive if `archive` is set. Throws Failure. */
async function openTrashFolders(archive: boolean, mailbox: Pick<Mailbox, "folder">): Promise<ReadonlySet<string>> {
  const { folderId } = await mailbox.folder("deleteditems");
  const behind = archive ? await attempt(() => mailbox.folder("archive:deleteditems")) : undefined;
  // The search for messages already reported that the archive is missing or cannot be opened.
  if (behind?.ok === false && !isLocal(behind.failure) && behind.failure.code !== "mailbox-not-found") throw behind.failure;
  return new Set(behind?.ok ? [folderId, behind.value.folderId] : [folderId]);
}

const recoverableItems = "recoverableitemsdeletions";

/**
 * Returns the Message-IDs that have a copy left, or may have one because it could not be searched. A selected message that was not deleted has its
 * own failure; a deleted message may only be in its target folder.
 */
async function findCopiesLeft(
  targets: readonly Target[],
  rows: readonly { readonly action: string }[],
  chosen: readonly Target[],
  { archive }: DeleteInput,
  { mailbox }: Context<"folder" | "locate">,
): Promise<ReadonlyMap<string, Failure>> {
  const deletedIds = new Set(targets.map(itemId));
  const others = new Set(chosen.map(itemId).filter((id) => !deletedIds.has(id)));
  const isHard = rows.every(({ action }) => action === "hard_deleted");
  const trash = isHard ? new Set<string>() : await openTrashFolders(archive, mailbox);
  const ids = [...new Set(targets.flatMap(({ message }) => message?.internetMessageId ?? []))];
  const left = new Map<string, Failure>();
  let at = 0;
  for await (const outcome of mailbox.locate(
    ids.map((internetMessageId) => ({ internetMessageId })),
    { includeRecoverable: isHard, archive },
  )) {
    const id = ids[at++];
    if (id === undefined) continue;
    if (!outcome.ok) left.set(id, outcome.failure);
    else if (!isAbsent(outcome.value)) {
      const strays = outcome.value.messages.filter((copy) => !others.has(copy.itemId) && !trash.has(copy.parentFolderId ?? ""));
      if (strays.length > 0) left.set(id, copyLeftFailure(strays.some((copy) => deletedIds.has(copy.itemId))));
      else if (outcome.value.unopened !== undefined) left.set(id, outcome.value.unopened);
    }
  }
  return left;
}

function copyLeftFailure(isItself: boolean): Failure {
  const what = isItself ? "The message is still in the mailbox." : "Another copy of this Message-ID is still in the mailbox.";
  return new Failure("not-verified", what);
}
