import * as z from "zod";
import { defineItemAction, type InlineContent, type Kept } from "../catalogue/action-definition.ts";
import { digests } from "../catalogue/common-fields.ts";
import { mostCharacters } from "../catalogue/limits.ts";
import { as, max_bytes } from "../catalogue/selection-fields.ts";
import {
  emlName,
  messageNames,
  messagePresentation,
  messageSelectionMethods,
  scope,
  selectMessages,
  whichMessages,
} from "../catalogue/which-messages.ts";
import { sameOverGraph } from "../exchange/port-methods.ts";
import { attempt, done } from "../outcome.ts";

/**
 * The bytes are exactly those of the server, to the last CRLF: nothing is parsed, merged or added. (MimeContent contains the transport headers
 * already, so there is no switch to add them.)
 */
export const downloadMailAsEml = defineItemAction({
  name: "download-mail-as-eml",
  title: "Download Mail As EML",
  summary: "Save complete messages as .eml, byte for byte as Exchange returns them, with their hashes.",
  effect: "read",
  uses: [...messageSelectionMethods, "mime"],
  overGraph: sameOverGraph,
  noun: "message",
  done: ({ as }) => (as === "file" ? "saved" : "read"),
  glance: messagePresentation,
  example: { mailbox: "user03@example.com", internet_message_id: ["<20f7c1.4711@mailer.example.net>"] },
  input: z.strictObject({
    ...whichMessages,
    scope,
    filename: z
      .string()
      .min(1)
      .max(mostCharacters.fileName)
      .optional()
      .describe("File name, made safe. If the name is taken, part of the hash is added. Default: the subject and .eml."),
    as,
    max_bytes,
    sha512: z.boolean().default(false).describe("Add the SHA-512."),
  }),
  each: z.strictObject({
    name: z.string().describe("File name before it was made safe."),
    safe_name: z.string(),
    size: z.number(),
    ...digests,
    sha512: z.string().optional(),
    file_ref: z.string().optional(),
    base64: z.string().optional(),
  }),
})
  .select((input, context) => selectMessages(input, context, { copies: input.scope }))
  .act(
    async function* (targets, input, { mailbox, evidence }) {
      let at = 0;
      for await (const outcome of mailbox.mime(targets.map((target) => target.message?.itemId ?? ""))) {
        const message = targets[at++]?.message;
        if (!outcome.ok) {
          yield outcome;
          continue;
        }
        const name = input.filename ?? emlName(message);
        const source = { mailbox: mailbox.address, item_id: message?.itemId, internet_message_id: message?.internetMessageId };
        const about = { name, maxBytes: input.max_bytes, sha512: input.sha512, source };
        const { bytes } = outcome.value;
        const kept = await attempt<InlineContent | Kept>(() =>
          input.as === "base64" ? evidence.hold(bytes, about) : evidence.keep(bytes, about),
        );
        yield kept.ok ? done({ name, ...kept.value }) : kept;
      }
    },
    { check: (input) => void messageNames(input) },
  );
