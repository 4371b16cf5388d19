import { expect, test } from "vitest";
import { delivered, distinguished, folderOf, getItem, idAlone, itemId, itemsIn, labForEach, mailboxOf } from "../item-calls.ts";
import { anna, ben, call, outcomes } from "../soap-client.ts";

const lab = labForEach();
const send = (ids: string, saves = true, folder?: string): string =>
  `<m:SendItem SaveItemToFolder="${saves}"><m:ItemIds>${ids}</m:ItemIds>` +
  `${folder === undefined ? "" : `<m:SavedItemFolderId>${folder}</m:SavedItemFolderId>`}</m:SendItem>`;
const draft = (more: object = {}) =>
  mailboxOf(lab()).add(folderOf(lab(), "drafts"), { subject: "draft", isDraft: true, to: [{ address: ben }], ...more });

test("a sent message is in Sent Items under a new id, and the draft's id is dead", async () => {
  const item = draft();
  expect(outcomes(await call(lab(), send(itemId(item))))).toEqual(["Success NoError"]);
  const [copy] = itemsIn(lab(), "sentitems");
  expect(copy).toMatchObject({ subject: "draft", isDraft: false });
  expect(copy?.id).not.toBe(item.id);
  expect(outcomes(await call(lab(), getItem(idAlone(item.id))))).toEqual(["Error ErrorItemNotFound"]);
  expect(itemsIn(lab(), "inbox", ben)[0]?.internetMessageId).toBe(copy?.internetMessageId);
});

test("without a copy nothing is left of the draft", async () => {
  await call(lab(), send(itemId(draft()), false));
  expect([itemsIn(lab(), "drafts").length, itemsIn(lab(), "sentitems").length, itemsIn(lab(), "inbox", ben).length]).toEqual([0, 0, 1]);
});

test("the copy goes to the folder that is named", async () => {
  await call(lab(), send(itemId(draft()), true, distinguished("deleteditems")));
  expect(itemsIn(lab(), "deleteditems")).toHaveLength(1);
});

test("a folder for a copy that is not wanted is refused", async () => {
  const received = await call(lab(), send(itemId(draft()), false, distinguished("sentitems")));
  expect(outcomes(received)).toEqual(["Error ErrorInvalidSendItemSaveSettings"]);
  expect(itemsIn(lab(), "inbox", ben)).toHaveLength(0);
});

test("the change key must be given and current", async () => {
  const item = draft();
  const stale = itemId(item);
  mailboxOf(lab()).update(item, { subject: "changed" });
  const received = await call(lab(), send(idAlone(item.id) + stale));
  expect(outcomes(received)).toEqual(["Error ErrorChangeKeyRequiredForWriteOperations", "Error ErrorStaleObject"]);
  expect(itemsIn(lab(), "drafts")).toHaveLength(1);
});

test("a draft that may not be sent stays where it is", async () => {
  const forged = draft({ from: { address: ben }, to: [{ address: anna }] });
  const empty = draft({ to: [] });
  const received = await call(lab(), send(itemId(forged) + itemId(empty)));
  expect(outcomes(received)).toEqual(["Error ErrorSendAsDenied", "Error ErrorInvalidRecipients"]);
  expect(itemsIn(lab(), "drafts").map(({ id }) => id)).toEqual([forged.id, empty.id]);
});

test("a received message, and an item other than a message, cannot be sent", async () => {
  const received = delivered(lab(), "Subject: s\n\nt");
  const contact = mailboxOf(lab()).add(folderOf(lab(), "contacts"), { itemClass: "IPM.Contact" });
  expect(outcomes(await call(lab(), send(itemId(received) + itemId(contact))))).toEqual([
    "Error ErrorInvalidItemForOperationSendItem",
    "Error ErrorInvalidItemForOperationSendItem",
  ]);
});

test.each([
  ["may open a mailbox but not send as it", {}, "Error ErrorSendAsDenied", 1],
  ["may also send as it", { sendAs: [anna] }, "Success NoError", 0],
])("an account that %s gets the matching reply", async (_, rights, outcome, left) => {
  lab().store.addUser({ address: "team@example.com", displayName: "Team", fullAccess: [anna], ...rights });
  const team = mailboxOf(lab(), "team@example.com");
  const item = team.add(team.known("drafts"), { subject: "from the team", isDraft: true, to: [{ address: ben }] });
  expect(outcomes(await call(lab(), send(itemId(item))))).toEqual([outcome]);
  expect(team.known("drafts").items.size).toBe(left);
  expect(itemsIn(lab(), "inbox", ben).map(({ from }) => from?.address)).toEqual(left === 0 ? ["team@example.com"] : []);
});
