import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { copyEmail } from "../../../src/actions/copy-email.ts";
import { deleteAttachments } from "../../../src/actions/delete-attachments.ts";
import { deleteEmail } from "../../../src/actions/delete-email.ts";
import { downloadMailAsEml } from "../../../src/actions/download-mail-as-eml.ts";
import { getAttachments } from "../../../src/actions/get-attachments.ts";
import { getContacts } from "../../../src/actions/get-contacts.ts";
import { junkMail } from "../../../src/actions/junk-mail.ts";
import { replyToEmail } from "../../../src/actions/reply-to-email.ts";
import { searchEmailsExtended } from "../../../src/actions/search-emails-extended.ts";
import type { Action } from "../../../src/catalogue/action-definition.ts";
import { restrictToMailboxes } from "../../../src/connection/restrict-to-mailboxes.ts";
import { openEws } from "../../../src/ews/ews.ts";
import type { Exchange } from "../../../src/exchange/exchange.ts";
import { mailboxGuidOf } from "../../../src/exchange/mailbox-guid.ts";
import { type Lab, startLab } from "../../../src/lab/lab.ts";
import type { LabFolder, LabItem, LabMailbox } from "../../../src/lab/store/mailbox.ts";
import { labPassword } from "../../../src/lab/store/store.ts";
import type { Outcome } from "../../../src/outcome.ts";
import { type LabHost, openLabHost } from "../../actions/lab-host.ts";

let at: LabHost;
const boss = "boss@example.com";
const [ann, ben] = ["ann.home@example.com", "ben.home@example.com"];
let exchange: ReturnType<typeof openEws>;
beforeAll(async () => {
  at = await openLabHost();
  at.lab.store.addUser({ address: boss });
  for (const address of [ann, ben]) at.lab.store.addUser({ address, fullAccess: [boss] });
  exchange = openEws({
    url: at.lab.ewsUrl,
    authorize: async () => ({ authorization: `Basic ${Buffer.from(`${boss}:${labPassword}`).toString("base64")}` }),
    access: "delegate",
  });
});
afterAll(async () => {
  await exchange.close();
  await at.close();
});

test("a delegate of two mailboxes who names one with an id of the other deletes nothing", async () => {
  const [own, foreign] = [at.put(ann, { subject: "own" }), at.put(ben, { subject: "foreign" })];
  const answer = await at.run(deleteEmail, { mailbox: ann, item_id: [foreign.id, own.id] }, { exchange });
  expect(answer.results).toMatchObject([
    { item_id: foreign.id, status: "failed", error: { code: "invalid-input", message: expect.stringContaining(ann) } },
    { item_id: own.id, status: "done" },
  ]);
  expect(at.mailbox(ben).item(foreign.id)?.folder.distinguishedName).toBe("inbox");
});

test("a Message-ID beside an id of another mailbox finds the copy in the mailbox that is named", async () => {
  const id = "<both@example.net>";
  const [own, foreign] = [at.put(ann, { internetMessageId: id }), at.put(ben, { internetMessageId: id })];
  const answer = await at.run(
    copyEmail,
    { mailbox: ann, item_id: foreign.id, internet_message_id: id, destination_folder: "archive" },
    { exchange },
  );
  expect(answer.results).toMatchObject([{ item_id: own.id, status: "done" }]);
  expect(at.mailbox(ben).known("archive").items.size).toBe(0);
});

test("nothing is changed if the mailbox of an id is unknown", async () => {
  const item = at.put(ann);
  at.lab.addFault({ kind: "401", operation: "GetFolder", times: 9 });
  const answer = await at.run(deleteEmail, { mailbox: ann, item_id: item.id }, { exchange });
  at.lab.clearFaults();
  expect(answer.results).toMatchObject([{ status: "failed", error: { code: "unauthenticated" } }]);
  expect(at.mailbox(ann).item(item.id)?.folder.distinguishedName).toBe("inbox");
});

test.each([
  ["AAMkADhhNjgxMWMwLWFjMjAtNGMxYi1iMmVkLTYxN2ZjZjg0NjYxMwAuAAAA", "8a6811c0-ac20-4c1b-b2ed-617fcf846613"],
  // Packed: the two fours of the GUID are followed by how many more there are.
  ["AQMkADRiZGNhMWIxLWIwOGMtNDQAZjktODk3OS0zZWIxODJjNmI4NWYALgAAA", "4bdca1b1-b08c-44f9-8979-3eb182c6b85f"],
  ["", undefined],
  ["a", undefined],
  ["AAMk", undefined],
  ["AAMkFtnmUZQY2FuFP93qPtAAAADU5vcFtY2FuFP93qPtAAAADad3AAA=", undefined],
  ["AQEAAAAAAAEMAQAAAAA=", undefined],
])("%s is an id of the mailbox %s", (id, guid) => {
  expect(mailboxGuidOf(id)).toBe(guid);
});

test("no text makes the id reader throw", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.base64String(),
        fc.base64String().map((rest) => `AQMk${rest}`),
      ),
      (id) => {
        const guid = mailboxGuidOf(id);
        expect(guid === undefined || guid.length === 36).toBe(true);
      },
    ),
  );
});

describe.each([
  ["whose ids name their mailbox", []],
  ["whose ids name no mailbox", ["ids-without-mailbox"]],
])("under delegate access, on a server %s,", (_, habits) => {
  let here: LabHost;
  let delegate: Exchange;
  const attachment = { kind: "file", name: "a.txt", contentType: "text/plain", content: Buffer.from("a") } as const;
  beforeAll(async () => {
    here = await openLabHost({ habits });
    here.lab.store.addUser({ address: boss });
    for (const address of [ann, ben]) here.lab.store.addUser({ address, fullAccess: [boss], sendAs: [boss] });
    here.lab.store.openArchive(here.mailbox(ann));
    delegate = openEws({
      url: here.lab.ewsUrl,
      authorize: async () => ({ authorization: `Basic ${Buffer.from(`${boss}:${labPassword}`).toString("base64")}` }),
      access: "delegate",
    });
  });
  afterAll(async () => {
    await delegate.close();
    await here.close();
  });
  const putBoth = () => [ann, ben].map((address) => here.put(address, { attachments: [attachment] }));
  const run: LabHost["run"] = (action, input) => here.run(action, input, { exchange: delegate });

  test.each<[string, Action, Readonly<Record<string, unknown>>]>([
    ["delete-email (soft)", deleteEmail, {}],
    ["delete-email (trash)", deleteEmail, { delete_type: "trash" }],
    ["delete-email (hard)", deleteEmail, { delete_type: "hard", confirm_hard: true }],
    ["copy-email", copyEmail, { destination_folder: "archive" }],
    ["junk-mail", junkMail, {}],
    ["download-mail-as-eml", downloadMailAsEml, {}],
    ["get-attachments", getAttachments, {}],
    ["delete-attachments", deleteAttachments, { all: true }],
    ["reply-to-email", replyToEmail, { body_text: "Yes." }],
  ])("%s obeys no id of another mailbox, and its own", async (_, action, input) => {
    const [own, foreign] = putBoth();
    const answer = await run(action, { mailbox: ann, item_id: [foreign?.id], ...input });
    expect(answer).toMatchObject({ success: false });
    expect(JSON.stringify(answer)).toContain("is not shown to belong to the mailbox ann.home@example.com");
    expect(here.mailbox(ben).item(foreign?.id ?? "")).toMatchObject({ folder: { distinguishedName: "inbox" }, attachments: [{}] });
    expect(await run(action, { mailbox: ann, item_id: [own?.id], ...input })).toMatchObject({ success: true });
  });

  test("an item of the archive is one of the mailbox", async () => {
    const archive = here.lab.store.archiveOf(here.mailbox(ann));
    const item = archive?.add(archive.root, { subject: "Old" });
    expect(await run(downloadMailAsEml, { mailbox: ann, item_id: item?.id })).toMatchObject({ success: true });
  });

  test.each<[string, Action, Readonly<Record<string, unknown>>, string]>([
    ["search-emails-extended", searchEmailsExtended, { mailboxes: [ann] }, "folder"],
    ["get-contacts", getContacts, { mailbox: ann }, "folder"],
    ["delete-email", deleteEmail, { mailbox: ann, internet_message_id: "<x@example.net>" }, "folder"],
    ["copy-email", copyEmail, { mailbox: ann, internet_message_id: "<x@example.net>" }, "destination_folder"],
  ])("%s takes no id of a folder of another mailbox", async (_, action, input, field) => {
    here.put(ann, { internetMessageId: "<x@example.net>" });
    const folder = here.mailbox(ben).known("inbox");
    const items = folder.items.size;
    const answer = await run(action, { ...input, [field]: folder.id });
    expect(answer).toMatchObject({ success: false });
    expect(JSON.stringify(answer)).toContain("This folder id is not shown to belong to the mailbox ann.home@example.com");
    expect(folder.items.size).toBe(items);
  });

  test("an undo takes the folder id that a deletion returned", async () => {
    const item = here.put(ann, { subject: "Undo" });
    const deleted = await run(deleteEmail, { mailbox: ann, item_id: item.id });
    const [row] = deleted.results ?? [];
    const undo = Object(row?.undo);
    expect(await run(copyEmail, { mailbox: ann, item_id: undo.item_id, destination_folder: undo.to })).toMatchObject({ success: true });
    expect([...here.mailbox(ann).known("inbox").items.values()].some(({ subject }) => subject === "Undo")).toBe(true);
  });

  describe("an API key for one mailbox", () => {
    const limited = () => restrictToMailboxes(delegate, [ann]);
    const runLimited: LabHost["run"] = (action, input) => here.run(action, input, { exchange: limited() });

    test.each<[string, Action, Readonly<Record<string, unknown>>]>([
      ["downloads", downloadMailAsEml, {}],
      ["lists the attachments of", getAttachments, {}],
      ["deletes the attachments of", deleteAttachments, { all: true }],
      ["deletes", deleteEmail, {}],
      ["deletes for good", deleteEmail, { delete_type: "hard", confirm_hard: true }],
    ])("%s a message by its id and by its Message-ID, and verifies it", async (_, action, input) => {
      const id = `<${here.lab.requests.length}@example.net>`;
      const byId = here.put(ann, { attachments: [attachment] });
      here.put(ann, { internetMessageId: id, attachments: [attachment] });
      expect(await runLimited(action, { mailbox: ann, item_id: byId.id, ...input })).toMatchObject({ success: true });
      expect(await runLimited(action, { mailbox: ann, internet_message_id: id, ...input })).toMatchObject({ success: true });
    });

    test("reaches nothing of another mailbox by any kind of id", async () => {
      const [, foreign] = putBoth();
      const id = foreign?.id ?? "";
      const inside = foreign?.attachments[0]?.id ?? "";
      const box = limited().mailbox(ann);
      const refusals = [
        ...(await all<unknown>(box.locate([{ itemId: id }]))),
        ...(await all<unknown>(box.get([id], {}))),
        ...(await all<unknown>(box.mime([id]))),
        ...(await all<unknown>(box.attachments([id]))),
        ...(await all<unknown>(box.attachmentContent([{ id: inside, kind: "file" }]))),
        ...(await all<unknown>(box.attachedMessages([{ id: inside, kind: "item" }]))),
        ...(await all<unknown>(box.deleteAttachments([inside]))),
        ...(await all<unknown>(box.copy([id], { folder: "inbox" }))),
        ...(await all<unknown>(box.move([id], { folder: "inbox" }))),
        ...(await all<unknown>(box.delete([id], "hard"))),
        ...(await all<unknown>(box.junk([id], { isJunk: true, move: true }))),
      ];
      expect(refusals.map((outcome) => (outcome.ok ? "through" : outcome.failure.code))).toEqual(refusals.map(() => "access-denied"));
      const folder = here.mailbox(ben).known("inbox").id;
      await expect(box.folder(folder)).rejects.toMatchObject({ code: "access-denied" });
      await expect(box.search({ filters: {}, folder, limit: 1 })).rejects.toMatchObject({ code: "access-denied" });
      expect(foreign?.attachments).toHaveLength(1);
    });

    test("opens a folder of the mailbox by its id", async () => {
      const folder = here.mailbox(ann).known("inbox").id;
      expect(await limited().mailbox(ann).folder(folder)).toMatchObject({ folderId: folder, path: "Inbox" });
    });
  });
});

async function all<T>(outcomes: AsyncIterable<Outcome<T>>): Promise<readonly Outcome<T>[]> {
  const found: Outcome<T>[] = [];
  for await (const outcome of outcomes) found.push(outcome);
  return found;
}

describe.each(["delegate", "impersonation"] as const)("a caller of one mailbox, over Exchange Web Services by %s,", (access) => {
  const [account, anna, team] = ["soc@example.com", "anna@example.com", "team@example.com"];
  let lab: Lab;
  let open: Exchange;
  beforeAll(async () => {
    lab = await startLab({ seed: false });
    lab.store.addUser({ address: account, roles: access === "impersonation" ? ["ApplicationImpersonation"] : [] });
    const reach = { fullAccess: access === "delegate" ? [account] : [], sendAs: [account] };
    lab.store.addUser({ address: anna, ...reach });
    lab.store.addUser({ address: "nosend@example.com", fullAccess: reach.fullAccess });
    // As Anna, too, it can be opened.
    lab.store.addUser({ address: team, fullAccess: [anna, ...reach.fullAccess] });
    lab.store.openArchive(mailboxOf(anna));
    lab.store.openPublicFolders();
    const authorization = `Basic ${Buffer.from(`${account}:${labPassword}`).toString("base64")}`;
    open = openEws({ url: lab.ewsUrl, access, authorize: async () => ({ authorization }) });
  });
  afterAll(async () => {
    await open.close();
    await lab.close();
  });
  let before = 0;
  /** Forgets the requests so far. */
  const begin = () => {
    before = lab.requests.length;
  };
  beforeEach(begin);

  function mailboxOf(address: string): LabMailbox {
    const found = lab.store.mailbox(address);
    if (found === undefined) throw new Error(`The lab has no ${address}.`);
    return found;
  }
  const put = (mailbox: LabMailbox, folder: LabFolder, subject = "Invoice") =>
    mailbox.add(folder, { subject, attachments: [{ kind: "file", name: "a.txt", contentType: "text/plain", content: Buffer.from("a") }] });
  const inboxOf = (address: string) => mailboxOf(address).known("inbox");
  /** Returns the items that the account can open but must not change, by name. */
  const others = (): Readonly<Record<string, LabItem>> => {
    const shared = lab.store.publicFolders;
    if (shared === undefined) throw new Error("The lab has no public folders.");
    const folder = shared.root.child("Security") ?? shared.createFolder(shared.root, "Security", "IPF.Note");
    return { "another mailbox": put(mailboxOf(team), inboxOf(team)), "a public folder": put(shared, folder) };
  };
  const operations = () => lab.requests.slice(before).map(({ operation }) => operation);
  const box = () => restrictToMailboxes(open, [anna]).mailbox(anna);

  test.each(["another mailbox", "a public folder"])("reaches nothing of %s by an id, which is not even sent", async (where) => {
    const item = others()[where];
    const free = await all(open.mailbox(anna).get([item?.id ?? ""], {}));
    // Else it would be no hole.
    expect(free).toMatchObject([{ ok: true }]);
    begin();
    const id = item?.id ?? "";
    const inside = item?.attachments[0]?.id ?? "";
    const refusals = [
      ...(await all<unknown>(box().locate([{ itemId: id }]))),
      ...(await all<unknown>(box().get([id], {}))),
      ...(await all<unknown>(box().mime([id]))),
      ...(await all<unknown>(box().attachments([id]))),
      ...(await all<unknown>(box().attachmentContent([{ id: inside, kind: "file" }]))),
      ...(await all<unknown>(box().deleteAttachments([inside]))),
      ...(await all<unknown>(box().copy([id], { folder: "inbox" }))),
      ...(await all<unknown>(box().move([id], { folder: "inbox" }))),
      ...(await all<unknown>(box().delete([id], "hard"))),
      ...(await all<unknown>(box().junk([id], { isJunk: true, move: true }))),
    ];
    expect(refusals.map((outcome) => (outcome.ok ? "through" : outcome.failure.code))).toEqual(refusals.map(() => "access-denied"));
    await expect(box().reply({ itemId: id, all: false, text: "Yes." })).rejects.toMatchObject({ code: "access-denied" });
    expect(operations().filter((operation) => operation !== "GetFolder")).toEqual([]);
    expect(item?.attachments).toHaveLength(1);
  });

  test("reads, keeps and deletes messages of the mailbox and its archive, for one extra request", async () => {
    const item = put(mailboxOf(anna), inboxOf(anna));
    const archive = lab.store.archiveOf(mailboxOf(anna));
    const archived = archive && put(archive, archive.root.child("Inbox") ?? archive.root, "Old");
    const handle = box();
    const ids = [item.id, archived?.id ?? ""];
    expect(await all(handle.get(ids, {}))).toMatchObject([
      { ok: true, value: { subject: "Invoice" } },
      { ok: true, value: { subject: "Old" } },
    ]);
    expect(operations()).toEqual(["GetFolder", "GetFolder", "GetItem"]);
    expect(await all(handle.deleteAttachments([item.attachments[0]?.id ?? ""]))).toMatchObject([{ ok: true }]);
    expect(await all(handle.delete([item.id], "trash"))).toMatchObject([{ ok: true }]);
    expect(operations().filter((operation) => operation === "GetFolder")).toHaveLength(2);
  });

  test("gets a refusal of an id that does not show its mailbox", async () => {
    const { id } = put(mailboxOf(anna), inboxOf(anna));
    const unclear = ["AAAtAEFkbWluaXN0cmF0b3JAZXhhbXBsZS5jb20ARgAAAAAA", "x", ` ${id}`, `${id.slice(0, 60)}\u00a0${id.slice(60)}`];
    expect((await all(box().get(unclear, {}))).map((outcome) => !outcome.ok && outcome.failure.code)).toEqual(
      unclear.map(() => "access-denied"),
    );
  });

  test("sends as the mailbox", async () => {
    await box().send({ to: [{ address: team }], subject: "From her", text: "Yes." });
    const found = [...inboxOf(team).items.values()].filter(({ subject }) => subject === "From her");
    expect(found.map(({ from, sender }) => [from?.address, sender?.address])).toEqual([[anna, anna]]);
  });

  test.runIf(access === "delegate")("may not send if the account would have to send as itself", async () => {
    const way = restrictToMailboxes(open, ["nosend@example.com"]).mailbox("nosend@example.com");
    await expect(way.send({ to: [{ address: team }], text: "No." })).rejects.toMatchObject({ code: "access-denied" });
  });
});

describe("on a server whose ids name no mailbox and which opens only the given one,", () => {
  let here: LabHost;
  beforeAll(async () => {
    here = await openLabHost({ habits: ["ids-without-mailbox"] });
    for (const address of [ann, ben]) here.lab.store.addUser({ address });
  });
  afterAll(() => here.close());

  test.each<[string, Action, Readonly<Record<string, unknown>>]>([
    ["delete-email", deleteEmail, {}],
    ["a dry run of delete-email", deleteEmail, { dry_run: true }],
    ["copy-email", copyEmail, { destination_folder: "archive" }],
    ["junk-mail", junkMail, {}],
    ["download-mail-as-eml", downloadMailAsEml, {}],
  ])("%s does not say of an id of another mailbox that its message is not there", async (_, action, input) => {
    const foreign = here.put(ben, { internetMessageId: "<foreign@example.net>" });
    const answer = await here.run(action, { mailbox: ann, item_id: foreign.id, ...input });
    expect(answer).toMatchObject({ success: false, results: [{ status: "failed", error: { code: "could-not-look" } }] });
    expect(JSON.stringify(answer)).toContain("nothing shows that it belongs to the mailbox ann.home@example.com");
  });

  test("a deletion that is repeated is already done, as the audit log shows", async () => {
    const item = here.put(ann, { internetMessageId: "<twice@example.net>" });
    await here.run(deleteEmail, { mailbox: ann, item_id: item.id });
    const again = await here.run(deleteEmail, { mailbox: ann, item_id: item.id });
    expect(again).toMatchObject({ success: true, results: [{ action: "already_gone", shown_by: "audit" }] });
  });
});
