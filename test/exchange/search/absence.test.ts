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
import { type Answer, exitCodeOf } from "../../../src/catalogue/answer-envelope.ts";
import { requestedPlaces, type SearchExtent, searchExtentOf } from "../../../src/exchange/search/absence.ts";
import { failures } from "../../../src/failure.ts";
import { backends, type LabHost, openLabHost } from "../../actions/lab-host.ts";

// What was reported: an account without rights, an archive, public folders, the Recoverable Items, an id of another mailbox, a mailbox without a root,
// each "already gone", success, exit code 0, while the message lay where it was.

const who = "user01@example.com";
const bystander = "user02@example.com";
const withArchive = "legal@example.com";

test.each<[Partial<SearchExtent>, string]>([
  [{}, "in 14 folders of hr@example.com"],
  [{ folders: 1 }, "in 1 folder of hr@example.com"],
  [
    { places: ["mailbox", "recoverable_items_deletions"], folders: 15 },
    "in 15 folders of hr@example.com, the Deletions of the Recoverable Items among them",
  ],
  [
    { places: ["mailbox", "recoverable_items_deletions", "archive"], folders: 30 },
    "in 30 folders of hr@example.com, the Deletions of the Recoverable Items and those of the archive among them",
  ],
  [{ places: ["folder"], folders: 1, folder: "Inbox/Reports" }, "in the folder Inbox/Reports of hr@example.com"],
  [{ places: ["attachments"], folders: 0 }, "among the attachments of the messages in hr@example.com"],
])("%j is said as %j", (where, text) => {
  expect(searchExtentOf({ mailbox: "hr@example.com", folders: 14, places: ["mailbox"], ...where })).toBe(text);
});

/** Every action on messages that a caller names, with what it needs besides. */
const actions = [
  [deleteEmail, {}],
  [downloadMailAsEml, {}],
  [getAttachments, {}],
  [junkMail, {}],
  [deleteAttachments, { all: true }],
  [copyEmail, { destination_folder: "drafts" }],
  [replyToEmail, { body_text: "Thank you." }],
] as const;

/** Of the only message, or of the call where it failed before any was looked for: copy-email asks for its destination first. */
function codeOf({ error, results = [] }: Answer): string | undefined {
  return error?.code ?? results[0]?.error?.code;
}

test.each([
  ["recoverableitemsdeletions", "recoverable_items_deletions"],
  ["Recoverable Items/Deletions", "recoverable_items_deletions"],
  ["recoverableitemspurges", "folder"],
  ["Recoverable Items/Purges", "folder"],
  ["recoverableitemsroot", "folder"],
])("the folder %s is the place %s", (folder, place) => {
  expect(requestedPlaces({ folder }).places).toEqual([place]);
});

describe.each(backends)("over %s", (backend) => {
  let at: LabHost;
  beforeAll(async () => {
    at = await openLabHost({}, backend);
  });
  afterAll(() => at.close());
  beforeEach(() => at.lab.clearFaults());

  test.each(actions)("$name reports where it searched for a Message-ID that does not exist", async (action, more) => {
    const answer = await at.run(action, { mailbox: who, internet_message_id: "<nowhere@example.net>", ...more });
    expect(answer.results).toMatchObject([
      { status: "not_found", looked: { mailbox: who, folders: expect.any(Number), places: ["mailbox"], by: "internet_message_id" } },
    ]);
    expect(answer.message).toMatch(/not found in \d+ folders of user01@example\.com\.$/);
  });

  test.each(actions)("$name does not accept an id of another mailbox", async (action, more) => {
    const item = at.put(bystander);
    const answer = await at.run(action, { mailbox: who, item_id: at.idOf(item), ...more });
    expect(answer).toMatchObject({ success: false, counts: { failed: 1, not_found: 0 } });
    expect(exitCodeOf(answer)).not.toBe(0);
    expect(item.folder.distinguishedName).toBe("inbox");
  });

  // "Default folder Root not found": a mailbox that is moved, not provisioned, or not for us.
  test.each(actions)("$name does not report absence for a mailbox without a root", async (action, more) => {
    const item = at.put(who);
    const listing = backend === "ews" ? "FindFolder" : "user-list-mailfolders";
    at.lab.addFault({ kind: "item-error", operation: listing, code: "ErrorItemNotFound", times: 99 });
    const byMessageId = await at.run(action, { mailbox: who, internet_message_id: item.internetMessageId ?? "", ...more });
    expect([codeOf(byMessageId), byMessageId.success, exitCodeOf(byMessageId)]).toEqual([
      "could-not-look",
      false,
      failures["could-not-look"].exit,
    ]);
    const gone = at.put(who);
    at.mailbox(who).remove(gone);
    const byId = await at.run(action, { mailbox: who, item_id: at.idOf(gone), ...more });
    expect([codeOf(byId), byId.success, exitCodeOf(byId)]).toEqual(["could-not-look", false, failures["could-not-look"].exit]);
  });

  test("a hard deletion after a soft one finds the message among the Recoverable Items, by folder or without, and it is gone then", async () => {
    for (const [number, where] of [{ folder: "recoverableitemsdeletions" }, { folder: "Recoverable Items/Deletions" }, {}].entries()) {
      if (backend === "graph" && number === 1) continue;
      const id = `<twice-${number}@example.net>`;
      at.put(who, { internetMessageId: id });
      expect(await at.run(deleteEmail, { mailbox: who, internet_message_id: id })).toMatchObject({ success: true });
      const hard = { mailbox: who, internet_message_id: id, delete_type: "hard", confirm_hard: true, ...where };
      const answer = await at.run(deleteEmail, hard);
      expect([where, answer.results]).toMatchObject([
        where,
        [{ status: "done", action: "hard_deleted", recoverable: false, verified: true }],
      ]);
      const left = [...at.mailbox(who).items()].filter(({ internetMessageId }) => internetMessageId === id);
      expect(left.map(({ folder }) => folder.distinguishedName)).toEqual(["recoverableitemspurges"]);
      // It lies in Purges, which only Exchange Web Services open: the answer may not speak of all the Recoverable Items.
      const again = await at.run(deleteEmail, hard);
      const searched = "folder" in where ? [] : backend === "ews" ? ["deletions", "purges"] : ["deletions"];
      const inPurges = searched.includes("purges");
      expect(again.results).toMatchObject([
        {
          ...{ status: "not_found", action: "already_gone", shown_by: inPurges ? "recoverable_items" : "audit" },
          recoverable_items: { searched, not_searched: ["deletions", "purges", "versions"].filter((name) => !searched.includes(name)) },
        },
      ]);
      if (inPurges) expect(again.results).toMatchObject([{ recoverable: false, new_item_id: at.idOf(left[0]) }]);
      const places = again.results?.[0]?.looked?.places;
      expect(places).toEqual("folder" in where ? ["recoverable_items_deletions"] : ["mailbox", "recoverable_items_deletions"]);
      if ("folder" in where) continue;
      expect(again.message).toBe("1 message already deleted.");
      const never = await at.run(deleteEmail, { ...hard, internet_message_id: "<never@example.net>" });
      expect(never.message).toContain("the Deletions of the Recoverable Items among them");
    }
  });

  test("a message in the Recoverable Items is already gone, with its id there", async () => {
    const id = "<shown@example.net>";
    at.put(who, { internetMessageId: id });
    const [first] = (await at.run(deleteEmail, { mailbox: who, internet_message_id: id })).results ?? [];
    const answer = await at.run(deleteEmail, { mailbox: who, internet_message_id: [id, "<never@example.net>"] });
    expect(answer).toMatchObject({ success: true, counts: { requested: 2, not_found: 2 } });
    expect(answer.results).toMatchObject([
      { status: "not_found", action: "already_gone", shown_by: "recoverable_items", recoverable: true, new_item_id: first?.new_item_id },
      { status: "not_found", action: "not_found" },
    ]);
    expect(answer.results?.[1]).not.toHaveProperty("shown_by");
    // The sentence does not say of the one what is true of the other.
    expect(answer.message).toMatch(/^1 of 2 messages already deleted; 1 not found in \d+ folders of user01@example\.com\.$/);
    const alone = await at.run(deleteEmail, { mailbox: who, internet_message_id: id });
    expect(alone).toMatchObject({ success: true, message: "1 message already deleted.", counts: { not_found: 1 } });
  });

  test("a dry run by id names the folder of a message, also in the Recoverable Items", async () => {
    const item = at.put(who, {}, "inbox/Sorted");
    const gone = at.put(who, {}, "recoverableitemsdeletions");
    const asked = { mailbox: who, item_id: [at.idOf(item), at.idOf(gone)], delete_type: "hard", dry_run: true };
    const [visible, recoverable] = (await at.run(deleteEmail, asked)).results ?? [];
    expect(visible?.folder_path).toBe("Inbox/Sorted");
    expect(recoverable?.folder_path).toMatch(/Deletions$/);
  });

  test("a soft deletion reports not found if the Recoverable Items cannot be searched, and a hard one could-not-look", async () => {
    const closed = backend === "ews" ? { operation: "FindItem", item: 99 } : { operation: "mailfolder-list-messages" };
    const asked = { mailbox: who, internet_message_id: "<hidden@example.net>" };
    const folders = (await at.run(deleteEmail, asked)).results?.[0]?.looked?.folders ?? 0;
    // The last folder of the search.
    at.lab.addFault({
      kind: "item-error",
      code: "ErrorAccessDenied",
      times: 99,
      ...closed,
      ...(backend === "ews" ? { item: folders + 1 } : {}),
    });
    const hard = await at.run(deleteEmail, { ...asked, delete_type: "hard", confirm_hard: true });
    expect(hard).toMatchObject({
      success: false,
      results: [{ status: "failed", error: { code: "could-not-look", wire_code: "ErrorAccessDenied" } }],
    });
    at.lab.clearFaults();
    if (backend === "ews") at.lab.addFault({ kind: "item-error", operation: "FindItem", nth: 2, code: "ErrorAccessDenied" });
    else at.lab.addFault({ kind: "item-error", operation: "mailfolder-list-messages", code: "ErrorAccessDenied" });
    expect((await at.run(deleteEmail, asked)).results).toMatchObject([{ status: "not_found", action: "not_found" }]);
  });

  test("a message to be moved to Deleted Items that is already there is verified", async () => {
    const item = at.put(who, {}, "deleteditems");
    const answer = await at.run(deleteEmail, { mailbox: who, item_id: at.idOf(item), delete_type: "trash" });
    expect(answer).toMatchObject({ message: "1 message already deleted.", results: [{ action: "already_gone", verified: true }] });
  });
});

describe("over ews", () => {
  let at: LabHost;
  beforeAll(async () => {
    at = await openLabHost({}, "ews");
  });
  afterAll(() => at.close());
  beforeEach(() => at.lab.clearFaults());

  test.each(actions)("$name by an account without rights in the mailbox is a failure, by id and by Message-ID", async (action, more) => {
    const item = at.put(who);
    const gone = at.put(who);
    at.mailbox(who).remove(gone);
    for (const name of [
      { item_id: item.id },
      { item_id: gone.id },
      { internet_message_id: item.internetMessageId ?? "" },
      { internet_message_id: "<nowhere@example.net>" },
    ]) {
      const answer = await at.run(action, { mailbox: who, access: "delegate", ...name, ...more });
      expect([codeOf(answer), answer.success, exitCodeOf(answer)]).toEqual(["could-not-look", false, failures["could-not-look"].exit]);
    }
    expect(item.folder.distinguishedName).toBe("inbox");
  });

  test("contacts and a search of a mailbox closed to the account are failures, not empty lists", async () => {
    for (const action of [getContacts, searchEmailsExtended]) {
      const answer = await at.run(action, { mailbox: who, access: "delegate" });
      expect([action.name, answer.success, codeOf(answer)]).toEqual([action.name, false, "could-not-look"]);
    }
  });

  function inArchive(id: string) {
    const owner = at.mailbox(withArchive);
    const archive = at.lab.store.openArchive(owner);
    return archive.add(archive.known("inbox").child("Contracts") ?? archive.known("inbox"), { internetMessageId: id, subject: "Contract" });
  }

  function inPublic(id: string) {
    const shared = at.lab.store.openPublicFolders();
    const notices = shared.root.child("Notices");
    if (notices === undefined) throw new Error("the lab has no public folder Notices");
    return shared.add(notices, { internetMessageId: id, subject: "Notice" });
  }

  test.each(["hard", "soft"])(
    "a message of the archive is found in the given folder, by id or Message-ID, and deleted there (%s)",
    async (type) => {
      for (const by of ["item_id", "internet_message_id"]) {
        const item = inArchive(`<archived-${type}-${by}@example.net>`);
        const name = by === "item_id" ? { item_id: item.id } : { internet_message_id: item.internetMessageId };
        const asked = { mailbox: withArchive, folder: "archive:Inbox/Contracts", delete_type: type, confirm_hard: true, ...name };
        const answer = await at.run(deleteEmail, asked);
        expect([by, answer.results]).toMatchObject([by, [{ status: "done", verified: true }]]);
        expect(item.folder.items.has(item.id)).toBe(false);
        const again = await at.run(deleteEmail, asked);
        expect(again.results).toMatchObject([
          { status: "not_found", looked: { places: ["archive"], folder: "archive:Inbox/Contracts", folders: 1 } },
        ]);
        expect(again.results).toMatchObject([{ action: "already_gone", shown_by: "audit" }]);
        expect(again.message).toBe("1 message already deleted.");
        const never = await at.run(deleteEmail, { ...asked, item_id: undefined, internet_message_id: "<never@example.net>" });
        expect(never.message).toBe(`1 message not found in the folder archive:Inbox/Contracts of ${withArchive}.`);
      }
    },
  );

  test("a message of a public folder is found in the given folder, by id or Message-ID, and deleted there", async () => {
    for (const by of ["item_id", "internet_message_id"]) {
      const item = inPublic(`<public-${by}@example.net>`);
      const name = by === "item_id" ? { item_id: item.id } : { internet_message_id: item.internetMessageId };
      const asked = { mailbox: who, folder: "public:Notices", delete_type: "hard", confirm_hard: true, ...name };
      expect([by, (await at.run(deleteEmail, asked)).results]).toMatchObject([by, [{ status: "done", verified: true }]]);
      expect(item.folder.items.has(item.id)).toBe(false);
      expect((await at.run(deleteEmail, asked)).results).toMatchObject([{ status: "not_found", looked: { places: ["public_folders"] } }]);
    }
  });

  test("without a folder the archive is not searched, and the answer names the places searched", async () => {
    const item = inArchive("<not-meant@example.net>");
    const answer = await at.run(deleteEmail, { mailbox: withArchive, internet_message_id: "<not-meant@example.net>" });
    expect(answer.results).toMatchObject([{ status: "not_found", action: "not_found", looked: { places: ["mailbox"] } }]);
    expect(item.folder.items.has(item.id)).toBe(true);
  });

  test("an unknown id of an archive that was not requested is a failure, since the archive was not searched", async () => {
    const item = inArchive("<dead-archived@example.net>");
    item.folder.mailbox.remove(item);
    const answer = await at.run(deleteEmail, { mailbox: withArchive, item_id: item.id });
    expect([codeOf(answer), answer.success]).toEqual(["could-not-look", false]);
  });

  test("an unknown id of a public folder is searched in the folder that it names, and the audit log has earlier deletions there", async () => {
    const [dead, deleted] = [inPublic("<dead-public@example.net>"), inPublic("<deleted-public@example.net>")];
    dead.folder.mailbox.remove(dead);
    const hard = { mailbox: who, item_id: deleted.id, delete_type: "hard", confirm_hard: true };
    expect(await at.run(deleteEmail, hard)).toMatchObject({ success: true, results: [{ status: "done", folder_path: "public:Notices" }] });
    const answer = await at.run(deleteEmail, { mailbox: who, item_id: [dead.id, deleted.id] });
    expect(answer).toMatchObject({ success: true });
    const looked = { places: ["public_folders"], folder: "public:Notices", folders: 1, by: "item_id" };
    expect(answer.results).toMatchObject([
      { status: "not_found", action: "not_found", looked },
      { status: "not_found", action: "already_gone", shown_by: "audit", looked },
    ]);
  });

  test("an unknown id of a public folder that cannot be opened is a failure", async () => {
    const item = inPublic("<closed-public@example.net>");
    item.folder.mailbox.remove(item);
    at.lab.addFault({ kind: "item-error", operation: "FindItem", code: "ErrorAccessDenied", times: 9 });
    const answer = await at.run(deleteEmail, { mailbox: who, item_id: item.id });
    expect([codeOf(answer), answer.success]).toEqual(["could-not-look", false]);
  });

  test.each(["trash", "soft"])("a message of a public folder is reported as such, with its mailbox after a deletion (%s)", async (type) => {
    for (const more of [{}, { folder: "public:Notices" }]) {
      const item = inPublic(`<mine-${type}@example.net>`);
      const asked = { mailbox: who, item_id: item.id, delete_type: type, ...more };
      expect((await at.run(deleteEmail, { ...asked, dry_run: true })).results).toMatchObject([{ folder_path: "public:Notices" }]);
      const [row] = (await at.run(deleteEmail, asked)).results ?? [];
      expect(row).toMatchObject({ folder_path: "public:Notices", note: expect.stringContaining(`of ${who} now`) });
    }
  });

  test("a search of a public folder returns the path of each message", async () => {
    inPublic("<pathed@example.net>");
    const answer = await at.run(searchEmailsExtended, {
      mailbox: who,
      folder: "public:Notices",
      internet_message_id: "<pathed@example.net>",
    });
    expect(answer.items).toMatchObject([{ folder_path: "public:Notices" }]);
  });

  test("a copy in a public folder is not reported in a mailbox", async () => {
    const item = at.put(who);
    const answer = await at.run(copyEmail, { mailbox: who, item_id: item.id, destination_folder: "Notices", is_public_folder: true });
    expect(answer.results).toMatchObject([{ status: "done", action: "copied", destination_folder: "public:Notices" }]);
    expect(answer.results?.[0]).not.toHaveProperty("destination_mailbox");
  });

  test("a dry run by id names the archive folder of a message", async () => {
    const item = inArchive("<where-archived@example.net>");
    const answer = await at.run(deleteEmail, { mailbox: withArchive, item_id: item.id, dry_run: true });
    expect(answer.results).toMatchObject([{ status: "planned", folder_path: "archive:Inbox/Contracts" }]);
  });
});
