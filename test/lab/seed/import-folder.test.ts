import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { mimeOf } from "../../../src/lab/mime/mime-of-item.ts";
import { type Imported, importFolder } from "../../../src/lab/seed/import-folder.ts";
import { reportingAddress, seedOrganisation } from "../../../src/lab/seed/seed.ts";
import { Store } from "../../../src/lab/store/store.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "mailcordon-import-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

function seeded(): Store {
  const store = new Store();
  seedOrganisation(store);
  return store;
}

function copiesOf(store: Store, { messageId, copies }: Imported) {
  return copies.map(({ mailbox, folder }) => {
    const place = store.mailbox(mailbox)?.folderAt(folder.split("/"));
    return [...(place?.items.values() ?? [])].find((item) => item.internetMessageId === messageId);
  });
}

test("a message is in several mailboxes and folders with its bytes, and one reader has forwarded it", () => {
  const bytes = Buffer.from("Subject: One\nMessage-ID: <one@example.org>\nFrom: a@example.org\n\nbare line feeds\n");
  writeFileSync(join(dir, "one.eml"), bytes);
  writeFileSync(join(dir, "notes.txt"), "not mail");
  const store = seeded();
  const imported = importFolder(store, dir);
  expect(imported).toMatchObject([
    { file: "one.eml", messageId: "<one@example.org>", subject: "One", from: "a@example.org", attachments: 0 },
  ]);
  const [one] = imported;
  if (!one) throw new Error("nothing imported");
  expect(one.copies.map(({ folder }) => folder)).toEqual(["Inbox", "Inbox/Suppliers", "Inbox/To do/Later", "Deleted Items", "Inbox"]);
  for (const copy of copiesOf(store, one)) expect(copy && Buffer.from(mimeOf(copy)).equals(bytes)).toBe(true);
  const report = [...(store.mailbox(reportingAddress)?.known("inbox").items.values() ?? [])].find(
    ({ subject }) => subject === "Please check: One",
  );
  expect(Buffer.from(report?.attachments[0]?.item?.mime ?? []).equals(bytes)).toBe(true);
});

test("a file that is not a message is imported as text, with one Message-ID for all copies", () => {
  writeFileSync(join(dir, "odd.eml"), "just text");
  const store = seeded();
  const [odd] = importFolder(store, dir);
  expect(odd?.messageId).toMatch(/^<.+@.+>$/);
  expect(odd && copiesOf(store, odd).map((copy) => copy?.text)).toEqual(Array(5).fill("just text"));
});

test("a message is received within the last minute, or on request at the time in its headers", () => {
  writeFileSync(join(dir, "old.eml"), "Received: by a.example; Mon, 2 Feb 2026 10:00:00 +0000\nDate: Sun, 1 Feb 2026 10:00:00 +0000\n\nx");
  const now = seeded();
  const before = now.now();
  const [first] = importFolder(now, dir);
  expect(
    first &&
      copiesOf(now, first).every(
        (copy) => copy?.receivedAt && copy.receivedAt.getTime() >= before.getTime() - 60_000 && copy.receivedAt <= now.now(),
      ),
  ).toBe(true);
  const dated = seeded();
  const [second] = importFolder(dated, dir, { dates: "headers" });
  expect(second && copiesOf(dated, second)[0]?.receivedAt?.toISOString()).toBe("2026-02-02T10:00:00.000Z");
});

test("an empty folder imports nothing, a missing one throws", () => {
  expect(importFolder(seeded(), dir)).toEqual([]);
  expect(() => importFolder(seeded(), join(dir, "missing"))).toThrowError(/ENOENT/);
  expect(() => importFolder(new Store(), dir)).toThrowError(/no mailbox/);
});

const corpus = fileURLToPath(new URL("../../../../shared/corpus/phishing/", import.meta.url));

describe.skipIf(!existsSync(corpus))("a real phishing message (skipped without ../shared/corpus)", () => {
  test("is imported into three to five mailboxes with its exact bytes", () => {
    const store = seeded();
    const imported = importFolder(store, corpus);
    expect(imported.length).toBeGreaterThan(200);
    for (const one of imported) {
      const bytes = readFileSync(join(corpus, one.file));
      const copies = copiesOf(store, one);
      expect(copies.length, one.file).toBeGreaterThanOrEqual(3);
      for (const copy of copies) expect(copy && Buffer.from(mimeOf(copy)).equals(bytes), one.file).toBe(true);
    }
  });
});
