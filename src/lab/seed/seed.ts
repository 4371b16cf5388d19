import { itemFromMime } from "../mime/item-from-mime.ts";
import { mimeOfNew } from "../mime/mime-of-item.ts";
import type { LabFolder, LabMailbox } from "../store/mailbox.ts";
import { labPassword, type Store } from "../store/store.ts";
import { campaign, campaignMime, richMime, variantMime } from "./campaign.ts";
import { seedArchiveAndPublicFolders } from "./seed-archives.ts";
import { seedEveryday, seedUnusualMail } from "./seed-mail.ts";
import { seedContacts, seedOutOfOffice, seedPeople } from "./seed-people.ts";

export { reportingAddress, socAddress } from "./seed-people.ts";

const hour = 3_600_000;

/** Fills a store with the organisation of the demo. The same store and clock give the same organisation; its messages are from the last days. */
export function seedOrganisation(store: Store, options: { readonly password?: string | undefined } = {}): void {
  const now = store.now();
  // All content was created within the hour before.
  store.clock.replay(new Date(now.getTime() - hour), () => {
    seedPeople(store, options.password ?? labPassword);
    seedOutOfOffice(store, now);
    seedContacts(store);
    seedEveryday(store, now);
    seedUnusualMail(store, now);
    seedCampaign(store, now);
    seedArchiveAndPublicFolders(store, now);
  });
}

function seedCampaign(store: Store, now: Date): void {
  const at = (hours: number): Date => new Date(now.getTime() - hours * hour);
  const mime = campaignMime(at(5));
  const from = campaign.sender;
  for (const { mailbox, item } of store.deliver(mime, { from, to: campaign.addressed, at: at(5) })) {
    const folder = campaign.copies.find((copy) => copy.mailbox === mailbox?.address)?.folder;
    if (mailbox && item && folder !== undefined && folder !== "Inbox") mailbox.move(item, folderFor(mailbox, folder));
  }
  store.deliver(variantMime(at(4)), { from, to: campaign.variant.mailboxes, at: at(4) });
  store.deliver(richMime(at(3)), { from, to: campaign.rich.mailboxes, at: at(3) });
  const reporter = store.mailbox(campaign.report.reporter);
  if (reporter) forwardAsAttachment(store, reporter, mime, campaign.report, at(2));
}

/** Returns the folder at a path such as `Inbox/To do`, and creates missing folders. */
export function folderFor(mailbox: LabMailbox, path: string): LabFolder {
  return path.split("/").reduce((at, name) => at.child(name) ?? mailbox.createFolder(at, name, "IPF.Note"), mailbox.root);
}

/** Forwards a message as an attachment from a user to the reporting mailbox. */
export function forwardAsAttachment(
  store: Store,
  from: LabMailbox,
  mime: Uint8Array,
  report: { readonly mailbox: string; readonly messageId: string; readonly subject: string },
  at: Date,
): void {
  const item = itemFromMime(mime);
  const forward = mimeOfNew({
    from: { name: from.user.displayName, address: from.address },
    to: [{ address: report.mailbox }],
    subject: report.subject,
    internetMessageId: report.messageId,
    sentAt: at,
    body: { type: "Text", value: "I do not know this sender. Is it real?\r\n" },
    attachments: [{ kind: "item", name: item.subject, item }],
  });
  store.deliver(forward, { from: from.address, to: [report.mailbox], at });
  from.add(from.known("sentitems"), { ...itemFromMime(forward), receivedAt: at, isRead: true });
}
