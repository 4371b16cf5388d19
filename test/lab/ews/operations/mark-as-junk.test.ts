import { expect, test } from "vitest";
import { delivered, distinguished, getItem, idAlone, itemsIn, labForEach, mailboxOf, messages } from "../item-calls.ts";
import { call, outcomes } from "../soap-client.ts";

const lab = labForEach();
const mark = (ids: string, isJunk: boolean, moves: boolean): string =>
  `<m:MarkAsJunk IsJunk="${isJunk}" MoveItem="${moves}"><m:ItemIds>${ids}</m:ItemIds></m:MarkAsJunk>`;
const mail = () => delivered(lab(), "From: Eve <Eve@Example.org>\nSubject: s\n\nt");

test("junk that is moved blocks the sender and gives the new id in Junk Email", async () => {
  const item = mail();
  const received = await call(lab(), mark(idAlone(item.id), true, true));
  expect(messages(received)[0]?.child("MovedItemId")?.attributes.get("Id")).toBe(itemsIn(lab(), "junkemail")[0]?.id);
  expect([...mailboxOf(lab()).blockedSenders]).toEqual(["eve@example.org"]);
  expect(outcomes(await call(lab(), getItem(idAlone(item.id))))).toEqual(["Error ErrorItemNotFound"]);
});

test("the next message of a blocked sender goes to Junk Email", async () => {
  await call(lab(), mark(idAlone(mail().id), true, false));
  mail();
  expect([itemsIn(lab(), "inbox").length, itemsIn(lab(), "junkemail").length]).toEqual([1, 1]);
});

test("junk that is not moved stays under its id, and none is given", async () => {
  const item = mail();
  const received = await call(lab(), mark(idAlone(item.id), true, false));
  expect([outcomes(received), messages(received)[0]?.child("MovedItemId")]).toEqual([["Success NoError"], undefined]);
  expect([itemsIn(lab(), "inbox").map(({ id }) => id), mailboxOf(lab()).blockedSenders.size]).toEqual([[item.id], 1]);
});

test("no junk that is moved goes to the Inbox and unblocks the sender, wherever it lay", async () => {
  const item = mail();
  await call(lab(), mark(idAlone(item.id), true, true));
  const move = `<m:MoveItem><m:ToFolderId>${distinguished("deleteditems")}</m:ToFolderId><m:ItemIds>${idAlone(itemsIn(lab(), "junkemail")[0]?.id ?? "")}</m:ItemIds></m:MoveItem>`;
  await call(lab(), move);
  const received = await call(lab(), mark(idAlone(itemsIn(lab(), "deleteditems")[0]?.id ?? ""), false, true));
  expect(messages(received)[0]?.child("MovedItemId")?.attributes.get("Id")).toBe(itemsIn(lab(), "inbox")[0]?.id);
  expect(mailboxOf(lab()).blockedSenders.size).toBe(0);
});

test("no junk that is not moved only unblocks the sender", async () => {
  const item = mail();
  mailboxOf(lab()).blockedSenders.add("eve@example.org");
  const received = await call(lab(), mark(idAlone(item.id), false, false));
  expect(messages(received)[0]?.child("MovedItemId")).toBeUndefined();
  expect([mailboxOf(lab()).blockedSenders.size, itemsIn(lab(), "inbox").length]).toEqual([0, 1]);
});

test("each id has its own answer", async () => {
  expect(outcomes(await call(lab(), mark(idAlone(mail().id) + idAlone("x") + idAlone(mail().id), true, true)))).toEqual([
    "Success NoError",
    "Error ErrorInvalidIdMalformed",
    "Success NoError",
  ]);
});
