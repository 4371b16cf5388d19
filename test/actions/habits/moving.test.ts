import { describe, expect, onTestFinished, test } from "vitest";
import { copyEmail } from "../../../src/actions/copy-email.ts";
import { deleteEmail } from "../../../src/actions/delete-email.ts";
import { junkMail } from "../../../src/actions/junk-mail.ts";
import type { LabOptions } from "../../../src/lab/lab.ts";
import { openLabHost } from "../lab-host.ts";

const who = "user01@example.com";
const id = "<moved@example.net>";

async function open(options: LabOptions = {}) {
  const at = await openLabHost(options);
  onTestFinished(() => at.close());
  const copies = (folder: string) =>
    [...at.mailbox(who).known(folder).items.values()].filter(({ internetMessageId }) => internetMessageId === id);
  return { at, copies };
}

const ways = [
  {
    title: "delete-email to the trash",
    action: deleteEmail,
    input: { delete_type: "trash" },
    folder: "deleteditems",
    operation: "MoveItem",
  },
  { title: "delete-email", action: deleteEmail, input: {}, folder: "recoverableitemsdeletions", operation: "MoveItem" },
  { title: "junk-mail", action: junkMail, input: { is_junk: true, move: true }, folder: "junkemail", operation: "MarkAsJunk" },
] as const;

describe.each(ways)("over EWS, $title", ({ action, input, folder, operation }) => {
  test.each(["reset-after", "error-after", "redirect-after"] as const)(
    "whose reply was lost (%s) is decided by one search, with its undo",
    async (kind) => {
      const { at, copies } = await open();
      const item = at.put(who, { internetMessageId: id });
      at.lab.addFault({ kind, operation });
      const answer = await at.run(action, { mailbox: who, item_id: item.id, ...input });
      expect(answer.results).toMatchObject([
        { status: "done", verified: true, new_item_id: copies(folder)[0]?.id, undo: { item_id: copies(folder)[0]?.id } },
      ]);
      expect([copies(folder).length, copies("inbox").length, at.asked(operation)]).toEqual([1, 0, 1]);
    },
  );

  test("that was lost before the server made it is not done, and the answer reports the findings", async () => {
    const { at, copies } = await open();
    const item = at.put(who, { internetMessageId: id });
    at.lab.addFault({ kind: "reset-before", operation });
    const answer = await at.run(action, { mailbox: who, item_id: item.id, ...input });
    expect(answer.results).toMatchObject([
      { status: "failed", error: { code: "unknown-outcome", message: expect.stringContaining("found it in its former folder") } },
    ]);
    expect(copies("inbox")).toHaveLength(1);
  });
});

describe.each(ways.filter(({ operation }) => operation === "MoveItem"))(
  "on a server that returns no new ids, $title",
  ({ action, input, folder }) => {
    test("finds the new ids and returns an undo", async () => {
      const { at, copies } = await open({ habits: ["no-new-ids"] });
      const item = at.put(who, { internetMessageId: id });
      const answer = await at.run(action, { mailbox: who, internet_message_id: id, ...input });
      expect(answer.results).toMatchObject([
        { status: "done", verified: true, undo: { item_id: copies(folder)[0]?.id, to: item.folder.id } },
      ]);
    });

    test("does not mistake an older copy in the folder for the message", async () => {
      const { at, copies } = await open({ habits: ["no-new-ids"] });
      const old = at.put(who, { internetMessageId: id }, folder);
      const item = at.put(who, { internetMessageId: id });
      const answer = await at.run(action, { mailbox: who, item_id: item.id, ...input });
      const undo = answer.results?.[0]?.undo;
      expect(copies(folder)).toHaveLength(2);
      expect(undo).not.toMatchObject({ item_id: old.id });
    });
  },
);

test("on a server that returns no new ids, copy-email finds the copy within the mailbox", async () => {
  const { at, copies } = await open({ habits: ["no-new-ids"] });
  const item = at.put(who, { internetMessageId: id });
  const answer = await at.run(copyEmail, { mailbox: who, item_id: item.id, destination_folder: "archive" });
  expect(answer.results).toMatchObject([{ status: "done", verified: true, new_item_id: copies("archive")[0]?.id }]);
});
