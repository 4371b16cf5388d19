import * as z from "zod";
import { type Context, defineItemAction, type InlineContent, type Kept, type Target } from "../catalogue/action-definition.ts";
import { digests, omitUndefined } from "../catalogue/common-fields.ts";
import { MessageRow } from "../catalogue/message-row.ts";
import { max_bytes } from "../catalogue/selection-fields.ts";
import { attachmentPresentation, attachmentSelectionMethods, selectAttachments, whichAttachments } from "../catalogue/which-attachments.ts";
import { messageNames, whichMessages } from "../catalogue/which-messages.ts";
import type { Content } from "../exchange/message.ts";
import { attempt, done, type Outcome, runForSome } from "../outcome.ts";

export const getAttachments = defineItemAction({
  name: "get-attachments",
  title: "Get Attachments",
  summary:
    "Get the attachments of messages with their hashes: files, inline images and attached messages, also those inside attached messages, signed messages (smime.p7m), winmail.dat and calendars.",
  effect: "read",
  uses: [...attachmentSelectionMethods, "attachmentContent"],
  overGraph: {
    supported: "some",
    differs:
      "What hangs in an attached message is read out of that message's own bytes: of more than 256 MB or 1000 parts, with a header of more than 256 KB (4 MB of all parts), more than 100 parts deep, or read more than 16 times in one call it is `too-large` (over EWS so are only files that others hang in). It cannot be deleted by itself. The address of a cloud file (`url`) is not given. Ids of EWS name no attachment here.",
    why: "Graph gives attachments by way of the message that holds them, one level deep, and translates no ids of attachments.",
  },
  noun: "attachment",
  done: ({ as }) => ({ file: "saved", base64: "read", metadata: "listed" })[as],
  did: ({ fetched }, { as }) => (as !== "metadata" && !fetched ? "only listed, being a link to a cloud file" : undefined),
  glance: attachmentPresentation,
  example: { mailbox: "legal@example.com", internet_message_id: ["<20f7c3.4711@mailer.example.net>"] },
  input: z.strictObject({
    ...whichMessages,
    ...whichAttachments,
    include_inline: z.boolean().default(true).describe("Also what is shown in the body, such as images."),
    expand_nested: z
      .boolean()
      .default(true)
      .describe("Also what is attached to attached messages, and what is inside signed messages (smime.p7m), winmail.dat and calendars."),
    // Five levels are more than honest forwarding makes; without a limit a mail could be built to be opened for hours.
    max_depth: z.number().int().min(1).max(20).default(5).describe("How deep: 1 is the message's own attachments."),
    max_bytes,
    as: z
      .enum(["file", "base64", "metadata"])
      .default("file")
      .describe("file: kept in the evidence folder; base64: in the answer itself, for small things; metadata: only listed."),
  }),
  each: z.strictObject({
    fetched: z.boolean().describe("false for metadata, and for references to cloud files: those are only listed."),
    safe_name: z.string().optional(),
    size: z.number().optional().describe("Bytes: exact when fetched, else as Exchange estimates."),
    ...z.object(digests).partial().shape,
    file_ref: z.string().optional(),
    base64: z.string().optional(),
    attachment_id: z.string().optional(),
    parent_attachment_id: z.string().optional().describe("The attachment that it hangs in."),
    depth: z.number().optional().describe("1: attached to the message itself."),
    kind: z.enum(["file", "item", "reference"]).optional(),
    name: z.string().optional(),
    content_type: z.string().optional(),
    content_id: z.string().optional(),
    is_inline: z.boolean().optional(),
    url: z
      .string()
      .optional()
      .describe("Of a reference: the address of the cloud file, written by the sender. Never opened. Not given over Microsoft Graph."),
    message: MessageRow.optional().describe("Of an attached message: the message inside, with its own attachments listed."),
    not_expanded: z.string().optional().describe("Why what hangs in an attached message is not listed."),
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
