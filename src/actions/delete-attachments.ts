import * as z from "zod";
import { defineItemAction, type Selected, type Target } from "../catalogue/action-definition.ts";
import { omitUndefined } from "../catalogue/common-fields.ts";
import { narrowing } from "../catalogue/read-input.ts";
import { confirm } from "../catalogue/selection-fields.ts";
import { attachmentPresentation, attachmentSelectionMethods, selectAttachments, whichAttachments } from "../catalogue/which-attachments.ts";
import { guardFields, messageNames, whichMessages } from "../catalogue/which-messages.ts";
import { sha256Of } from "../exchange/attachment-hash.ts";
import type { MailboxFor } from "../exchange/port-methods.ts";
import { isAbsent } from "../exchange/search/absence.ts";
import { Failure } from "../failure.ts";
import { attempt, done, failed, runForSome, takeOnly } from "../outcome.ts";

/**
 * Deletes attachments of the message itself; attachments inside an attached message are deleted with it. No notice is added to the body: that would
 * make the server convert the body, which changes more of the evidence than requested.
 */
export const deleteAttachments = defineItemAction({
  name: "delete-attachments",
  title: "Delete Attachments",
  summary: "Delete attachments from messages: all, by id, by name or by hash. By default a copy of each is kept first.",
  effect: "destroy",
  uses: [...attachmentSelectionMethods, "attachmentContent", "deleteAttachments"],
  overGraph: {
    supported: "yes",
    differs:
      "Graph may refuse it for received messages unless the application has Mail-Advanced.ReadWrite.All; then the failure names this permission.",
    why: "From 2026-12-31 Graph protects messages that are not drafts against changes; Microsoft does not say whether attachments are included.",
  },
  noun: "attachment",
  vanished: { action: "already_gone" },
  irreversible: ({ save_copy_first }) =>
    save_copy_first === false
      ? "Deleted attachments cannot be put back, and no copy is kept (save_copy_first is false)."
      : "Deleted attachments cannot be put back into their messages. A copy of each is kept as evidence first.",
  done: "deleted",
  did: ({ action }) => (action === "already_gone" ? "already deleted" : undefined),
  glance: { ...attachmentPresentation, hidden: ["change_key"] },
  example: { mailbox: "user03@example.com", internet_message_id: ["<20f7c1.4711@mailer.example.net>"], name_pattern: "*.html" },
  input: z.strictObject({
    ...whichMessages,
    all: z
      .boolean()
      .default(false)
      .describe("Delete every attachment of the messages. Without it, attachment_ids, name_pattern or sha256 is required."),
    ...whichAttachments,
    sha256: z
      .string()
      .max(64)
      .regex(/^[0-9a-f]{64}$/i, "not 64 hexadecimal digits")
      .register(narrowing)
      .optional()
      .describe(
        "SHA-256 (hexadecimal) of the attachments to delete. Each attachment that the other fields select is downloaded. Default: all.",
      ),
    keep_inline: z
      .boolean()
      .register(narrowing)
      .default(false)
      .describe("Do not delete inline attachments, such as images shown in the body."),
    save_copy_first: z
      .boolean()
      .register(narrowing)
      .default(true)
      .describe(
        "Keep a copy of each attachment as evidence first. An attachment that cannot be kept is not deleted. A reference to a cloud file has no content to keep.",
      ),
    confirm,
    ...guardFields,
  }),
  each: z.strictObject({
    action: z.enum(["deleted", "already_gone"]),
    change_key: z.string().optional().describe("New change key of the message, if Exchange returns it."),
  }),
})
  .select(async function* (input, context) {
    const inlineToo = !input.keep_inline;
    const selected = selectAttachments({ ...input, include_inline: inlineToo, expand_nested: false, max_depth: 1 }, context);
    yield* input.sha256 === undefined ? selected : withHash(selected, input.sha256.toLowerCase(), context.mailbox);
  })
  .act(
    async function* (targets, _input, { mailbox }) {
      for await (const outcome of mailbox.deleteAttachments(targets.map(attachmentId))) {
        if (outcome.ok) yield done(omitUndefined({ action: "deleted" as const, change_key: outcome.value.changeKey }));
        else yield outcome;
      }
    },
    {
      details: ({ save_copy_first }) => ({
        notes: [
          save_copy_first
            ? "This cannot be undone. A copy of each is kept as evidence first."
            : "This cannot be undone, and no copy is kept (save_copy_first is false).",
        ],
      }),
      check(input) {
        messageNames(input);
        const chosen = (input.attachment_ids ?? []).length > 0 || input.name_pattern !== undefined || input.sha256 !== undefined;
        if (!input.all && !chosen) {
          throw new Failure(
            "invalid-input",
            "Name the attachments with attachment_ids, name_pattern or sha256, or set all to true for every attachment of the messages.",
          );
        }
        if (input.all && chosen)
          throw new Failure("invalid-input", "all excludes attachment_ids, name_pattern and sha256: use one or the other.");
      },
      preserve: {
        wanted: (input) => input.save_copy_first,
        async *bytes(targets, _input, { mailbox }) {
          let at = 0;
          for await (const outcome of runForSome(
            targets,
            ({ attachment }) => attachment?.kind !== "reference",
            (requested) => mailbox.attachmentContent(requested.flatMap(({ attachment }) => attachment ?? [])),
            () =>
              failed(
                new Failure(
                  "unsupported",
                  "It is a reference to a cloud file and has no content to keep, so it was not deleted. To delete it, set save_copy_first to false.",
                ),
              ),
          )) {
            const target = targets[at++];
            const attachment = target?.attachment;
            const name = String(target?.row.file_name ?? "");
            if (!outcome.ok || attachment === undefined) {
              yield outcome.ok ? failed(new Failure("internal", "A target has no attachment.")) : outcome;
              continue;
            }
            const again = async () => (await takeOnly(mailbox.attachmentContent([attachment]))).bytes;
            yield done({ name, bytes: outcome.value.bytes, again });
          }
        },
      },
      async *verify(targets, _rows, _input, { mailbox }) {
        const messages = [...new Set(targets.map((target) => target.message?.itemId ?? ""))];
        const left = new Map<string, ReadonlySet<string> | Failure>();
        let at = 0;
        for await (const outcome of mailbox.attachments(messages)) {
          const message = messages[at++] ?? "";
          left.set(message, outcome.ok ? new Set(outcome.value.map(({ id }) => id)) : outcome.failure);
        }
        for (const target of targets) {
          const ids = left.get(target.message?.itemId ?? "");
          if (ids instanceof Failure) yield failed(ids);
          else if (ids?.has(attachmentId(target))) yield failed(new Failure("not-verified", "The attachment is still in the message."));
          else yield done(ids !== undefined);
        }
      },
    },
  );

/** Yields the attachments whose content has the hash. An attachment that cannot be read is a Failure, since its content may have the hash. */
async function* withHash(
  selected: AsyncIterable<Selected>,
  sha256: string,
  mailbox: MailboxFor<"attachmentContent">,
): AsyncGenerator<Selected> {
  for await (const one of selected) {
    const { outcome } = one;
    const attachment = outcome.ok && !isAbsent(outcome.value) ? outcome.value.attachment : undefined;
    if (attachment === undefined) yield one;
    // The bytes of an attached message are made anew for each reader, and a reference has none.
    else if (attachment.kind === "file") {
      const found = await attempt(() => sha256Of(mailbox.attachmentContent([attachment])));
      if (!found.ok) yield { asked: { ...one.asked, attachment_id: attachment.id }, outcome: found };
      else if (found.value === sha256) yield one;
    }
  }
}

function attachmentId(target: Target): string {
  return target.attachment?.id ?? "";
}
