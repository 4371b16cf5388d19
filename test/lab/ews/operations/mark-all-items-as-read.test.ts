import { expect, test } from "vitest";
import { distinguished, folderOf, itemsIn, labForEach, mailboxOf } from "../item-calls.ts";
import { call, outcomes } from "../soap-client.ts";

const lab = labForEach();
const made = (name: string, parent = "inbox") => mailboxOf(lab()).createFolder(folderOf(lab(), parent), name);
const answered = async (operation: string) => outcomes(await call(lab(), operation));

test.each([true, false])("MarkAllItemsAsRead with ReadFlag=%s marks every item of the folder and none below it", async (flag) => {
  const part = made("Part");
  for (const folder of [part, folderOf(lab(), "inbox")]) {
    mailboxOf(lab()).add(folder, { subject: "a", isRead: !flag });
    mailboxOf(lab()).add(folder, { subject: "b", isRead: flag });
  }
  const mark = `<m:MarkAllItemsAsRead><m:ReadFlag>${flag}</m:ReadFlag><m:SuppressReadReceipts>true</m:SuppressReadReceipts><m:FolderIds>${distinguished("inbox")}</m:FolderIds></m:MarkAllItemsAsRead>`;
  expect(await answered(mark)).toEqual(["Success NoError"]);
  expect(itemsIn(lab(), "inbox").map(({ isRead }) => isRead)).toEqual([flag, flag]);
  expect([...part.items.values()].map(({ isRead }) => isRead)).toEqual([!flag, flag]);
});
