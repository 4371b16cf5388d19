import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Copied } from "../../exchange/exchange.ts";
import type { Message } from "../../exchange/message.ts";
import { Failure, throwDefect } from "../../failure.ts";
import { attempt, type Outcome } from "../../outcome.ts";
import { beginsAsMessage } from "../../wire/mime/check-message-start.ts";
import type { QName } from "../../wire/xml/read-xml.ts";
import type { ByteSource } from "../../wire/xml/write-xml.ts";
import type { FolderRef } from "../folders/folder-ref.ts";
import { m, t } from "../namespaces.ts";
import type { Operation } from "../operation.ts";
import { deleteItem } from "../operations/delete-item.ts";
import { exportItem } from "../operations/export-items.ts";
import { getFolder } from "../operations/get-folder.ts";
import { getItem, getItemMime } from "../operations/get-item.ts";
import { uploadItem } from "../operations/upload-items.ts";
import { oneByOne } from "../session/batch.ts";
import type { ItemRef } from "../session/item-ids.ts";
import type { EwsMailbox } from "../session/mailbox.ts";
import { importMime } from "./import-mime.ts";

/**
 * Copies or moves items to another mailbox with everything that Exchange keeps of them (ExportItems, UploadItems), one by one. Where the server does
 * not know these operations, or refuses them, a copy is made from the RFC 5322 form; the value reports this and what was lost. For a move the
 * original is then deleted softly. The folder is resolved, or created, after the first item has been read.
 */
export async function* carryToOtherMailbox(
  from: EwsMailbox,
  itemIds: readonly string[],
  to: EwsMailbox,
  folder: () => Promise<FolderRef>,
  { isMove }: { readonly isMove: boolean },
): AsyncIterable<Outcome<Copied>> {
  // The size of an upload must be known before it begins, so the item is stored in a file that only this account can read.
  const directory = await attempt(() => mkdtemp(join(tmpdir(), "mailcordon-")));
  if (!directory.ok) {
    for (const _ of itemIds) yield directory;
    return;
  }
  const file = join(directory.value, "item");
  let folderId: string | undefined;
  const there = async (): Promise<string> => {
    folderId ??= await idOf(to, await folder());
    return folderId;
  };
  /** Reason why the next items use the RFC 5322 form immediately. */
  let lacking: Failure | undefined;
  const byMime = async (id: string, why: Failure): Promise<Copied> => {
    if (isMove) throw cannotMove(why);
    const original = await from.ask(getItem, { ids: [{ id }], detail: { attachments: true } });
    await saveContent(from, getItemMime, { id }, t("MimeContent"), file);
    await checkSaved(from, original, id, file);
    return importMime(to, { folderId: await there(), data: await fileSource(file), original }, reasonOf(why));
  };
  try {
    yield* oneByOne(itemIds, async (id) => {
      if (lacking !== undefined) return byMime(id, lacking);
      let isRead = false;
      const carried = await attempt(async () => {
        await saveContent(from, exportItem, { id }, m("Data"), file);
        isRead = true;
        return to.ask(uploadItem, { folderId: await there(), data: await fileSource(file) });
      });
      if (!carried.ok) {
        throwDefect(carried.failure);
        if (!(isRead ? refusedImports : refusedExports).has(carried.failure.code) || isOfHttp(carried.failure)) throw carried.failure;
        // An operation that the server does not know will fail for the next items too; a problem with one item need not.
        if (carried.failure.code === "unsupported") lacking = carried.failure;
        return byMime(id, carried.failure);
      }
      if (isMove) await from.ask(deleteItem, { ids: [{ id }], type: "SoftDelete" });
      return { ...carried.value, method: "export-import" as const };
    });
  } finally {
    await rm(directory.value, { recursive: true, force: true });
  }
}

/** Returns the id of a folder, because UploadItems accepts no well-known name. */
async function idOf(mailbox: EwsMailbox, folder: FolderRef): Promise<string> {
  return "id" in folder ? folder.id : (await mailbox.ask(getFolder, [folder])).folderId;
}

/** Saves the content of an item to the file. It ends normally only when the whole reply reported success. */
async function saveContent(
  mailbox: EwsMailbox,
  operation: Operation<ItemRef, unknown>,
  item: ItemRef,
  content: QName,
  file: string,
): Promise<void> {
  const bytes = await contentOf(mailbox, operation, item, content);
  await pipeline(Readable.from(bytes), createWriteStream(file, { mode: 0o600 }));
}

async function contentOf(
  mailbox: EwsMailbox,
  operation: Operation<ItemRef, unknown>,
  item: ItemRef,
  content: QName,
): Promise<AsyncIterable<Uint8Array>> {
  const { bytes } = await mailbox.stream(operation, item, [content]);
  if (bytes === undefined) throw new Failure("unreadable", "Exchange returned no data for this item.");
  return bytes;
}

/** Throws Failure unless the message in the file is shown to be whole. The form of an export is not published, so no export is checked. */
async function checkSaved(from: EwsMailbox, original: Message, id: string, file: string): Promise<void> {
  const { checkCarried } = await import("../../message-content/check-whole.ts");
  const again = await contentOf(from, getItemMime, { id }, t("MimeContent"));
  const { internetMessageId, attachments = [] } = original;
  await checkCarried(createReadStream(file), beginsAsMessage(again), { internetMessageId, attachments });
}

/** Codes of an import that the server does not know or refuses: nothing was imported, and the RFC 5322 form may work. */
const refusedImports: ReadonlySet<string> = new Set(["unsupported", "access-denied", "role-missing"]);
/** Codes of an export. It changes nothing, so an unknown refusal is included as well. */
const refusedExports: ReadonlySet<string> = new Set([...refusedImports, "refused"]);

/** Tells whether the failure is an HTTP status, which Exchange did not write. */
function isOfHttp({ wireCode }: Failure): boolean {
  return wireCode?.startsWith("HTTP ") === true;
}

function cannotMove(why: Failure): Failure {
  return new Failure("unsupported", `It was not moved: to another mailbox it can only be copied here. ${reasonOf(why)}`, {
    hint: "Copy it to the other mailbox, then delete it here.",
    wireCode: why.wireCode,
    requestId: why.requestId,
    cause: why,
  });
}

/** Returns one sentence for the answer. */
function reasonOf({ code, wireCode }: Failure): string {
  if (code === "unsupported") return "This server does not export and import items.";
  return `Export and import were refused (${(wireCode ?? code).slice(0, 80)}).`;
}

async function fileSource(file: string): Promise<ByteSource> {
  const { size } = await stat(file);
  return { size, open: () => createReadStream(file) };
}
