import * as z from "zod";
import { type Context, touching } from "../action.ts";
import { copyLosses } from "../exchange/exchange.ts";
import type { MailboxFor } from "../exchange/uses.ts";
import { Failure } from "../failure.ts";
import { present } from "../fields.ts";
import { askedOf, done, failed } from "../outcome.ts";
import { choosesMessages, guarded, messageGlance, messageNames, scope, selectMessages, whichMessages } from "../which-messages.ts";

interface To {
  readonly destination_folder: string;
  readonly destination_mailbox?: string | undefined;
  readonly is_public_folder: boolean;
  readonly create_folder: boolean;
}

/** What is asked of the mailbox that the copies are for. */
type AtDestination = "createFolder" | "folder" | "get";

export const copyEmail = touching({
  name: "copy-email",
  title: "Copy Email",
  summary: "Copy messages to another folder, of the same or of another mailbox, or to a public folder.",
  effect: "create",
  uses: [...choosesMessages, "copy", "createFolder", "get"],
  overGraph: {
    supported: "some",
    differs:
      "Into another mailbox `method` is `export_import`, which loses nothing, or `mime`: then the copy is a draft, `lost` says what it lacks, and the message may have 3 MB at most. Public folders are refused.",
    why: "Only the worldwide cloud exports and imports items, for applications with MailboxItem.ImportExport.All and User.Read.All. What Graph takes in RFC 5322 form it makes a draft of, within the size of one request. It has no public folders.",
  },
  noun: "message",
  done: "copied",
  did: ({ method }) => (method === "mime" ? "copied as a draft" : undefined),
  glance: messageGlance,
  example: {
    mailbox: "user03@example.com",
    internet_message_id: ["<20f7c1.4711@mailer.example.net>"],
    destination_mailbox: "soc@example.com",
    destination_folder: "Cases",
    create_folder: true,
  },
  input: z.strictObject({
    ...whichMessages,
    scope,
    destination_folder: z
      .string()
      .min(1)
      .describe("Where to: a well-known name (inbox, archive, …), a path (Inbox/Reports), or a folder id, of the destination mailbox."),
    create_folder: z.boolean().default(false).describe("Make the folders of the path that are missing."),
    destination_mailbox: z.string().min(1).optional().describe("SMTP address of the mailbox to copy to. Default: the same."),
    is_public_folder: z.boolean().default(false).describe("The destination is a public folder."),
    ...guarded,
  }),
  each: z.strictObject({
    action: z.literal("copied"),
    new_item_id: z.string().optional().describe("Id of the copy; absent where Exchange gives none and it could not be found again."),
    destination_mailbox: z.string(),
    destination_folder: z.string(),
    method: z
      .enum(["server", "export_import", "mime"])
      .describe(
        "How: server: the server copied it; export_import: carried to the other mailbox with all that Exchange keeps of it; mime: carried in RFC 5322 form, and lost says what that lacks.",
      ),
    lost: z
      .array(z.enum(copyLosses))
      .optional()
      .describe("What of the message the copy has not; sent: it counts as a draft. Content and headers are the same."),
    note: z.string().optional().describe("Why something was lost."),
  }),
})
  .select(async function* (input, context) {
    // Asked first, so that a dry run, too, says when the folder is not there.
    if (!input.create_folder && !input.is_public_folder) await destinationOf(input, context).folder(input.destination_folder);
    yield* selectMessages(input, context, { copies: input.scope });
  })
  .act(
    async function* (targets, input, context) {
      const mailbox = destinationOf(input, context);
      if (input.create_folder && !input.is_public_folder) await made(mailbox, input.destination_folder);
      const destination = { folder: input.destination_folder, mailbox: input.destination_mailbox, publicFolder: input.is_public_folder };
      const ids = targets.map((target) => target.message?.itemId ?? "");
      for await (const outcome of context.mailbox.copy(ids, destination)) {
        if (!outcome.ok) {
          yield outcome;
          continue;
        }
        const { newItemId, method = "server", lost, note } = outcome.value;
        yield done(
          present({
            action: "copied" as const,
            new_item_id: newItemId,
            destination_mailbox: mailbox.address,
            destination_folder: input.destination_folder,
            method: method === "export-import" ? ("export_import" as const) : method,
            lost: lost && [...lost],
            note,
          }),
        );
      }
    },
    {
      check(input) {
        messageNames(input);
        if (input.is_public_folder && input.destination_mailbox !== undefined) {
          throw new Failure(
            "invalid-input",
            "destination_mailbox and is_public_folder exclude each other: a public folder is in no mailbox.",
          );
        }
        if (input.is_public_folder && input.create_folder) {
          throw new Failure("invalid-input", "create_folder makes folders of mailboxes only, not public folders.");
        }
      },
      async *verify(_targets, rows, input, context) {
        const mailbox = destinationOf(input, context);
        const folder = input.is_public_folder ? undefined : (await mailbox.folder(input.destination_folder)).folderId;
        for await (const again of askedOf(
          rows,
          (row) => row.new_item_id !== undefined,
          (asked) =>
            mailbox.get(
              asked.map((row) => row.new_item_id ?? ""),
              {},
            ),
          () => done(undefined),
        )) {
          if (!again.ok) yield again.failure.code === "not-found" ? failed(notThere()) : again;
          else if (again.value === undefined) yield done(false);
          else yield folder === undefined || again.value.parentFolderId === folder ? done(true) : failed(notThere());
        }
      },
    },
  );

/** The folder is one of the destination's mailbox, not of the one that the messages are in. */
function destinationOf(to: To, { exchange, mailbox, call }: Context<AtDestination>): MailboxFor<AtDestination> {
  return to.destination_mailbox === undefined ? mailbox : exchange.mailbox(to.destination_mailbox, call);
}

/** A well-known name or an id that is there is taken as it is; only a path can be made. */
async function made(mailbox: MailboxFor<AtDestination>, folder: string): Promise<void> {
  try {
    await mailbox.folder(folder);
  } catch (thrown) {
    if (!(thrown instanceof Failure) || thrown.code !== "folder-not-found") throw thrown;
    await mailbox.createFolder(folder);
  }
}

function notThere(): Failure {
  return new Failure("not-verified", "The copy is not in the folder it should be in.");
}
