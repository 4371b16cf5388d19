import { expect, test } from "vitest";
import { delivered, folderOf, getItem, idAlone, itemId, itemsIn, labForEach, mailboxOf, messages, names } from "../item-calls.ts";
import { call, outcomes } from "../soap-client.ts";

const lab = labForEach();
const remove = (ids: string, type = "SoftDelete", more = ""): string =>
  `<m:DeleteItem DeleteType="${type}" ${more}><m:ItemIds>${ids}</m:ItemIds></m:DeleteItem>`;
const mail = () => delivered(lab(), "Subject: s\n\nt");

test.each([
  ["MoveToDeletedItems", "deleteditems"],
  ["SoftDelete", "recoverableitemsdeletions"],
  ["HardDelete", "recoverableitemspurges"],
])("%s puts the item into %s under a new id that is not given, and the old id is dead", async (type, folder) => {
  const item = mail();
  const received = await call(lab(), remove(itemId(item), type));
  expect(outcomes(received)).toEqual(["Success NoError"]);
  expect(names(messages(received)[0] ?? received.xml())).toEqual(["ResponseCode"]);
  const [there] = itemsIn(lab(), folder);
  expect(there?.subject).toBe("s");
  expect(there?.id).not.toBe(item.id);
  expect(outcomes(await call(lab(), getItem(idAlone(item.id))))).toEqual(["Error ErrorItemNotFound"]);
});

test("deleting twice is ErrorItemNotFound the second time", async () => {
  const item = mail();
  expect(outcomes(await call(lab(), remove(idAlone(item.id) + idAlone(item.id))))).toEqual(["Success NoError", "Error ErrorItemNotFound"]);
});

test("an item deleted from Purges is gone", async () => {
  await call(lab(), remove(idAlone(mail().id), "HardDelete"));
  const [purged] = itemsIn(lab(), "recoverableitemspurges");
  await call(lab(), remove(idAlone(purged?.id ?? ""), "HardDelete"));
  expect([...mailboxOf(lab()).items()]).toEqual([]);
});

test.each([
  ["IPM.Appointment", "calendar", "ErrorSendMeetingCancellationsRequired", `SendMeetingCancellations="SendToNone"`],
  ["IPM.Task", "tasks", "ErrorAffectedTaskOccurrencesRequired", `AffectedTaskOccurrences="AllOccurrences"`],
])("an item of class %s in %s needs another attribute", async (itemClass, folder, code, attribute) => {
  const item = mailboxOf(lab()).add(folderOf(lab(), folder), { itemClass });
  expect(outcomes(await call(lab(), remove(idAlone(item.id))))).toEqual([`Error ${code}`]);
  expect(outcomes(await call(lab(), remove(idAlone(item.id), "SoftDelete", attribute)))).toEqual(["Success NoError"]);
});
