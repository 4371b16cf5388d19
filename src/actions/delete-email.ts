import * as z from "zod";
import { type Context, type Target, touching } from "../action.ts";
import type { DeleteMode } from "../exchange/exchange.ts";
import type { Message } from "../exchange/message.ts";
import { Failure } from "../failure.ts";
import { confirm, keep_evidence, present } from "../fields.ts";
import { askedOf, done, failed, type Outcome } from "../outcome.ts";
import { choosesMessages, emlName, guarded, messageGlance, messageNames, scope, selectMessages, whichMessages } from "../which-messages.ts";

const deleted = { trash: "trash_deleted", soft: "soft_deleted", hard: "hard_deleted" } as const satisfies Record<DeleteMode, string>;

/** Deleting twice is deleting once: a message already gone is a success. */
export const deleteEmail = touching({
  name: "delete-email",
  title: "Delete Email",
  summary: "Delete messages from a mailbox: into Deleted Items, into the Recoverable Items (default), or for good.",
  effect: "destroy",
  uses: [...choosesMessages, "delete", "get", "mime"],
  overGraph: {
    supported: "some",
    differs:
      "The item keeps its id when it is moved. Outside the worldwide cloud `hard` leads to the Recoverable Items: `action` is `soft_deleted`, and `note` says so.",
    why: "Ids are immutable ones. Only the worldwide cloud has permanentDelete.",
  },
  noun: "message",
  done: ({ delete_type }) => ({ trash: "moved to Deleted Items", soft: "deleted", hard: "deleted for good" })[delete_type],
  did: ({ action }, { delete_type }) =>
    delete_type === "hard" && action === "soft_deleted" ? "moved to the Recoverable Items" : undefined,
  glance: { ...messageGlance, hidden: ["undo"] },
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
        "trash: to Deleted Items; soft: to the Recoverable Items, out of the reader's sight; hard: for good, unless a hold keeps it. Where Exchange cannot, hard is done as soft, and the answer says so.",
      ),
    confirm_hard: z.boolean().default(false).describe("Must be true for delete_type hard, which cannot be undone."),
    keep_evidence,
    confirm,
    ...guarded,
  }),
  each: z.strictObject({
    action: z.enum(["trash_deleted", "soft_deleted", "hard_deleted", "already_gone"]),
    recoverable: z.boolean().optional().describe("Whether its owner or an administrator can get it back without a backup."),
    new_item_id: z.string().optional().describe("Its id where it lies now: a move gives a new one."),
    undo: z
      .strictObject({ item_id: z.string(), to: z.string() })
      .optional()
      .describe("Copying (copy-email) or moving this item to this folder id brings it back."),
    note: z.string().optional().describe("Why less was done than was asked."),
  }),
})
  .select(async function* (input, context) {
    for await (const selected of selectMessages(input, context, input.scope)) {
      const gone = !selected.outcome.ok && selected.outcome.failure.code === "not-found";
      yield gone ? { ...selected, asked: { ...selected.asked, action: "already_gone" } } : selected;
    }
  })
  .act(
    async function* (targets, { delete_type }, { mailbox }) {
      const trash = delete_type === "trash" ? (await mailbox.folder("deleteditems")).folderId : undefined;
      let at = 0;
      for await (const outcome of askedOf(
        targets,
        ({ message }) => trash === undefined || message?.parentFolderId !== trash,
        (asked) => mailbox.delete(asked.map(itemId), delete_type),
        () => failed(new Failure("not-found", "It is in Deleted Items already.")),
      )) {
        const from = targets[at++]?.message?.parentFolderId;
        if (outcome.ok) {
          const { newItemId, mode = delete_type, note } = outcome.value;
          const undo = newItemId !== undefined && from !== undefined ? { item_id: newItemId, to: from } : undefined;
          yield done(present({ action: deleted[mode], recoverable: mode !== "hard", new_item_id: newItemId, undo, note }));
        } else if (outcome.failure.code === "not-found") yield done({ action: "already_gone" as const });
        else yield outcome;
      }
    },
    {
      check(input) {
        messageNames(input);
        if (input.delete_type === "hard" && !input.confirm_hard && !input.dry_run) {
          throw new Failure("confirmation-required", "delete_type hard cannot be undone: it needs confirm_hard true.", {
            hint: "Use delete_type soft, which can be undone; or give confirm_hard true besides confirming.",
          });
        }
      },
      preserve: {
        wanted: (input) => input.keep_evidence,
        async *bytes(targets, _input, { mailbox }) {
          let at = 0;
          for await (const outcome of mailbox.mime(targets.map(itemId))) {
            const message = targets[at++]?.message;
            yield outcome.ok ? done({ name: emlName(message), bytes: outcome.value.bytes }) : outcome;
          }
        },
      },
      async *verify(targets, rows, input, context, chosen) {
        // Only who named every copy of a Message-ID wants none to be left.
        const every = input.item_id === undefined && input.scope === "all" && input.folder === undefined;
        const left = every ? await copiesLeft(targets, chosen, input.delete_type, context) : new Map<string, Failure>();
        const gone = new Set(targets.filter((_, at) => rows[at]?.action === "already_gone"));
        let at = 0;
        for await (const again of askedOf(
          targets,
          (target) => !gone.has(target),
          (asked) => context.mailbox.get(asked.map(itemId), {}),
          () => failed(new Failure("not-found", "It was gone already.")),
        )) {
          const message = targets[at]?.message;
          const forGood = rows[at++]?.action === "hard_deleted";
          const other = message?.internetMessageId === undefined ? undefined : left.get(message.internetMessageId);
          yield forGood && again.ok
            ? failed(new Failure("not-verified", "The message can still be read."))
            : verdict(again, message, other);
        }
      },
    },
  );

function itemId(target: Target): string {
  return target.message?.itemId ?? "";
}

function verdict(again: Outcome<Message>, before: Message | undefined, left: Failure | undefined): Outcome<boolean> {
  // An id that a move does not change names the message where it lies now.
  const isMoved = again.ok && before?.parentFolderId !== undefined && again.value.parentFolderId !== before.parentFolderId;
  if (again.ok && !isMoved) return failed(new Failure("not-verified", "The message is still there under its old id."));
  if (!again.ok && again.failure.code !== "not-found") return again;
  return left === undefined ? done(true) : failed(left);
}

/**
 * The Message-IDs of which there is a copy that should not be (one that appeared meanwhile; a chosen one that failed says so itself), or may
 * be: where it could not be looked for.
 */
async function copiesLeft(
  targets: readonly Target[],
  chosen: readonly Target[],
  mode: DeleteMode,
  { mailbox }: Context<"folder" | "locate">,
): Promise<ReadonlyMap<string, Failure>> {
  const known = new Set(chosen.map(itemId));
  const trash = mode === "hard" ? undefined : (await mailbox.folder("deleteditems")).folderId;
  const ids = [...new Set(targets.flatMap(({ message }) => message?.internetMessageId ?? []))];
  const left = new Map<string, Failure>();
  let at = 0;
  for await (const outcome of mailbox.locate(ids.map((internetMessageId) => ({ internetMessageId })))) {
    const id = ids[at++];
    if (id === undefined) continue;
    if (!outcome.ok && outcome.failure.code !== "not-found") left.set(id, outcome.failure);
    const copies = outcome.ok ? outcome.value : [];
    const stray = copies.some((copy) => !known.has(copy.itemId) && (trash === undefined || copy.parentFolderId !== trash));
    if (stray) left.set(id, new Failure("not-verified", "Another copy of this Message-ID is still in the mailbox."));
  }
  return left;
}
