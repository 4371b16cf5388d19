import { beforeAll, expect, test } from "vitest";
import { mimeOf } from "../../../src/lab/mime/mime-of-item.ts";
import { campaign } from "../../../src/lab/seed/campaign.ts";
import { reportingAddress, seedOrganisation, socAddress } from "../../../src/lab/seed/seed.ts";
import type { LabItem } from "../../../src/lab/store/mailbox.ts";
import { Store } from "../../../src/lab/store/store.ts";

function seeded(): Store {
  const store = new Store();
  store.setNow(new Date("2026-11-20T10:00:00Z"));
  seedOrganisation(store);
  return store;
}

let store: Store;
let items: LabItem[];
const withId = (messageId: string) => items.filter((item) => item.internetMessageId === messageId);
const places = (found: readonly LabItem[]) => found.map(({ folder }) => `${folder.mailbox.address} ${folder.path}`).sort();

beforeAll(() => {
  store = seeded();
  items = store.mailboxes().flatMap((mailbox) => [...mailbox.items()]);
});

test("there are at least 25 mailboxes, all at example.com", () => {
  expect(store.mailboxes().length).toBeGreaterThanOrEqual(25);
  expect(store.mailboxes().every(({ address }) => address.endsWith("@example.com"))).toBe(true);
  expect(store.mailbox(socAddress)?.user.roles).toEqual(["ApplicationImpersonation", "Discovery Management"]);
});

test("the campaign is in the folders of its data, which are of every kind", () => {
  expect(places(withId(campaign.messageId))).toEqual(campaign.copies.map(({ mailbox, folder }) => `${mailbox} ${folder}`).sort());
  expect(campaign.mailboxes).toEqual(campaign.copies.map(({ mailbox }) => mailbox));
  expect(
    withId(campaign.variant.messageId)
      .map(({ folder }) => folder.mailbox.address)
      .sort(),
  ).toEqual([...campaign.variant.mailboxes].sort());
  const hits = items.filter((item) => item.from?.address === campaign.sender && item.subject === campaign.subject);
  expect(hits).toHaveLength(campaign.copies.length + campaign.variant.mailboxes.length + campaign.rich.mailboxes.length);
});

test("all copies of the campaign have the same bytes, the one inside the report included", () => {
  const bytes = withId(campaign.messageId).map((item) => Buffer.from(mimeOf(item)).toString("latin1"));
  const report = withId(campaign.report.messageId).find(({ folder }) => folder.mailbox.address === reportingAddress);
  expect(report?.from?.address).toBe(campaign.report.reporter);
  bytes.push(Buffer.from(report?.attachments[0]?.item?.mime ?? []).toString("latin1"));
  expect(new Set(bytes).size).toBe(1);
});

test("the rich message has an inline image, a file, and nested attached messages with a file", () => {
  const [inline, file, mail] = withId(campaign.rich.messageId)[0]?.attachments ?? [];
  expect([inline?.isInline, file?.isInline, mail?.kind]).toEqual([true, false, "item"]);
  expect(mail?.item?.attachments[0]?.item?.attachments[0]?.name).toBe("statement.csv");
});

test("there is one of each kind that readers get wrong", () => {
  const attachments = items.flatMap((item) => item.attachments);
  expect(attachments.some(({ name }) => name === undefined)).toBe(true);
  expect(attachments.some(({ kind, size }) => kind === "file" && size === 0)).toBe(true);
  expect(items.some((item) => item.attachments.length > 0 && !item.hasAttachments)).toBe(true);
  expect(items.some(({ itemClass }) => itemClass === "IPM.Schedule.Meeting.Request")).toBe(true);
  expect(items.some(({ itemClass }) => itemClass === "REPORT.IPM.Note.NDR")).toBe(true);
  expect(items.some(({ subject, mime }) => /[^\0-\x7f]/.test(subject) && Buffer.from(mime ?? []).includes("=?UTF-8?B?"))).toBe(true);
});

test("some are out of office now, some were, some will be; some have contacts, others none", () => {
  const now = store.now();
  const states = store
    .mailboxes()
    .map(({ oof }) => (oof.state !== "Scheduled" ? oof.state : oof.end < now ? "over" : oof.start > now ? "to come" : "active"));
  expect(new Set(states)).toEqual(new Set(["Disabled", "Enabled", "over", "active", "to come"]));
  expect(items.filter(({ contact }) => contact !== undefined).length).toBeGreaterThan(10);
  expect(items.some(({ group }) => group !== undefined)).toBe(true);
  expect(store.mailbox("user01@example.com")?.known("contacts").totalCount).toBe(0);
});

test("the same clock seeds the same organisation, ids included", () => {
  const again = seeded()
    .mailboxes()
    .flatMap((mailbox) => [...mailbox.items()]);
  expect(again.map(({ id, changeKey, internetMessageId }) => [id, changeKey, internetMessageId])).toEqual(
    items.map(({ id, changeKey, internetMessageId }) => [id, changeKey, internetMessageId]),
  );
});
