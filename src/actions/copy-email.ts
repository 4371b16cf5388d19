// src/actions/: One file per action, with everything that an analyst can ask mailcordon to do.

import * as z from "zod";
import { type Context, defineItemAction } from "../catalogue/action-definition.ts";
import { omitUndefined, oneMailbox } from "../catalogue/common-fields.ts";
import { mostCharacters } from "../catalogue/limits.ts";
import {
  guardFields,
  messageNames,
  messagePresentation,
  messageSelectionMethods,
  scope,
  selectMessages,
  whichMessages,
} from "../catalogue/which-messages.ts";
import { type Copied, copyLosses } from "../exchange/exchange.ts";
import { inStore, splitStore } from "../exchange/folders/folder-names.ts";
import type { Message } from "../exchange/message.ts";
import type { MailboxFor } from "../exchange/port-methods.ts";
import { isAbsent } from "../exchange/search/absence.ts";
import { Failure, throwDefect } from "../failure.ts";
import { done, failed, type Outcome, runForSome } from "../outcome.ts";

interface DestinationInput {
  readonly destination_folder: string;
  readonly destination_mailbox?: string | undefined;
  readonly is_public_folder: boolean;
  readonly create_folder: boolean;
}

/** Methods that the action needs of the destination mailbox. */
type DestinationMethod = "createFolder" | "folder" | "get" | "locate";

export const copyEmail = defineItemAction({
  name: "copy-email",
  title: "Copy Email",
  summary:
    "Copy messages to another folder of the same mailbox, to another mailbox, or to a public folder. Messages that are already there are not copied again.",
  effect: "create",
  uses: [...messageSelectionMethods, "copy", "createFolder", "get"],
  overGraph: {
    supported: "some",
    differs:
      "For a copy to another mailbox, `method` is `export_import`, which loses nothing, or `mime`: then the copy is a draft, `lost` says what it lacks, and the message may have at most 3 MB. Public folders are refused.",
    why: "Only the worldwide cloud exports and imports items, for applications with MailboxItem.ImportExport.All and User.Read.All. Graph turns a message in RFC 5322 form into a draft, within the size of one request. Graph has no public folders.",
  },
  noun: "message",
  done: "copied",
  did: ({ action, lost }) => {
    if (action === "already_there") return "there already";
    return Array.isArray(lost) && lost.includes("sent") ? "copied as a draft" : undefined;
  },
  glance: messagePresentation,
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
      .max(mostCharacters.folder)
      .describe(
        "Destination folder, in the destination mailbox: a well-known name (inbox, archive, …), a path (Inbox/Reports), or a folder id.",
      ),
    create_folder: z.boolean().default(false).describe("Create missing folders of the path."),
    destination_mailbox: oneMailbox.optional().describe("SMTP address of the destination mailbox. Default: the mailbox of the messages."),
    is_public_folder: z.boolean().default(false).describe("Whether the destination is a public folder."),
    ...guardFields,
  }),
  each: z.strictObject({
    action: z
      .enum(["copied", "already_there"])
      .describe(
        "already_there: the folder already contained this message (same Message-ID, subject and time of receipt; for a draft the sender instead of the time), so nothing was copied.",
      ),
    new_item_id: z.string().optional().describe("Id of the copy; absent if Exchange returned none and mailcordon could not find the copy."),
    destination_mailbox: z.string().optional().describe("Destination mailbox. Absent for a public folder, which is in no mailbox."),
    destination_folder: z.string().describe("Destination folder as the input names it; a public folder has the prefix public:."),
    method: z
      .enum(["server", "export_import", "mime"])
      .optional()
      .describe(
        "How it was copied. server: the server copied it; export_import: exported and imported with everything that Exchange stores; mime: transferred in RFC 5322 form, and lost says what that lacks.",
      ),
    lost: z
      .array(z.enum(copyLosses))
      .optional()
      .describe("What the copy lacks; sent: the copy is a draft. Content and headers are the same."),
    note: z.string().optional().describe("Why something was lost, or could not be checked."),
  }),
})
  .select(async function* (input, context) {
    // Checked first, so a dry run also reports a missing folder.
    if (!input.create_folder && !input.is_public_folder) await destinationOf(input, context).folder(input.destination_folder);
    yield* selectMessages(input, context, { copies: input.scope, mustBeListed: true });
  })
  .act(
    async function* (targets, input, context) {
      const mailbox = destinationOf(input, context);
      // In another mailbox the back end creates the folder, after it has read the messages to copy.
      const isOther = mailbox !== context.mailbox;
      if (input.create_folder && !input.is_public_folder && !isOther) await ensureFolder(mailbox, input.destination_folder);
      const messages = targets.map(({ message }) => message ?? { itemId: "" });
      const before = await findInDestination(messages, input, mailbox);
      const destination = {
        folder: input.destination_folder,
        mailbox: input.destination_mailbox,
        publicFolder: input.is_public_folder,
        create: isOther && input.create_folder,
      };
      const where = input.is_public_folder
        ? { destination_folder: inStore("public", splitStore(input.destination_folder).rest) }
        : { destination_mailbox: mailbox.address, destination_folder: input.destination_folder };
      const copies = runForSome(
        messages,
        (message) => findSame(message, before) === undefined,
        (missing) =>
          context.mailbox.copy(
            missing.map(({ itemId }) => itemId),
            destination,
          ),
        (): Outcome<Copied | undefined> => done(undefined),
      );
      const taken = new Set(before.messages.map(({ itemId }) => itemId));
      let at = 0;
      for await (const outcome of copies) {
        const message = messages[at++] ?? { itemId: "" };
        const look = async () => findAllSame(message, await findInDestination([message], input, mailbox), taken);
        const copied = outcome.ok || before.note !== undefined ? outcome : await findLostCopy(outcome.failure, look);
        if (!copied.ok) yield copied;
        else if (copied.value === undefined)
          yield done(omitUndefined({ action: "already_there" as const, new_item_id: findSame(message, before)?.itemId, ...where }));
        else {
          if (copied.value.newItemId !== undefined) taken.add(copied.value.newItemId);
          const { newItemId, method = "server", lost, note = before.note } = copied.value;
          yield done(
            omitUndefined({
              action: "copied" as const,
              new_item_id: newItemId,
              ...where,
              method: method === "export-import" ? ("export_import" as const) : method,
              lost: lost && [...lost],
              note,
            }),
          );
        }
      }
    },
    {
      details: (input, context) => ({
        values: {
          ...(input.is_public_folder ? {} : { destination_mailbox: destinationOf(input, context).address }),
          destination_folder: input.is_public_folder
            ? inStore("public", splitStore(input.destination_folder).rest)
            : input.destination_folder,
          create_folder: input.create_folder,
        },
      }),
      check(input) {
        messageNames(input);
        if (input.is_public_folder && input.destination_mailbox !== undefined) {
          throw new Failure(
            "invalid-input",
            "destination_mailbox and is_public_folder exclude each other: a public folder is in no mailbox.",
          );
        }
        if (input.is_public_folder && input.create_folder) {
          throw new Failure("invalid-input", "create_folder creates folders in mailboxes only, not public folders.");
        }
      },
      async *verify(_targets, rows, input, context) {
        const mailbox = destinationOf(input, context);
        const folder = input.is_public_folder ? undefined : (await mailbox.folder(input.destination_folder)).folderId;
        for await (const again of runForSome(
          rows,
          (row) => row.new_item_id !== undefined,
          (requested) =>
            mailbox.get(
              requested.map((row) => row.new_item_id ?? ""),
              {},
            ),
          () => done(undefined),
        )) {
          if (!again.ok) yield again.failure.code === "not-found" ? failed(notInFolder()) : again;
          else if (again.value === undefined) yield done(false);
          else yield folder === undefined || again.value.parentFolderId === folder ? done(true) : failed(notInFolder());
        }
      },
    },
  );

/** Returns the destination mailbox, which contains the folder; it may differ from the mailbox of the messages. */
function destinationOf(to: DestinationInput, { exchange, mailbox, call }: Context<DestinationMethod>): MailboxFor<DestinationMethod> {
  return to.destination_mailbox === undefined ? mailbox : exchange.mailbox(to.destination_mailbox, call);
}

/** Messages in the destination with one of the Message-IDs. */
interface DestinationContents {
  readonly messages: readonly Message[];
  /** Why the destination could not be searched. */
  readonly note?: string | undefined;
}

/** Looks in the destination for messages with the Message-IDs of these. Throws Failure `cancelled`, and a defect. */
async function findInDestination(
  messages: readonly Message[],
  to: DestinationInput,
  mailbox: MailboxFor<DestinationMethod>,
): Promise<DestinationContents> {
  const names = [...new Set(messages.flatMap(({ internetMessageId }) => internetMessageId ?? []))].map((id) => ({ internetMessageId: id }));
  const found: Message[] = [];
  let note: string | undefined;
  if (names.length === 0) return { messages: found };
  const folder = to.is_public_folder ? inStore("public", splitStore(to.destination_folder).rest) : to.destination_folder;
  for await (const outcome of mailbox.locate(names, { folder })) {
    if (outcome.ok) {
      if (!isAbsent(outcome.value)) for (const one of outcome.value.messages) found.push(one);
      continue;
    }
    const { failure } = outcome;
    if (failure.code === "cancelled") throw failure;
    throwDefect(failure);
    // A folder that does not exist yet contains nothing.
    if (failure.code !== "folder-not-found") note = `mailcordon could not check whether it was there already: ${failure.message}`;
  }
  return { messages: found, note };
}

/**
 * Returns the same message in the destination. A Message-ID alone is not enough: the sender chose it and may have reused it for another message. The
 * time of receipt is set by the server. A copy that is a draft has its own time of receipt.
 */
function findSame(message: Message, seen: DestinationContents): Message | undefined {
  return findAllSame(message, seen, new Set())[0];
}

function findAllSame(message: Message, { messages }: DestinationContents, except: ReadonlySet<string>): readonly Message[] {
  const { internetMessageId, subject = "", receivedAt, from } = message;
  if (internetMessageId === undefined) return [];
  return messages.filter((found) => {
    if (except.has(found.itemId)) return false;
    if (found.itemId === message.itemId) return true;
    if (found.internetMessageId !== internetMessageId || (found.subject ?? "") !== subject) return false;
    if (found.isDraft === true && message.isDraft !== true)
      return found.from?.address?.toLowerCase() === from?.address?.toLowerCase() && found.hasAttachments === message.hasAttachments;
    return secondsOf(found.receivedAt) === secondsOf(receivedAt);
  });
}

/** Servers keep whole seconds of some times. */
function secondsOf(time: string | undefined): number | undefined {
  return time === undefined ? undefined : Math.floor(Date.parse(time) / 1000);
}

/** Finds the copy after its reply was lost: a message that is there now and was not before. If there are several, none can be identified as the copy. */
async function findLostCopy(failure: Failure, look: () => Promise<readonly Message[]>): Promise<Outcome<Copied>> {
  const [copy, ...others] = failure.code === "unknown-outcome" ? await look() : [];
  return copy === undefined || others.length > 0 ? failed(failure) : done({ newItemId: copy.itemId });
}

/** Creates the folder if it is a path that does not exist. A well-known name or an id is used as it is; only a path can be created. */
async function ensureFolder(mailbox: MailboxFor<DestinationMethod>, folder: string): Promise<void> {
  try {
    await mailbox.folder(folder);
  } catch (thrown) {
    if (!(thrown instanceof Failure) || thrown.code !== "folder-not-found") throw thrown;
    await mailbox.createFolder(folder);
  }
}

function notInFolder(): Failure {
  return new Failure("not-verified", "The copy is not in the destination folder.");
}
