import { describe, expect, onTestFinished, test } from "vitest";
import { copyEmail } from "../../../src/actions/copy-email.ts";
import { deleteEmail } from "../../../src/actions/delete-email.ts";
import { sendEmail } from "../../../src/actions/send-email.ts";
import type { LabOptions } from "../../../src/lab/lab.ts";
import { openLabHost } from "../lab-host.ts";

const who = "user01@example.com";
const id = "<refused@example.net>";

async function open(options: LabOptions = {}) {
  const at = await openLabHost({ ...options, habits: ["refuses-restrictions", ...(options.habits ?? [])] });
  onTestFinished(() => at.close());
  return at;
}

describe("a server that refuses every restriction", () => {
  test("gets a message with a lost reply once, and the copy is found", async () => {
    const at = await open();
    const sent = at.mailbox(who).known("sentitems");
    const before = sent.items.size;
    at.lab.addFault({ kind: "reset-after", operation: "SendItem" });
    const answer = await at.run(sendEmail, { mailbox: who, to: ["user02@example.com"], subject: "Once", body_text: "Yes." });
    expect(answer).toMatchObject({ success: true });
    expect(sent.items.size).toBe(before + 1);
    expect(at.asked("SendItem")).toBe(1);
  }, 60_000);

  test("keeps one draft after a lost reply, because the draft is found", async () => {
    const at = await open();
    at.lab.addFault({ kind: "reset-after", operation: "CreateItem" });
    const answer = await at.run(sendEmail, { mailbox: who, to: ["user02@example.com"], subject: "Once", body_text: "Yes." });
    expect(answer).toMatchObject({ success: true });
    expect(at.asked("CreateItem")).toBe(1);
    expect([...at.mailbox(who).known("drafts").items.values()].filter(({ subject }) => subject === "Once")).toEqual([]);
  }, 60_000);

  test("still lets the new id of a copy in a public folder be found", async () => {
    const at = await open();
    const item = at.put(who, { internetMessageId: id });
    const answer = await at.run(copyEmail, { mailbox: who, item_id: item.id, destination_folder: "Notices", is_public_folder: true });
    const copies = [...(at.lab.store.publicFolders?.folderAt(["Notices"])?.items.values() ?? [])];
    const copy = copies.find((one) => one.internetMessageId === id);
    expect(copy).toBeDefined();
    expect(answer.results).toMatchObject([{ status: "done", new_item_id: copy?.id }]);
  }, 60_000);

  test("still lets a moved message be found whose new id it did not return", async () => {
    const at = await open({ habits: ["no-new-ids"] });
    at.put(who, { internetMessageId: id });
    const answer = await at.run(deleteEmail, { mailbox: who, internet_message_id: id, delete_type: "trash" });
    const moved = [...at.mailbox(who).known("deleteditems").items.values()].find((one) => one.internetMessageId === id);
    expect(answer.results).toMatchObject([{ status: "done", verified: true, undo: { item_id: moved?.id } }]);
  }, 60_000);
});
