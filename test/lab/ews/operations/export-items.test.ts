import { afterAll, beforeAll, expect, test } from "vitest";
import type { Lab } from "../../../../src/lab/lab.ts";
import { anna, call, expectValidReplies, outcomes, startSmallLab } from "../soap-client.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startSmallLab();
});
afterAll(async () => {
  await expectValidReplies(lab);
  await lab.close();
});

test("one item that is gone does not keep the others from being exported, in order", async () => {
  const mailbox = lab.store.mailbox(anna);
  if (!mailbox) throw new Error("no mailbox");
  const items = ["One", "Two", "Three"].map((subject) => mailbox.add(mailbox.known("inbox"), { subject }));
  if (items[1]) mailbox.remove(items[1]);
  const ids = items.map(({ id }) => `<t:ItemId Id="${id}"/>`).join("");
  const received = await call(lab, `<m:ExportItems><m:ItemIds>${ids}</m:ItemIds></m:ExportItems>`);
  expect(outcomes(received)).toEqual(["Success NoError", "Error ErrorItemNotFound", "Success NoError"]);
  const exported = received
    .xml()
    .child("ResponseMessages")
    ?.children.map((message) => message.child("ItemId")?.attributes.get("Id"));
  expect(exported).toEqual([items[0]?.id, undefined, items[2]?.id]);
});
