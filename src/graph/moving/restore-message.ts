import { intoOldFolder, lossesOf, lossesOfImport } from "../../exchange/copy-losses.ts";
import { type Copied, copyLosses, type KeptMessage } from "../../exchange/exchange.ts";
import { Failure, throwDefect } from "../../failure.ts";
import { attempt } from "../../outcome.ts";
import { flagJson } from "../messages/flag-json.ts";
import { updateMessage } from "../requests/message-update.ts";
import { getMessage } from "../requests/messages.ts";
import { maxMimeBytes } from "../requests/user-post-messages.ts";
import type { GraphMailbox } from "../session/mailbox.ts";
import { importExported } from "./copy-to-other-mailbox.ts";
import { placeMime } from "./import-mime.ts";

/**
 * Creates a message from its stored bytes. An import of an export restores it unchanged. From the RFC 5322 form, of which Graph accepts at most 3 MB, Graph
 * creates a draft, and keeps neither the time of receipt nor the fact that it was sent. Throws Failure.
 */
export async function restoreMessage(mailbox: GraphMailbox, message: KeptMessage): Promise<Copied> {
  if (message.form === "export") {
    const newItemId = await intoOldFolder(async () =>
      importExported(mailbox, (await mailbox.folders.get(message.folder)).folderId, message),
    );
    const copy = await attempt(() => mailbox.ask(getMessage, { itemId: newItemId, detail: { flag: true } }));
    if (!copy.ok) throwDefect(copy.failure, "The message was created.");
    return { newItemId, method: "export-import", lost: copy.ok ? lossesOfImport(message, copy.value) : copyLosses };
  }
  if (message.size > maxMimeBytes)
    throw new Failure("too-large", "Microsoft Graph creates messages of at most 3 MB from their bytes. Nothing was restored.", {
      hint: "Send the evidence file to the owner of the mailbox, or restore it over Exchange Web Services.",
    });
  const pieces: Uint8Array[] = [];
  for await (const piece of message.open()) pieces.push(Uint8Array.from(piece));
  const { newItemId: id } = await intoOldFolder(async () => {
    const { folderId } = await mailbox.folders.get(message.folder);
    return await placeMime(mailbox, Buffer.concat(pieces), folderId);
  });
  if (id === undefined) throw new Failure("unknown-outcome", "The message was created, and Exchange did not return its new id.");
  const { isRead, categories, flag } = message;
  const set = { ...(isRead === undefined ? {} : { isRead }), ...(categories === undefined ? {} : { categories: [...categories] }) };
  const changed = await attempt(() => mailbox.ask(updateMessage, { id, set }));
  // Sent as a separate request: a refused flag must not prevent the other properties.
  const isFlagged = flag !== undefined && flag.status !== "not_flagged";
  const flagged = await attempt(async () => isFlagged && mailbox.ask(updateMessage, { id, set: { flag: flagJson(flag) } }));
  const copy = await attempt(() => mailbox.ask(getMessage, { itemId: id, detail: { flag: true } }));
  for (const outcome of [changed, flagged, copy]) if (!outcome.ok) throwDefect(outcome.failure, "The message was created.");
  return { newItemId: id, method: "mime", lost: copy.ok ? lossesOf(message, copy.value) : copyLosses };
}
