import { createReadStream } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Copied } from "../../exchange/exchange.ts";
import { asFailure, Failure, throwDefect } from "../../failure.ts";
import { attempt, failed, type Outcome } from "../../outcome.ts";
import { encodeBase64, encodedLength } from "../../wire/mime/base64.ts";
import type { ByteSource } from "../../wire/xml/write-xml.ts";
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

/** A session that ends within this time is not used: importing an item takes minutes at most. Milliseconds. */
const renewBefore = 300_000;
/** An export whose reply breaks off is requested once more, because it changes nothing. */
const maxExports = 2;

/** The mailbox that items go to. */
interface Target {
  readonly mailbox: GraphMailbox;
  readonly mailboxId: string;
}

/** An item to import, as base64. */
interface ItemToImport extends ByteSource {
  /**
   * Microsoft names the ids of its own lists of folders; ids of mail folders look the same. An id that is not accepted is refused, and the answer
   * reports it.
   */
  readonly folderId: string;
}

/**
 * Copies messages into another mailbox, one by one: by export and import, which lose nothing; or in RFC 5322 form, where the cloud lacks these, the
 * application may not use them, or they refuse a message. The value reports the method. No other method is tried once the message may be in the other
 * mailbox. The folder is resolved, or created, after the first message has been read.
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
      // A missing feature or right is missing for the next messages too; a problem with one message need not recur.
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

/**
 * Tells whether a failure is a refusal: then nothing was done, and MIME may work. A temporary failure is better retried, and a request that may have
 * been carried out must not be.
 */
function mayUseMime({ code, retryable }: Failure): boolean {
  return (
    !retryable && !["cancelled", "unknown-outcome", "unauthenticated", "mailbox-not-found", "quota-exceeded", "internal"].includes(code)
  );
}

export const noExportInCloud = "This cloud has no export and import of mailbox items.";

/** Returns one sentence for the answer. */
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

/** Prepares everything before the first message. Throws Failure: then nothing was done. */
async function prepare(from: GraphMailbox, itemIds: readonly string[], to: GraphMailbox, there: () => Promise<FolderRef>) {
  if (!from.behaviour.importExport) throw new Failure("unsupported", noExportInCloud);
  const source = await from.ask(getMailboxId, undefined);
  const mailboxId = await to.ask(getMailboxId, undefined);
  let folderId: string | undefined;
  const exportIds = await exportIdsOf(from, itemIds);
  const session = openSession({ mailbox: to, mailboxId });
  await session.ready();
  // The size of an import must be known before it begins, so the item is stored in a file that only this account can read.
  const directory = await mkdtemp(join(tmpdir(), "mailcordon-"));
  const file = join(directory, "item");
  return {
    async carry(id: string): Promise<Copied> {
      const size = await exportTo(file, from, source, exportIds.get(id) ?? restId(id));
      const folder = await there();
      folderId ??= "id" in folder ? folder.id : (await to.ask(getFolder, folder)).folderId;
      const newItemId = await session.put({ size, open: () => createReadStream(file), folderId });
      return { newItemId: await toImmutableId(to, newItemId), method: "export-import" };
    },
    close: () => rm(directory, { recursive: true, force: true }),
  };
}

/**
 * Converts ids to the form that exportItems accepts. Microsoft only says that it accepts ids of its own item lists; a setting selects another form.
 * Only a translation can distinguish an immutable id from a default one.
 */
export async function exportIdsOf(mailbox: GraphMailbox, itemIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const to = mailbox.behaviour.exportIds;
  const known = new Map<string, string>();
  for (const from of ["restImmutableEntryId", "restId"] as const) {
    const left = itemIds.filter((id) => !known.has(id));
    if (from === to) {
      // Ids that could not be read in the other form have this one.
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

/** Returns the immutable id of a copy, or the original id where it cannot be determined. */
async function toImmutableId(mailbox: GraphMailbox, id: string): Promise<string> {
  const translated = await attempt(() => mailbox.ask(translateIds, { ids: [id], from: "restId", to: "restImmutableEntryId" }));
  if (!translated.ok) throwDefect(translated.failure, "The message was copied.");
  return (translated.ok ? translated.value.get(id) : undefined) ?? id;
}

/** Saves the item to the file, as base64, and returns its length. Throws Failure. */
async function exportTo(path: string, mailbox: GraphMailbox, mailboxId: string, itemId: string): Promise<number> {
  for (let tries = 1; ; tries++) {
    const size = await attempt(() => exportOnce(path, mailbox, mailboxId, itemId));
    if (size.ok) return size.value;
    if (!size.failure.retryable || size.failure.code === "cancelled" || tries >= maxExports) throw size.failure;
  }
}

async function exportOnce(path: string, mailbox: GraphMailbox, mailboxId: string, itemId: string): Promise<number> {
  const reader = new ExportReply();
  // The file is opened first, because unread bytes would keep a connection.
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

/** Returns the number of base64 characters of a complete export. Throws Failure when the reply reports that there are none. */
export function sizeOfExport(reader: ExportReply): number {
  const { reply, size } = reader.end();
  const [item] = objectsIn(reply, "value") ?? [];
  const error = memberOf(item, "error") ?? undefined;
  if (error !== undefined) throw failureOf(400, new Map(), { error });
  if (size === undefined || size === 0) {
    throw new Failure("unreadable", "Exchange returned no data for this item.", { wireCode: "no data" });
  }
  return size;
}

/** Creates an item from its exported bytes, and returns its id. Throws Failure; `unknown-outcome` when the reply was lost. */
export async function importExported(mailbox: GraphMailbox, folderId: string, { size, open }: ByteSource): Promise<string> {
  if (!mailbox.behaviour.importExport) throw new Failure("unsupported", noExportInCloud);
  const session = openSession({ mailbox, mailboxId: await mailbox.ask(getMailboxId, undefined) });
  const id = await session.put({ size: encodedLength(size), open: () => encodeBase64(open()), folderId });
  return await toImmutableId(mailbox, id);
}

/** Manages import sessions, each of which is valid for some time. */
function openSession(target: Target) {
  let session: ImportSession | undefined;
  async function ready(isRefused = false): Promise<ImportSession> {
    const isOver = session?.expires !== undefined && Date.parse(session.expires) - Date.now() < renewBefore;
    if (session === undefined || isOver || isRefused) session = await target.mailbox.ask(createImportSession, target.mailboxId);
    return session;
  }
  return {
    ready,
    /** Imports the content and returns the id of the new item. Throws Failure; `unknown-outcome` when the reply was lost. */
    async put(data: ItemToImport): Promise<string> {
      try {
        return await importInto(target, await ready(), data);
      } catch (thrown) {
        // Nothing was imported, because the request was rejected first: the session may have ended early.
        if (asFailure(thrown).code !== "unauthenticated") throw thrown;
        return await importInto(target, await ready(true), data);
      }
    },
  };
}

async function importInto({ mailbox }: Target, { url }: ImportSession, { size, open, folderId }: ItemToImport): Promise<string> {
  const before = Buffer.from(`${JSON.stringify({ FolderId: folderId, Mode: "create" }).slice(0, -1)},"Data":"`);
  const after = Buffer.from('"}');
  // Each request imports another item.
  const requested = mailbox.requestWithoutToken({ name: "mailbox-import-item", reply: made("itemId") }, "never", {
    url,
    method: "POST",
    headers: { "content-type": "application/json" },
    body: {
      size: before.length + size + after.length,
      async *open() {
        yield before;
        yield* open();
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

/** Adds where a possibly imported message can be found. */
function withLocation(failure: Failure, { address }: GraphMailbox): Failure {
  const { code, message, wireCode, requestId } = failure;
  if (code !== "unknown-outcome") return failure;
  const hint = `Check the folder of ${address} for a copy before you copy it again.`;
  return new Failure(code, message, { hint, wireCode, requestId, cause: failure });
}
