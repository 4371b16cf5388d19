import { itemFromMime } from "../mime/item-from-mime.ts";
import { mimeOfNew } from "../mime/mime-of-item.ts";
import type { Store } from "../store/store.ts";

const day = 86_400_000;

/** The user with an archive mailbox. */
const archiveOwner = "legal@example.com";

/** Seeds the mailboxes behind the users' own: one archive, and a small tree of public folders, each with a message. */
export function seedArchiveAndPublicFolders(store: Store, now: Date): void {
  const note = (subject: string, text: string, days: number) => {
    const at = new Date(now.getTime() - days * day);
    const mime = mimeOfNew({
      from: { name: "Order Desk", address: "orders@example.org" },
      to: [{ address: archiveOwner }],
      // A Message-ID of their own, so that the Message-IDs of delivered messages do not depend on these.
      internetMessageId: `<${subject.toLowerCase().replaceAll(" ", "-")}@example.org>`,
      subject,
      sentAt: at,
      body: { type: "Text", value: `${text}\r\n` },
    });
    return { ...itemFromMime(mime), receivedAt: at, isRead: true };
  };
  const owner = store.mailbox(archiveOwner);
  if (owner !== undefined) {
    const archive = store.openArchive(owner);
    const contracts = archive.createFolder(archive.known("archiveinbox"), "Contracts", "IPF.Note");
    archive.add(contracts, note("Framework contract of two years ago", "The signed copy, for your files.", 700));
  }
  const shared = store.openPublicFolders();
  const notices = shared.createFolder(shared.root, "Notices", "IPF.Note");
  shared.add(shared.createFolder(notices, "Building", "IPF.Note"), note("Fire drill", "On the first Tuesday of the month, at ten.", 12));
}
