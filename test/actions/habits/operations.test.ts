import { afterEach, describe, expect, test } from "vitest";
import { deleteEmail } from "../../../src/actions/delete-email.ts";
import { downloadMailAsEml } from "../../../src/actions/download-mail-as-eml.ts";
import { getOutOfOffice } from "../../../src/actions/get-out-of-office.ts";
import { getSearchableMailboxes } from "../../../src/actions/get-searchable-mailboxes.ts";
import { junkMail } from "../../../src/actions/junk-mail.ts";
import { searchEmailsExtended } from "../../../src/actions/search-emails-extended.ts";
import type { Action } from "../../../src/catalogue/action-definition.ts";
import { socAddress } from "../../../src/lab/seed/seed.ts";
import { type LabHost, openLabHost } from "../lab-host.ts";

let at: LabHost | undefined;
afterEach(async () => {
  await at?.close();
  at = undefined;
});
const open = async (...habits: string[]): Promise<LabHost> => {
  at = await openLabHost({ habits });
  return at;
};

describe("an operation that the server does not know is unsupported, with a hint at an alternative:", () => {
  test.each<[string, string, Action, Readonly<Record<string, unknown>>, string]>([
    ["the list of mailboxes", "GetSearchableMailboxes", getSearchableMailboxes, {}, "mailboxes"],
    ["a search in all mailboxes", "GetSearchableMailboxes", searchEmailsExtended, { mailboxes: "all", sender: "billing" }, "mailboxes"],
    ["marking as junk", "MarkAsJunk", junkMail, { mailbox: socAddress }, "delete-email"],
    ["the automatic replies", "GetUserOofSettings", getOutOfOffice, { mailbox: socAddress }, "does not support it"],
  ])("%s", async (_, operation, action, input, hint) => {
    const here = await open(`missing:${operation}`);
    const item = here.put(socAddress);
    const answer = await here.run(action, action === junkMail ? { ...input, item_id: item.id } : input);
    const text = JSON.stringify(answer);
    expect(answer).toMatchObject({ success: false });
    expect(text).toContain(`"code":"unsupported"`);
    expect(text).toContain(`This server does not know the operation ${operation}.`);
    expect(text).toContain(hint);
    expect(here.asked(operation)).toBe(1);
  });

  test("a search in given mailboxes does not need the list", async () => {
    const here = await open("missing:GetSearchableMailboxes");
    here.put(socAddress, { subject: "Invoice of today" });
    const answer = await here.run(searchEmailsExtended, { mailboxes: [socAddress], subject: "Invoice of today" });
    expect(answer).toMatchObject({ success: true, items: [{ subject: "Invoice of today" }] });
  });
});

describe("a code of the server is reported with its meaning:", () => {
  test("ErrorInvalidId means an id that the server refuses, not a deleted message", async () => {
    const here = await open();
    const item = here.put(socAddress);
    for (const action of [deleteEmail, downloadMailAsEml]) {
      here.lab.addFault({ kind: "item-error", operation: "GetItem", code: "ErrorInvalidId" });
      const answer = await here.run(action, { mailbox: socAddress, item_id: item.id });
      expect(answer).toMatchObject({ success: false, results: [{ status: "failed", error: { code: "invalid-input" } }] });
      expect(JSON.stringify(answer)).toContain("internet_message_id");
    }
    expect(here.mailbox(socAddress).item(item.id)?.folder.distinguishedName).toBe("inbox");
  });

  test("ErrorCannotFindUser means a missing mailbox", async () => {
    const here = await open();
    here.lab.addFault({ kind: "item-error", operation: "GetItem", code: "ErrorCannotFindUser" });
    const answer = await here.run(downloadMailAsEml, { mailbox: socAddress, item_id: here.put(socAddress).id });
    expect(answer).toMatchObject({ results: [{ error: { code: "mailbox-not-found" } }] });
  });
});
