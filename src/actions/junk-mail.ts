import * as z from "zod";
import { type Target, touching } from "../action.ts";
import { Failure } from "../failure.ts";
import { AddressNoun, addressRow, present } from "../fields.ts";
import { done, failed } from "../outcome.ts";
import { choosesMessages, guarded, messageGlance, messageNames, scope, selectMessages, whichMessages } from "../which-messages.ts";

/**
 * Whether the sender is blocked is Exchange's own decision with this operation, so there is no switch for it: it is said in the answer.
 * Source: https://learn.microsoft.com/exchange/client-developer/web-service-reference/markasjunk-operation
 */
export const junkMail = touching({
  name: "junk-mail",
  title: "Junk Mail",
  summary: "Mark messages as junk, which blocks their sender and moves them to Junk Email; or as not junk, which undoes both.",
  effect: "change",
  uses: [...choosesMessages, "get", "junk"],
  overGraph: {
    supported: "some",
    differs:
      "The message is moved; the sender is not blocked: `note` says so, and `sender_blocked` is absent. Without `move` it is refused.",
    why: "Graph v1.0 can neither mark as junk nor change the list of blocked senders.",
  },
  noun: "message",
  done: ({ is_junk }) => (is_junk ? "marked as junk" : "marked as not junk"),
  glance: messageGlance,
  example: { mailbox: "user03@example.com", internet_message_id: ["<20f7c1.4711@mailer.example.net>"] },
  input: z.strictObject({
    ...whichMessages,
    scope,
    is_junk: z.boolean().default(true).describe("false: not junk after all; the sender is unblocked."),
    move: z.boolean().default(true).describe("Also move: junk to Junk Email, not junk back to the Inbox."),
    ...guarded,
  }),
  each: z.strictObject({
    action: z.enum(["marked_junk", "marked_not_junk"]),
    moved: z.boolean(),
    new_item_id: z.string().optional().describe("Its id where it lies now."),
    blocked_sender: AddressNoun.optional().describe("Whom sender_blocked is about."),
    sender_blocked: z
      .boolean()
      .optional()
      .describe("Whether the sender is on the blocked list afterwards; absent when Exchange does not say."),
    note: z.string().optional().describe("What of this the back end cannot do: Microsoft Graph blocks and unblocks nobody."),
    undo: z.strictObject({ item_id: z.string(), is_junk: z.boolean() }).optional().describe("Junk Mail with these fields undoes it."),
  }),
})
  .select((input, context) => selectMessages(input, context, input.scope))
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
          present({
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
      check: (input) => void messageNames(input),
      async *verify(targets, rows, input, { mailbox }) {
        const expected = input.move ? (await mailbox.folder(input.is_junk ? "junkemail" : "inbox")).folderId : undefined;
        const ids = targets.map((target, at) => rows[at]?.new_item_id ?? itemId(target));
        for await (const outcome of mailbox.get(ids, {})) {
          if (!outcome.ok) yield outcome.failure.code === "not-found" ? failed(notThere()) : outcome;
          else yield expected === undefined || outcome.value.parentFolderId === expected ? done(true) : failed(notThere());
        }
      },
    },
  );

function itemId(target: Target): string {
  return target.message?.itemId ?? "";
}

function notThere(): Failure {
  return new Failure("not-verified", "The message is not in the folder it should be in now.");
}
