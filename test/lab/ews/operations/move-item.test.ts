import { expect, test } from "vitest";
import {
  delivered,
  distinguished,
  folderOf,
  getItem,
  idAlone,
  itemId,
  items,
  itemsIn,
  labForEach,
  mailboxOf,
  messages,
  onlyItem,
} from "../item-calls.ts";
import { anna, ben, call, outcomes, startSmallLab } from "../soap-client.ts";

const lab = labForEach();
const move = (ids: string, folder = distinguished("junkemail"), more = ""): string =>
  `<m:MoveItem><m:ToFolderId>${folder}</m:ToFolderId><m:ItemIds>${ids}</m:ItemIds>${more}</m:MoveItem>`;
const mail = (address = anna) => delivered(lab(), "Subject: s\n\nt", address);

test.each(["", "<m:ReturnNewItemIds>true</m:ReturnNewItemIds>", "<m:ReturnNewItemIds>false</m:ReturnNewItemIds>"])(
  "the new id is given with '%s', and the old one is dead",
  async (more) => {
    const item = mail();
    const received = await call(lab(), move(itemId(item), undefined, more));
    const [moved] = itemsIn(lab(), "junkemail");
    expect(onlyItem(received).child("ItemId")?.attributes.get("Id")).toBe(moved?.id);
    expect(moved?.id).not.toBe(item.id);
    expect(outcomes(await call(lab(), getItem(idAlone(item.id))))).toEqual(["Error ErrorItemNotFound"]);
  },
);

test("each id has its own answer, in order", async () => {
  const [first, second] = [mail(), mail()];
  const received = await call(lab(), move(idAlone(first.id) + idAlone(first.id) + idAlone("x") + idAlone(second.id)));
  expect(outcomes(received)).toEqual(["Success NoError", "Error ErrorItemNotFound", "Error ErrorInvalidIdMalformed", "Success NoError"]);
  expect(itemsIn(lab(), "junkemail")).toHaveLength(2);
});

test("the change key stays when an item is thrown away", async () => {
  const item = mail();
  const received = await call(lab(), move(itemId(item), distinguished("recoverableitemsdeletions")));
  expect(onlyItem(received).child("ItemId")?.attributes.get("ChangeKey")).toBe(item.changeKey);
});

test("from mailbox to mailbox there is success and no id", async () => {
  const shared = await startSmallLab();
  try {
    shared.store.addUser({ address: "team@example.com", fullAccess: [anna] });
    const [delivery] = shared.store.deliver(Buffer.from("Subject: s\r\n\r\nt"), { from: "e@example.org", to: ["team@example.com"] });
    const received = await call(shared, move(idAlone(delivery?.item?.id ?? "")));
    expect([outcomes(received), items(received)]).toEqual([["Success NoError"], []]);
    expect(itemsIn(shared, "junkemail")).toHaveLength(1);
  } finally {
    await shared.close();
  }
});

test("no account moves items out of or into a mailbox that granted no rights", async () => {
  const foreign = mail(ben);
  const into = `<t:FolderId Id="${folderOf(lab(), "inbox", ben).id}"/>`;
  expect(outcomes(await call(lab(), move(idAlone(foreign.id))))).toEqual(["Error ErrorItemNotFound"]);
  expect(outcomes(await call(lab(), move(idAlone(mail().id), into)))).toEqual(["Error ErrorItemNotFound"]);
  expect(itemsIn(lab(), "inbox", ben)).toHaveLength(1);
});

test("a missing destination fails every item and moves none", async () => {
  const folder = mailboxOf(lab()).createFolder(folderOf(lab(), "inbox"), "gone");
  mailboxOf(lab()).removeFolder(folder);
  const received = await call(lab(), move(idAlone(mail().id) + idAlone(mail().id), `<t:FolderId Id="${folder.id}"/>`));
  expect(messages(received)).toHaveLength(2);
  expect(itemsIn(lab(), "inbox")).toHaveLength(2);
});

test("a copy has an id of its own, and the original keeps its", async () => {
  const item = mail();
  const received = await call(lab(), move(itemId(item)).replaceAll("MoveItem", "CopyItem"));
  const [copy] = itemsIn(lab(), "junkemail");
  expect(onlyItem(received).child("ItemId")?.attributes.get("Id")).toBe(copy?.id);
  expect(outcomes(await call(lab(), getItem(idAlone(item.id) + idAlone(copy?.id ?? ""))))).toEqual(["Success NoError", "Success NoError"]);
});
