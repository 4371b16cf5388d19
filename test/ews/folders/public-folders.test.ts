import { afterEach, beforeEach, expect, test } from "vitest";
import { openEws } from "../../../src/ews/ews.ts";
import type { Exchange } from "../../../src/exchange/exchange.ts";
import { Failure } from "../../../src/failure.ts";
import { type Lab, startLab } from "../../../src/lab/lab.ts";
import type { LabFolder } from "../../../src/lab/store/mailbox.ts";
import type { Outcome } from "../../../src/outcome.ts";

let lab: Lab;
let exchange: Exchange;
let folders: { readonly reports: LabFolder; readonly old: LabFolder; readonly archived: LabFolder };
const ana = "ana@example.com";

beforeEach(async () => {
  lab = await startLab({ seed: false });
  lab.store.addUser({ address: "soc@example.com", roles: ["ApplicationImpersonation"] });
  const mailbox = lab.store.addUser({ address: ana });
  const shared = lab.store.openPublicFolders();
  const security = shared.createFolder(shared.root, "Security", "IPF.Note");
  const reports = shared.createFolder(security, "Reports", "IPF.Note");
  const old = shared.createFolder(reports, "2025", "IPF.Note");
  const archive = lab.store.openArchive(mailbox);
  const archived = archive.createFolder(archive.root.child("Inbox") ?? archive.root, "Invoices", "IPF.Note");
  folders = { reports, old, archived };
  const authorization = `Basic ${Buffer.from("soc@example.com:lab-password").toString("base64")}`;
  exchange = openEws({ url: lab.ewsUrl, authorize: async () => ({ authorization }), access: "impersonation", defaultMailbox: ana });
});
afterEach(async () => {
  await exchange.close();
  await lab.close();
});

const message = (subject: string) => ({
  itemClass: "IPM.Note",
  subject,
  internetMessageId: `<${subject.toLowerCase().replaceAll(" ", "-")}@example.org>`,
  receivedAt: new Date("2026-11-01T10:00:00Z"),
});

/** Puts a message with this subject into a folder. */
function put(folder: LabFolder, subject: string) {
  const { internetMessageId, receivedAt } = message(subject);
  const mime = `Message-ID: ${internetMessageId}\r\nFrom: a@example.org\r\nTo: ${ana}\r\nSubject: ${subject}\r\nDate: Sun, 1 Nov 2026 10:00:00 +0000\r\n\r\nText\r\n`;
  return import("../../../src/lab/mime/item-from-mime.ts").then(({ itemFromMime }) =>
    folder.mailbox.add(folder, { ...itemFromMime(Buffer.from(mime)), receivedAt }),
  );
}

async function subjects(folder: string, recursive = true) {
  const page = await exchange.mailbox(undefined).search({ filters: {}, folder, recursive, limit: 10 });
  return page.messages.map(({ subject, folderPath }) => `${folderPath}: ${subject}`).sort();
}

async function all<T>(outcomes: AsyncIterable<Outcome<T>>): Promise<Outcome<T>[]> {
  const list: Outcome<T>[] = [];
  for await (const outcome of outcomes) list.push(outcome);
  return list;
}

async function failure(work: Promise<unknown>): Promise<Failure> {
  const thrown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (thrown instanceof Failure) return thrown;
  throw new Error(`No Failure but ${String(thrown)}`);
}

test("a public folder is found by its path, and everything below it is searched", async () => {
  await put(folders.reports, "Phish");
  await put(folders.old, "Older phish");
  expect(await exchange.mailbox(undefined).folder("public:security/reports")).toMatchObject({
    folderId: folders.reports.id,
    displayName: "Reports",
    totalCount: 1,
  });
  expect(await subjects("public:Security")).toEqual(["public:Security/Reports/2025: Older phish", "public:Security/Reports: Phish"]);
  expect(await subjects("public:Security/Reports", false)).toHaveLength(1);
});

test("no listing of public folders is deep, which Exchange does not allow", async () => {
  await subjects("public:Security");
  expect(lab.requests.filter(({ status }) => status !== 200)).toEqual([]);
});

test("a missing public folder is named, and created if requested", async () => {
  const missing = await failure(exchange.mailbox(undefined).folder("public:Security/Nowhere"));
  expect(missing).toMatchObject({ code: "folder-not-found" });
  expect(missing.message).toContain("Nowhere");
  const made = await exchange.mailbox(undefined).createFolder("public:Security/Cases/2026");
  expect(made.path).toBe("public:Security/Cases/2026");
  expect(lab.store.folder(made.folderId)?.path).toBe("Security/Cases/2026");
});

test("an organisation without public folders is reported", async () => {
  await exchange.close();
  await lab.close();
  lab = await startLab({ seed: false });
  lab.store.addUser({ address: ana });
  const authorization = `Basic ${Buffer.from(`${ana}:lab-password`).toString("base64")}`;
  exchange = openEws({ url: lab.ewsUrl, authorize: async () => ({ authorization }), access: "delegate", defaultMailbox: ana });
  const thrown = await failure(exchange.mailbox(undefined).folder("public:Security"));
  expect(thrown.wireCode).toBe("ErrorNoPublicFolderReplicaAvailable");
});

test("a message copied to a public folder is found there, and a deleted one is gone", async () => {
  const item = await put(lab.store.mailbox(ana)?.known("inbox") ?? folders.old, "Report me");
  const [copied] = await all(exchange.mailbox(undefined).copy([item.id], { folder: "public:Security/Reports" }));
  expect(copied).toMatchObject({ ok: true });
  const id = copied?.ok === true ? (copied.value.newItemId ?? "") : "";
  expect(lab.store.item(id)?.folder.id).toBe(folders.reports.id);
  expect(await all(exchange.mailbox(undefined).delete([id], "hard"))).toMatchObject([{ ok: true }]);
  expect(lab.store.item(id)).toBeUndefined();
});

test("the archive is another mailbox, with folders named after archive: and searched separately", async () => {
  await put(folders.archived, "Old invoice");
  await put(lab.store.mailbox(ana)?.known("inbox") ?? folders.old, "New invoice");
  expect(await subjects("archive:")).toEqual(["archive:Inbox/Invoices: Old invoice"]);
  expect(await subjects("archive:inbox/invoices")).toEqual(["archive:Inbox/Invoices: Old invoice"]);
  expect(await subjects("inbox")).toEqual(["Inbox: New invoice"]);
  expect(await exchange.mailbox(undefined).folder("Archive:Deleted Items")).toMatchObject({ path: "archive:Deleted Items" });
});

test("a message moved to the archive has its new id, although Exchange returns none", async () => {
  const item = await put(lab.store.mailbox(ana)?.known("inbox") ?? folders.old, "Put away");
  const [moved] = await all(exchange.mailbox(undefined).move([item.id], { folder: "archive:Inbox/Invoices" }));
  const id = moved?.ok === true ? (moved.value.newItemId ?? "") : "";
  expect(lab.store.item(id)?.folder.id).toBe(folders.archived.id);
  expect(lab.store.item(item.id)).toBeUndefined();
});

test("a mailbox without an archive is reported", async () => {
  const thrown = await failure(exchange.mailbox("soc@example.com").folder("archive:Inbox"));
  expect(["not-found", "folder-not-found", "mailbox-not-found"]).toContain(thrown.code);
});
