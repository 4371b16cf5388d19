import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { itemFromMime, receivedDateOf } from "../mime/item-from-mime.ts";
import type { LabMailbox } from "../store/mailbox.ts";
import type { Store } from "../store/store.ts";
import { folderFor, forwardAsAttachment } from "./seed.ts";
import { reportingAddress, socAddress } from "./seed-people.ts";

export interface Imported {
  /** Name of the file, without its folder. */
  readonly file: string;
  /** The Message-ID of all copies: the message's own, or a generated one. */
  readonly messageId: string;
  readonly subject: string;
  readonly from: string;
  /** Addresses of the mailboxes that have a copy. */
  readonly mailboxes: readonly string[];
  readonly copies: readonly { readonly mailbox: string; readonly folder: string }[];
  readonly attachments: number;
  /** The user who forwarded the message, as an attachment, to the reporting mailbox; undefined in an organisation without one. */
  readonly reporter?: string | undefined;
}

export interface ImportOptions {
  /** `delivery` (default): received now. `headers`: when its Received or Date header says. */
  readonly dates?: "delivery" | "headers" | undefined;
}

/** The folders to which readers moved their copies. The first files have a copy in each of them. */
const readerFolders = ["Inbox", "Inbox/Suppliers", "Inbox/To do/Later", "Deleted Items", "Inbox"] as const;
// Steps through the mailboxes so that neighbouring files reach different readers. A prime number, so that all mailboxes are reached.
const stride = 7;

// In milliseconds. The import counts as made within the last minute: some ten thousand files at a few milliseconds each.
const importTime = 60_000;

/**
 * Delivers every `.eml` of a folder into three to five mailboxes of the lab, in the order of the file names and byte for byte; one reader forwards each
 * message. Throws errors of the file system, and if the store has no mailbox for delivery.
 */
export function importFolder(store: Store, dir: string, options: ImportOptions = {}): Imported[] {
  const readers = store.mailboxes().filter(({ address }) => address !== socAddress && address !== reportingAddress);
  if (readers.length === 0) throw new Error("The lab has no mailbox to import into.");
  const files = readdirSync(dir, { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.toLowerCase().endsWith(".eml"))
    .map((entry) => entry.name)
    .sort();
  const start = new Date(store.now().getTime() - importTime);
  return store.clock.replay(start, () =>
    files.map((file, index) => importMail(store, readFileSync(join(dir, file)), file, index, readers, options)),
  );
}

function importMail(
  store: Store,
  mime: Uint8Array,
  file: string,
  index: number,
  readers: readonly LabMailbox[],
  options: ImportOptions,
): Imported {
  const item = itemFromMime(mime);
  const messageId = item.internetMessageId ?? store.newMessageId();
  const received = options.dates === "headers" ? (receivedDateOf(item.headers ?? []) ?? item.sentAt) : undefined;
  const receivedAt = received ?? store.now();
  const copies = new Map<LabMailbox, string>();
  for (const [place, folder] of readerFolders.slice(0, readerFolders.length - (index % 3)).entries()) {
    const reader = readers[(index * readerFolders.length + place * stride) % readers.length];
    if (!reader || copies.has(reader)) continue;
    copies.set(reader, folder);
    const copy = reader.add(reader.known("inbox"), {
      ...item,
      internetMessageId: messageId,
      receivedAt,
      sentAt: item.sentAt ?? receivedAt,
      bcc: [],
    });
    if (folder !== "Inbox") reader.move(copy, folderFor(reader, folder));
  }
  const reporter = store.mailbox(reportingAddress) && [...copies.keys()][0];
  const report = {
    mailbox: reportingAddress,
    messageId: `<report-${index + 1}.import@example.com>`,
    subject: `Please check: ${item.subject ?? ""}`,
  };
  if (reporter) forwardAsAttachment(store, reporter, mime, report, store.clock.tick());
  return {
    file,
    messageId,
    subject: item.subject ?? "",
    from: item.from?.address ?? item.from?.name ?? "",
    mailboxes: [...copies.keys()].map(({ address }) => address),
    copies: [...copies].map(([{ address }, folder]) => ({ mailbox: address, folder })),
    attachments: item.attachments?.length ?? 0,
    reporter: reporter?.address,
  };
}
