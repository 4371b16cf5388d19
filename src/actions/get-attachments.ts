import * as z from "zod";
import { type Context, defineItemAction, type InlineContent, type Kept, type Target } from "../catalogue/action-definition.ts";
import { digests, omitUndefined } from "../catalogue/common-fields.ts";
import { MessageRow, referenceUrl } from "../catalogue/message-row.ts";
import { max_bytes } from "../catalogue/selection-fields.ts";
import { attachmentPresentation, attachmentSelectionMethods, selectAttachments, whichAttachments } from "../catalogue/which-attachments.ts";
import { messageNames, whichMessages } from "../catalogue/which-messages.ts";
import type { Content } from "../exchange/message.ts";
import { attempt, done, type Outcome, runForSome } from "../outcome.ts";

export const getAttachments = defineItemAction({
  name: "get-attachments",
  title: "Get Attachments",
  summary:
    "Get the attachments of messages with their hashes: files, inline images and attached messages, including those inside attached messages, signed messages (smime.p7m), winmail.dat and calendars.",
  effect: "read",
  uses: [...attachmentSelectionMethods, "attachmentContent"],
  overGraph: {
    supported: "some",
    differs:
      "Attachments of an attached message are read from that message's own bytes. They are `too-large` if it has more than 256 MB or 1000 parts, a header of more than 256 KB (4 MB for all parts), more than 100 levels, or is read more than 16 times in one call (over EWS this applies only to files that contain other attachments). They cannot be deleted separately. The address of a cloud file (`url`) is absent. Attachment ids of EWS are not accepted.",
    why: "Graph returns attachments through the message that contains them, one level deep, and does not translate attachment ids.",
  },
  noun: "attachment",
  done: ({ as }) => ({ file: "saved", base64: "read", metadata: "listed" })[as],
  did: ({ fetched }, { as }) => (as !== "metadata" && !fetched ? "only listed, being a link to a cloud file" : undefined),
  glance: attachmentPresentation,
  example: { mailbox: "legal@example.com", internet_message_id: ["<20f7c3.4711@mailer.example.net>"] },
  input: z.strictObject({
    ...whichMessages,
    ...whichAttachments,
    include_inline: z.boolean().default(true).describe("Include inline attachments, such as images shown in the body."),
    expand_nested: z
      .boolean()
      .default(true)
      .describe("Include attachments of attached messages, and those inside signed messages (smime.p7m), winmail.dat and calendars."),
    // Honest forwarding has at most five levels; without a limit an attacker could build a message that takes hours to open.
    max_depth: z.number().int().min(1).max(20).default(5).describe("Maximum depth; 1 means the message's own attachments."),
    max_bytes,
    as: z
      .enum(["file", "base64", "metadata"])
      .default("file")
      .describe("file: in the evidence folder; base64: in the answer, for small content; metadata: only listed."),
  }),
  each: z.strictObject({
    fetched: z
      .boolean()
      .describe("Whether the content was fetched; false for metadata and for references to cloud files, which are only listed."),
    safe_name: z.string().optional(),
    size: z.number().optional().describe("Size in bytes: exact if fetched, otherwise Exchange's estimate."),
    ...z.object(digests).partial().shape,
    file_ref: z.string().optional(),
    base64: z.string().optional(),
    attachment_id: z.string().optional(),
    parent_attachment_id: z.string().optional().describe("Id of the attachment that contains it."),
    depth: z.number().optional().describe("Depth; 1 means attached to the message itself."),
    kind: z.enum(["file", "item", "reference"]).optional(),
    name: z.string().optional(),
    content_type: z.string().optional(),
    content_id: z.string().optional(),
    is_inline: z.boolean().optional(),
    url: referenceUrl,
    message: MessageRow.optional().describe("For an attached message: that message, with a list of its attachments."),
    not_expanded: z.string().optional().describe("Why the attachments inside it are not listed."),
  }),
})
  .select((input, context) => selectAttachments(input, context))
  .act(
    async function* (targets, input, context) {
      let at = 0;
      for await (const outcome of runForSome<Target, Content | undefined>(
        targets,
        ({ attachment }) => input.as !== "metadata" && attachment?.kind !== "reference",
        (requested) => context.mailbox.attachmentContent(requested.flatMap(({ attachment }) => attachment ?? [])),
        () => done(undefined),
      )) {
        const target = targets[at++];
        if (!outcome.ok) yield outcome;
        else if (outcome.value === undefined || target === undefined) yield done({ fetched: false });
        else {
          const kept = await fetchContent(outcome.value, target, input, context);
          yield kept.ok ? done({ fetched: true, ...kept.value }) : kept;
        }
      }
    },
    { check: (input) => void messageNames(input) },
  );

function fetchContent(
  content: Content,
  target: Target,
  input: { readonly as: string; readonly max_bytes?: number | undefined },
  { evidence, mailbox }: Context<"attachmentContent">,
): Promise<Outcome<InlineContent | Kept>> {
  const { item_id, internet_message_id, attachment_id, file_name } = target.row;
  const source = omitUndefined({ mailbox: mailbox.address, item_id, internet_message_id, attachment_id });
  const about = { name: String(file_name), maxBytes: input.max_bytes, source };
  return attempt<InlineContent | Kept>(() =>
    input.as === "base64" ? evidence.hold(content.bytes, about) : evidence.keep(content.bytes, about),
  );
}
