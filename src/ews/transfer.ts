import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Copied } from "../exchange/exchange.ts";
import { Failure } from "../failure.ts";
import { attempt, type Outcome } from "../outcome.ts";
import type { ByteSource } from "../wire/xml-write.ts";
import { oneByOne } from "./batch.ts";
import type { FolderRef } from "./folders.ts";
import { m } from "./namespaces.ts";
import { deleteItem } from "./operations/delete-item.ts";
import { exportItem } from "./operations/export-items.ts";
import { getFolder } from "./operations/get-folder.ts";
import { uploadItem } from "./operations/upload-items.ts";
import type { EwsMailbox } from "./session.ts";

/**
 * Carries items from one mailbox to another with all that Exchange keeps of them (ExportItems, UploadItems), one by one. For a move the
 * original is then deleted softly.
 */
export async function* transfer(
  from: EwsMailbox,
  itemIds: readonly string[],
  to: EwsMailbox,
  folder: FolderRef,
  { isMove }: { readonly isMove: boolean },
): AsyncIterable<Outcome<Copied>> {
  const ready = await attempt(async () => ({
    // UploadItems takes no well-known name.
    folderId: "id" in folder ? folder.id : (await to.ask(getFolder, [folder])).folderId,
    // The size of an upload must be known before it begins, so the item rests in a file that only this account can read.
    directory: await mkdtemp(join(tmpdir(), "mailcordon-")),
  }));
  if (!ready.ok) {
    if (ready.failure.code === "cancelled") throw ready.failure;
    for (const _ of itemIds) yield ready;
    return;
  }
  const { folderId, directory } = ready.value;
  try {
    const file = join(directory, "item");
    yield* oneByOne(itemIds, async (id) => {
      const { bytes } = await from.stream(exportItem, { id }, [m("Data")]);
      if (bytes === undefined) throw new Failure("unreadable", "Exchange gave no data for this item.");
      await pipeline(Readable.from(bytes), createWriteStream(file, { mode: 0o600 }));
      const uploaded = await to.ask(uploadItem, { folderId, data: await sourceOf(file) });
      if (isMove) await from.ask(deleteItem, { ids: [{ id }], type: "SoftDelete" });
      return { ...uploaded, method: "export-import" as const };
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function sourceOf(file: string): Promise<ByteSource> {
  const { size } = await stat(file);
  return { size, open: () => createReadStream(file) };
}
