import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { deleteEmail } from "../../../src/actions/delete-email.ts";
import { searchEmailsExtended } from "../../../src/actions/search-emails-extended.ts";
import { backends, type LabHost, openLabHost } from "../lab-host.ts";

const ann = "ann@example.com";
const id = "<hidden.1@mailer.example.net>";

describe.each(backends)("a message in a hidden folder over %s", (backend) => {
  let at: LabHost;
  beforeEach(async () => {
    at = await openLabHost({ seed: false }, backend);
    at.lab.store.addUser({ address: "soc@example.com", password: "lab-password", roles: ["ApplicationImpersonation"] });
    at.lab.store.addUser({ address: ann });
  });
  afterEach(() => at.close());
  /** At the top, or below a folder that people see. */
  const hide = (above: "root" | "inbox") => {
    const box = at.mailbox(ann);
    const folder = box.createFolder(above === "root" ? box.root : box.known(above), "Cache", "IPF.Note", { isHidden: true });
    return box.add(folder, { internetMessageId: id, subject: "Wire transfer", from: { name: "M", address: "m@example.net" } });
  };

  test.each([
    ["root", "Cache"],
    ["inbox", "Inbox/Cache"],
  ] as const)("below %s is found by a search, with the path of the folder", async (above, path) => {
    hide(above);
    const all = await at.run(searchEmailsExtended, { mailbox: ann });
    expect(all).toMatchObject({ success: true, items: [{ subject: "Wire transfer", folder_path: path }] });
    const within = await at.run(searchEmailsExtended, { mailbox: ann, folder: path.split("/")[0], subject: "transfer" });
    expect(within).toMatchObject({ success: true, items: [{ folder_path: path }] });
  });

  test("is found by its Message-ID and deleted", async () => {
    hide("inbox");
    const deleted = await at.run(deleteEmail, { mailbox: ann, internet_message_id: [id], confirm: true });
    expect(deleted).toMatchObject({ success: true, results: [{ status: "done", verified: true }] });
    expect([...at.mailbox(ann).known("recoverableitemsdeletions").items.values()].map(({ subject }) => subject)).toEqual(["Wire transfer"]);
  });

  // Over EWS each folder is searched separately: a folder created later is like a message that arrives later.
  test.skipIf(backend === "ews")(
    "is found in a folder that was made after the folders were listed (the list of a whole mailbox is Graph's)",
    async () => {
      const deleted = at.run(deleteEmail, { mailbox: ann, internet_message_id: [id], dry_run: true });
      while (at.asked("user-list-mailfolders") === 0) await new Promise((resolve) => setImmediate(resolve));
      hide("inbox");
      expect(await deleted).toMatchObject({ results: [{ status: "planned" }] });
    },
  );
});
