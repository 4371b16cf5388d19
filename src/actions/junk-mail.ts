import * as z from "zod";
import { defineItemAction, type Row, type Target, type Undo } from "../catalogue/action-definition.ts";
import { omitUndefined } from "../catalogue/common-fields.ts";
import { AddressNoun, addressRow } from "../catalogue/message-row.ts";
import {
  guardFields,
  messageNames,
  messagePresentation,
  messageSelectionMethods,
  scope,
  selectMessages,
  whichMessages,
} from "../catalogue/which-messages.ts";
import type { Message } from "../exchange/message.ts";
import type { MailboxFor } from "../exchange/port-methods.ts";
import { isAbsent } from "../exchange/search/absence.ts";
import { Failure } from "../failure.ts";
import { done, failed, type Outcome } from "../outcome.ts";
import { verifyGone } from "../verification/verify-gone.ts";

/**
 * Exchange decides with this operation whether the sender is blocked, so there is no switch for it; the answer reports it. Source:
 * https://learn.microsoft.com/exchange/client-developer/web-service-reference/markasjunk-operation
 */
const UndoNoun = z.strictObject({ item_id: z.string(), is_junk: z.boolean() });

/** Returns the call that undoes a mark. */
function markBack({ undo }: Row): Undo | undefined {
  const parsed = UndoNoun.safeParse(undo);
  return parsed.success ? { action: "junk-mail", input: parsed.data } : undefined;
}

export const junkMail = defineItemAction({
  name: "junk-mail",
  title: "Junk Mail",
  summary: "Mark messages as junk, which blocks their senders and moves the messages to Junk Email; or as not junk, which undoes both.",
  effect: "change",
  uses: [...messageSelectionMethods, "get", "junk"],
  overGraph: {
    supported: "some",
    differs:
      "The message is moved but the sender is not blocked: `note` says so, and `sender_blocked` is absent. With `move` false the call is refused.",
    why: "Graph v1.0 can neither mark a message as junk nor change the list of blocked senders.",
  },
  noun: "message",
  done: ({ is_junk }) => (is_junk ? "marked as junk" : "marked as not junk"),
  glance: { ...messagePresentation, hidden: ["undo"], undo: markBack },
  example: { mailbox: "user03@example.com", internet_message_id: ["<20f7c1.4711@mailer.example.net>"] },
  input: z.strictObject({
    ...whichMessages,
    scope,
    is_junk: z.boolean().default(true).describe("true marks as junk; false marks as not junk and unblocks the sender."),
    move: z.boolean().default(true).describe("Move the message as well: junk to Junk Email, not junk back to the Inbox."),
    ...guardFields,
  }),
  each: z.strictObject({
    action: z.enum(["marked_junk", "marked_not_junk"]),
    moved: z.boolean(),
    new_item_id: z.string().optional().describe("Id of the message in its new folder."),
    blocked_sender: AddressNoun.optional().describe("Sender that sender_blocked refers to."),
    sender_blocked: z
      .boolean()
      .optional()
      .describe("Whether the sender is on the blocked list afterwards; absent if Exchange does not say."),
    note: z.string().optional().describe("What the back end could not do: Microsoft Graph neither blocks nor unblocks senders."),
    undo: UndoNoun.optional().describe("Input for junk-mail that undoes this."),
  }),
})
  .select((input, context) => selectMessages(input, context, { copies: input.scope }))
  .act(
    async function* (targets, { is_junk, move }, { mailbox }) {
      let at = 0;
      for await (const outcome of mailbox.junk(targets.map(itemId), { isJunk: is_junk, move })) {
        const target = targets[at++];
        if (!outcome.ok) {
          yield outcome;
          continue;
        }
        const { newItemId, senderBlocked, note } = outcome.value;
        const sender = target?.message?.from ?? target?.message?.sender;
        const now = newItemId ?? (move ? undefined : target?.message?.itemId);
        yield done(
          omitUndefined({
            action: is_junk ? ("marked_junk" as const) : ("marked_not_junk" as const),
            moved: newItemId !== undefined,
            new_item_id: newItemId,
            blocked_sender: sender && addressRow(sender),
            sender_blocked: senderBlocked,
            note,
            undo: now === undefined ? undefined : { item_id: now, is_junk: !is_junk },
          }),
        );
      }
    },
    {
      details: ({ is_junk, move }) => ({
        notes: [
          is_junk
            ? `${move ? "They go to Junk Email. " : ""}Over Exchange Web Services their senders are blocked. Junk Mail with is_junk false undoes it.`
            : `${move ? "They go to the Inbox. " : ""}Over Exchange Web Services their senders are unblocked. Junk Mail with is_junk true undoes it.`,
        ],
      }),
      check: (input) => void messageNames(input),
      async *verify(targets, rows, input, { mailbox }) {
        const messages = targets.flatMap(({ message }) => message ?? []);
        if (!input.move) {
          for await (const outcome of mailbox.get(
            messages.map((message) => message.itemId),
            {},
          ))
            yield outcome.ok ? done(true) : outcome;
          return;
        }
        const { folderId } = await mailbox.folder(input.is_junk ? "junkemail" : "inbox");
        yield* (await verifyMoved(folderId, messages, rows, mailbox)).values();
      },
    },
  );

/** Verifies that each message is in the folder, and no longer in its former folder. */
async function verifyMoved(
  folderId: string,
  messages: readonly Message[],
  rows: readonly { readonly new_item_id?: string | undefined }[],
  mailbox: MailboxFor<"get" | "locate">,
): Promise<Outcome<boolean>[]> {
  const lay = messages.map((before, at) => ({ before, newItemId: rows[at]?.new_item_id }));
  const gone = await verifyGone(lay, { mailbox });
  const outcomes: Outcome<boolean>[] = [];
  for (const [at, outcome] of gone.entries()) {
    const before = messages[at];
    if (before?.parentFolderId === folderId) {
      // The message was already there and stays.
      outcomes.push(outcome.ok ? failed(notInFolder()) : outcome.failure.code === "not-verified" ? done(true) : outcome);
    } else if (!outcome.ok) outcomes.push(outcome);
    else if (outcome.value.now !== undefined)
      outcomes.push(outcome.value.now.parentFolderId === folderId ? done(true) : failed(notInFolder()));
    else outcomes.push(await verifyInFolder(folderId, before?.internetMessageId, mailbox));
  }
  return outcomes;
}

/** Checks the folder if the server returned no new id. */
async function verifyInFolder(
  folderId: string,
  internetMessageId: string | undefined,
  mailbox: MailboxFor<"locate">,
): Promise<Outcome<boolean>> {
  if (internetMessageId === undefined) return done(false);
  for await (const outcome of mailbox.locate([{ internetMessageId }], { folder: folderId })) {
    if (!outcome.ok) return outcome;
    return isAbsent(outcome.value) ? failed(notInFolder()) : done(true);
  }
  return done(false);
}

function itemId(target: Target): string {
  return target.message?.itemId ?? "";
}

function notInFolder(): Failure {
  return new Failure("not-verified", "The message is not in the folder it was to be moved to.");
}
