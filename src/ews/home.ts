import { isLocal } from "../exchange/local-failure.ts";
import { Failure } from "../failure.ts";
import { getFolder } from "./operations/get-folder.ts";
import type { EwsMailbox } from "./session.ts";

/**
 * Which of these ids are of another mailbox. Exchange opens whatever the account may open, whichever mailbox was meant: what a delegate deletes
 * "softly" out of a mailbox by an id of another would be moved from that one into this. Ids that do not tell their mailbox are taken for its own.
 * Throws Failure.
 */
export async function foreignIds(mailbox: EwsMailbox, itemIds: readonly string[]): Promise<ReadonlySet<string>> {
  const telling = itemIds.filter((id) => mailboxGuidOf(id) !== undefined);
  const own = await ownIds(mailbox, telling);
  return new Set(own === undefined ? [] : telling.filter((id) => !own.has(id)));
}

/**
 * Which of these ids of items and attachments are not shown to be of this mailbox or its archive: those of others, of public folders, and those
 * that do not tell. Exchange opens the mailbox whose GUID stands in an id and looks for the item in that one alone, so that an id with the GUID of
 * one mailbox and the item of another finds nothing. Throws Failure.
 * @see https://learn.microsoft.com/en-us/openspecs/exchange_server_protocols/ms-oxwsitemid/
 */
export async function unshownIds(mailbox: EwsMailbox, ids: readonly string[]): Promise<ReadonlySet<string>> {
  // Nothing in it that one reader of base64 might skip and another not. Microsoft Graph writes - and _, and no GUID has a letter that they stand for.
  const telling = ids.filter((id) => /^[\w+/-]+={0,2}$/.test(id) && mailboxGuidOf(id) !== undefined);
  const own = await ownIds(mailbox, telling);
  return new Set(ids.filter((id) => own?.has(id) !== true));
}

/** Those that name this mailbox. Undefined where it is not told which it is. */
async function ownIds(mailbox: EwsMailbox, ids: readonly string[]): Promise<ReadonlySet<string> | undefined> {
  const own = new Set<string>();
  // The archive is another store, but the same person's.
  for (const folder of ["inbox", "archivemsgfolderroot"]) {
    const strangers = ids.filter((id) => !own.has(id));
    if (strangers.length === 0) break;
    const guid = await guidOfFolder(mailbox, folder);
    if (guid === undefined && folder === "inbox") return undefined;
    for (const id of strangers) if (mailboxGuidOf(id) === guid) own.add(id);
  }
  return own;
}

/** What was learned during a call: each of its steps asks the same again. */
const learned = new WeakMap<EwsMailbox, Map<string, string | undefined>>();

/** Undefined where the folder is not there or not for us. */
async function guidOfFolder(mailbox: EwsMailbox, name: string): Promise<string | undefined> {
  const known = learned.get(mailbox) ?? new Map<string, string | undefined>();
  learned.set(mailbox, known);
  if (!known.has(name)) known.set(name, await askForGuid(mailbox, name));
  return known.get(name);
}

async function askForGuid(mailbox: EwsMailbox, name: string): Promise<string | undefined> {
  try {
    return mailboxGuidOf((await mailbox.ask(getFolder, [mailbox.folders.distinguished(name)])).folderId);
  } catch (thrown) {
    if (thrown instanceof Failure && (isLocal(thrown) || thrown.code === "mailbox-not-found")) return undefined;
    throw thrown;
  }
}

const byMailboxGuid = 3;
const guidLength = 36;

/**
 * The GUID of the mailbox that an id of an item or a folder names; undefined for an id of another form.
 * @see https://learn.microsoft.com/en-us/openspecs/exchange_server_protocols/ms-oxwsitemid/
 */
export function mailboxGuidOf(id: string): string | undefined {
  // Uncompressed, what is looked at are the first 40 bytes: kind of id, length of the GUID, GUID. Compressed they are at most half as many more.
  const [packing, ...rest] = Buffer.from(id.slice(0, 84), "base64");
  if (packing !== 0 && packing !== 1) return undefined;
  const bytes = packing === 0 ? rest : unpacked(rest);
  if (bytes[0] !== byMailboxGuid || bytes[1] !== guidLength || bytes[2] !== 0) return undefined;
  const guid = Buffer.from(bytes.slice(3, 3 + guidLength))
    .toString("latin1")
    .toLowerCase();
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(guid) ? guid : undefined;
}

/** Two equal bytes are followed by the number of further ones. */
export function unpacked(packed: readonly number[]): number[] {
  const bytes: number[] = [];
  for (let at = 0; at < packed.length; at++) {
    const byte = packed[at] ?? 0;
    bytes.push(byte);
    if (packed[at + 1] !== byte) continue;
    const more = packed[at + 2] ?? 0;
    for (let count = 0; count <= more; count++) bytes.push(byte);
    at += 2;
  }
  return bytes;
}
