import { createReadStream } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Copied } from "../../exchange/exchange.ts";
import { asFailure, Failure, throwDefect } from "../../failure.ts";
import { attempt, failed, type Outcome } from "../../outcome.ts";
import { failureOf } from "../failures.ts";
import type { FolderRef } from "../folders/folder-ref.ts";
import { ExportReply } from "../messages/export-reply.ts";
import { getFolder } from "../requests/mail-folders.ts";
import { createImportSession, type ImportSession } from "../requests/mailbox-createimportsession.ts";
import { exportItem } from "../requests/mailbox-exportitems.ts";
import { maxIds, translateIds } from "../requests/translate-exchange-ids.ts";
import { getMailboxId } from "../requests/usersettings-list-exchange.ts";
import { made } from "../session/expected-reply.ts";
import type { GraphMailbox } from "../session/mailbox.ts";
import { oneByOne } from "../session/one-by-one.ts";
import { memberOf, objectsIn, textIn } from "../session/read-json.ts";
import { restId } from "../session/request-description.ts";
import { importMime } from "./import-mime.ts";

/** A session that ends within this time is not begun with: an item takes minutes at most. Milliseconds. */
const renewBefore = 300_000;
/** An export whose reply breaks off is asked for once more: it changes nothing. */
const maxExports = 2;

/** Where the items go to. */
interface Target {
  readonly mailbox: GraphMailbox;
  readonly mailboxId: string;
}

/** An item to import. */
interface ItemToImport {
  readonly file: string;
  readonly size: number;
  /** Microsoft names the ids of its own lists of folders; those of mail folders look the same. One that is not taken is refused, and told in the answer. */
  readonly folderId: string;
}

/**
 * Copies messages into another mailbox, one by one: by export and import, which lose nothing; where the cloud has not these two, the application
 * may not use them, or they refuse a message, in RFC 5322 form. The value says which. Nothing is tried another way once it may be in the other
 * mailbox. Where the folder is, or whether it is to be made, is asked when the first message has been read.
 * @see https://learn.microsoft.com/en-us/graph/import-exchange-mailbox-item
 */
export async function* copyToOtherMailbox(
  from: GraphMailbox,
  itemIds: readonly string[],
  to: GraphMailbox,
  folder: () => Promise<FolderRef>,
): AsyncIterable<Outcome<Copied>> {
  let found: Promise<FolderRef> | undefined;
  const there = (): Promise<FolderRef> => {
    found ??= folder();
    return found;
  };
  const ready = await attempt(() => prepare(from, itemIds, to, there));
  if (!ready.ok && !mayUseMime(ready.failure)) {
    if (ready.failure.code === "cancelled") throw ready.failure;
    for (const _ of itemIds) yield failed(ready.failure);
    return;
  }
  let readySession = ready.ok ? ready.value : ready.failure;
  if (readySession instanceof Failure) reportFallback(from, to, readySession);
  const byMime = (id: string, why: Failure) => importMime(from, id, to, there, reasonOf(why));
  try {
    yield* oneByOne(itemIds, async (id) => {
      const now = readySession;
      if (now instanceof Failure) return byMime(id, now);
      const carried = await attempt(() => now.carry(id));
      if (carried.ok) return carried.value;
      if (!mayUseMime(carried.failure)) throw carried.failure;
      // What is missing is missing for the next ones too; what is wrong with one message need not be.
      if (missingAccess.has(carried.failure.code)) {
        readySession = carried.failure;
        reportFallback(from, to, readySession);
      }
      return byMime(id, carried.failure);
    });
  } finally {
    if (ready.ok) await ready.value.close();
  }
}

const missingAccess: ReadonlySet<string> = new Set(["access-denied", "role-missing", "unsupported"]);

/** True for a refusal: then nothing was done, and MIME is another way. What passes is better repeated, and what may have been done must not be. */
function mayUseMime({ code, retryable }: Failure): boolean {
  return (
    !retryable && !["cancelled", "unknown-outcome", "unauthenticated", "mailbox-not-found", "quota-exceeded", "internal"].includes(code)
  );
}

export const noExportInCloud = "This cloud has no export and import of mailbox items.";

/** One sentence, for the answer. */
function reasonOf({ code, wireCode }: Failure): string {
  if (code === "unsupported" && wireCode === undefined) return noExportInCloud;
  if (code === "access-denied" || code === "role-missing") {
    return "The application may not export and import mailbox items: it lacks MailboxItem.ImportExport.All or User.Read.All at Microsoft Graph.";
  }
  return `Export and import were refused (${(wireCode ?? code).slice(0, 80)}).`;
}

function reportFallback(from: GraphMailbox, to: GraphMailbox, why: Failure): void {
  from.call.progress?.(`${reasonOf(why)} What is copied to ${to.address} counts as unsent there: content and headers are the same.`);
}

/** All that is needed before the first message. Throws Failure: then nothing was done. */
async function prepare(from: GraphMailbox, itemIds: readonly string[], to: GraphMailbox, there: () => Promise<FolderRef>) {
  if (!from.behaviour.importExport) throw new Failure("unsupported", noExportInCloud);
  const source = await from.ask(getMailboxId, undefined);
  const mailboxId = await to.ask(getMailboxId, undefined);
  let folderId: string | undefined;
  const exportIds = await exportIdsOf(from, itemIds);
  const session = openSession({ mailbox: to, mailboxId });
  await session.ready();
  // The size of an import must be known before it begins, so the item rests in a file that only this account can read.
  const directory = await mkdtemp(join(tmpdir(), "mailcordon-"));
  const file = join(directory, "item");
  return {
    async carry(id: string): Promise<Copied> {
      const size = await exportTo(file, from, source, exportIds.get(id) ?? restId(id));
      const folder = await there();
      folderId ??= "id" in folder ? folder.id : (await to.ask(getFolder, folder)).folderId;
      const newItemId = await session.put({ file, size, folderId });
      return { newItemId: await toImmutableId(to, newItemId), method: "export-import" };
    },
    close: () => rm(directory, { recursive: true, force: true }),
  };
}

/**
 * The ids as exportItems takes them. Which form that is Microsoft does not say beyond its own lists of items; a setting says another one.
 * An immutable id can be told from a default one by translating only.
 */
export async function exportIdsOf(mailbox: GraphMailbox, itemIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const to = mailbox.behaviour.exportIds;
  const known = new Map<string, string>();
  for (const from of ["restImmutableEntryId", "restId"] as const) {
    const left = itemIds.filter((id) => !known.has(id));
    if (from === to) {
      // Those that could not be read as the other form are of this one.
      if (from === "restId") for (const id of left) known.set(id, restId(id));
      continue;
    }
    for (let start = 0; start < left.length; start += maxIds) {
      const ids = left.slice(start, start + maxIds);
      const translated = await mailbox.ask(translateIds, { ids: ids.map(restId), from, to });
      for (const id of ids) {
        const found = translated.get(restId(id));
        if (found !== undefined) known.set(id, found);
      }
    }
  }
  return known;
}

/** A copy is told by the id that stays; where that cannot be learned, by the one that came. */
async function toImmutableId(mailbox: GraphMailbox, id: string): Promise<string> {
  const translated = await attempt(() => mailbox.ask(translateIds, { ids: [id], from: "restId", to: "restImmutableEntryId" }));
  if (!translated.ok) throwDefect(translated.failure, "The message was copied.");
  return (translated.ok ? translated.value.get(id) : undefined) ?? id;
}

/** Puts the item into the file, as base64. Its length. Throws Failure. */
async function exportTo(path: string, mailbox: GraphMailbox, mailboxId: string, itemId: string): Promise<number> {
  for (let tries = 1; ; tries++) {
    const size = await attempt(() => exportOnce(path, mailbox, mailboxId, itemId));
    if (size.ok) return size.value;
    if (!size.failure.retryable || size.failure.code === "cancelled" || tries >= maxExports) throw size.failure;
  }
}

async function exportOnce(path: string, mailbox: GraphMailbox, mailboxId: string, itemId: string): Promise<number> {
  const reader = new ExportReply();
  // First the file: bytes that nobody begins to read keep a connection.
  const file = await open(path, "w", 0o600);
  try {
    for await (const piece of await mailbox.stream(exportItem, { mailboxId, itemId })) {
      const data = reader.read(piece);
      if (data !== "") await file.write(data, undefined, "latin1");
    }
  } finally {
    await file.close();
  }
  return sizeOfExport(reader);
}

/** How many characters of base64 the export had, when all of it has come. Throws Failure when the reply says that there are none. */
export function sizeOfExport(reader: ExportReply): number {
  const { reply, size } = reader.end();
  const [item] = objectsIn(reply, "value") ?? [];
  const error = memberOf(item, "error") ?? undefined;
  if (error !== undefined) throw failureOf(400, new Map(), { error });
  if (size === undefined || size === 0) {
    throw new Failure("unreadable", "Exchange gave no data for this item.", { wireCode: "no data" });
  }
  return size;
}

/** One import session after the other: each is good for some time. */
function openSession(target: Target) {
  let session: ImportSession | undefined;
  async function ready(isRefused = false): Promise<ImportSession> {
    const isOver = session?.expires !== undefined && Date.parse(session.expires) - Date.now() < renewBefore;
    if (session === undefined || isOver || isRefused) session = await target.mailbox.ask(createImportSession, target.mailboxId);
    return session;
  }
  return {
    ready,
    /** Imports what is in the file. The id of the new item. Throws Failure; `unknown-outcome` when the answer was lost. */
    async put(data: ItemToImport): Promise<string> {
      try {
        return await importInto(target, await ready(), data);
      } catch (thrown) {
        // Turned down at the door, nothing was imported: the session may have ended before its time.
        if (asFailure(thrown).code !== "unauthenticated") throw thrown;
        return await importInto(target, await ready(true), data);
      }
    },
  };
}

async function importInto({ mailbox }: Target, { url }: ImportSession, { file, size, folderId }: ItemToImport): Promise<string> {
  const before = Buffer.from(`${JSON.stringify({ FolderId: folderId, Mode: "create" }).slice(0, -1)},"Data":"`);
  const after = Buffer.from('"}');
  // Every time makes one more.
  const requested = mailbox.requestWithoutToken({ name: "mailbox-import-item", reply: made("itemId") }, "never", {
    url,
    method: "POST",
    headers: { "content-type": "application/json" },
    body: {
      size: before.length + size + after.length,
      async *open() {
        yield before;
        yield* createReadStream(file);
        yield after;
      },
    },
  });
  const outcome = await attempt(() => requested);
  if (!outcome.ok) throw withLocation(outcome.failure, mailbox);
  const id = textIn(outcome.value, "itemId");
  if (id !== undefined && id !== "") return id;
  throw withLocation(new Failure("unknown-outcome", "The reply to the import says success but has no itemId."), mailbox);
}

/** Where to look for what may have been imported. */
function withLocation(failure: Failure, { address }: GraphMailbox): Failure {
  const { code, message, wireCode, requestId } = failure;
  if (code !== "unknown-outcome") return failure;
  const hint = `A copy may be in the folder of ${address}: look there before you copy it again.`;
  return new Failure(code, message, { hint, wireCode, requestId, cause: failure });
}
