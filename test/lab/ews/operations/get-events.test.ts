import { expect, test } from "vitest";
import { delivered, distinguished, folderOf, labForEach, mailboxOf } from "../item-calls.ts";
import { ben, call, outcomes } from "../soap-client.ts";
import { pulled, pulling, subscribed, subscribing } from "./subscription-calls.ts";

const lab = labForEach();
const every = ["CopiedEvent", "CreatedEvent", "DeletedEvent", "ModifiedEvent", "MovedEvent", "NewMailEvent"];

test("a pull tells what happened since its watermark, in order, and then that nothing did", async () => {
  const { id, watermark } = await subscribed(lab(), { kinds: every });
  const mailbox = mailboxOf(lab());
  const item = delivered(lab(), "Subject: s\n\nt");
  mailbox.update(item, { isRead: true });
  mailbox.copy(item, mailbox.known("drafts"));
  const moved = mailbox.move(item, mailbox.known("archive"));
  mailbox.move(moved, mailbox.known("recoverableitemsdeletions"));
  const first = pulled(await call(lab(), pulling(id, watermark)));
  expect(first.names).toEqual(["CreatedEvent", "NewMailEvent", "ModifiedEvent", "CopiedEvent", "MovedEvent", "DeletedEvent"]);
  const move = first.events[4];
  expect([move?.child("OldItemId")?.attributes.get("Id"), move?.child("ItemId")?.attributes.get("Id")]).toEqual([item.id, moved.id]);
  expect(move?.child("OldParentFolderId")?.attributes.get("Id")).toBe(mailbox.known("inbox").id);
  expect(pulled(await call(lab(), pulling(id, first.watermark))).names).toEqual(["StatusEvent"]);
  expect(pulled(await call(lab(), pulling(id, watermark))).names).toEqual(first.names);
});

test("only the folders and the kinds that were named are told", async () => {
  const { id, watermark } = await subscribed(lab(), { kinds: ["NewMailEvent", "MovedEvent"], folders: distinguished("inbox") });
  const mailbox = mailboxOf(lab());
  const item = delivered(lab(), "Subject: s\n\nt");
  mailbox.add(mailbox.known("drafts"), { subject: "draft" });
  mailbox.move(mailbox.move(item, mailbox.known("archive")), mailbox.known("junkemail"));
  expect(pulled(await call(lab(), pulling(id, watermark))).names).toEqual(["NewMailEvent", "MovedEvent"]);
});

test("more than fifty events come in several replies", async () => {
  const { id, watermark } = await subscribed(lab(), { kinds: ["CreatedEvent"] });
  for (let number = 0; number < 60; number += 1) mailboxOf(lab()).add(folderOf(lab(), "inbox"), { subject: String(number) });
  const first = pulled(await call(lab(), pulling(id, watermark)));
  const second = pulled(await call(lab(), pulling(id, first.watermark)));
  expect([first.events.length, first.hasMore, second.events.length, second.hasMore]).toEqual([50, "true", 10, "false"]);
});

test("a new subscription continues at the watermark of an earlier one", async () => {
  const first = await subscribed(lab());
  delivered(lab(), "Subject: s\n\nt");
  const second = await subscribed(lab(), { watermark: first.watermark });
  expect(pulled(await call(lab(), pulling(second.id, second.watermark))).names).toEqual(["NewMailEvent"]);
});

test("a subscription that was not read in time has ended, and each read renews it", async () => {
  const { id, watermark } = await subscribed(lab(), { minutes: 10 });
  const start = Date.now() + 60_000;
  lab().store.clock.set(new Date(start + 8 * 60_000));
  expect(outcomes(await call(lab(), pulling(id, watermark)))).toEqual(["Success NoError"]);
  lab().store.clock.set(new Date(start + 16 * 60_000));
  expect(outcomes(await call(lab(), pulling(id, watermark)))).toEqual(["Success NoError"]);
  lab().store.clock.set(new Date(start + 27 * 60_000));
  expect(outcomes(await call(lab(), pulling(id, watermark)))).toEqual(["Error ErrorSubscriptionNotFound"]);
});

test("Unsubscribe ends a subscription, once", async () => {
  const { id, watermark } = await subscribed(lab());
  const end = `<m:Unsubscribe><m:SubscriptionId>${id}</m:SubscriptionId></m:Unsubscribe>`;
  expect(outcomes(await call(lab(), end))).toEqual(["Success NoError"]);
  expect(outcomes(await call(lab(), end))).toEqual(["Error ErrorSubscriptionNotFound"]);
  expect(outcomes(await call(lab(), pulling(id, watermark)))).toEqual(["Error ErrorSubscriptionNotFound"]);
});

test("another account may not read a subscription", async () => {
  const { id, watermark } = await subscribed(lab());
  expect(outcomes(await call(lab(), pulling(id, watermark), { user: ben }))).toEqual(["Error ErrorSubscriptionAccessDenied"]);
});

test("a watermark of another mailbox, or no watermark at all, is invalid", async () => {
  const { id } = await subscribed(lab());
  expect(outcomes(await call(lab(), pulling(id, "nothing")))).toEqual(["Error ErrorInvalidWatermark"]);
  const other = Buffer.from(`${mailboxOf(lab(), ben).guid} 0`).toString("base64");
  expect(outcomes(await call(lab(), pulling(id, other)))).toEqual(["Error ErrorInvalidWatermark"]);
});

test("a subscription of a stream is not one of pulls", async () => {
  const { id, watermark } = await subscribed(lab(), { kind: "Streaming" });
  const other = await subscribed(lab());
  expect(watermark).toBe("");
  expect(outcomes(await call(lab(), pulling(id, other.watermark)))).toEqual(["Error ErrorInvalidPullSubscriptionId"]);
});

test("folders and all folders together, or neither, are refused", async () => {
  const both = subscribing({ folders: distinguished("inbox") }).replace(
    "<m:PullSubscriptionRequest>",
    `<m:PullSubscriptionRequest SubscribeToAllFolders="true">`,
  );
  const neither = subscribing().replace(` SubscribeToAllFolders="true"`, "");
  expect(outcomes(await call(lab(), both))).toEqual(["Error ErrorInvalidSubscriptionRequest"]);
  expect(outcomes(await call(lab(), neither))).toEqual(["Error ErrorInvalidSubscriptionRequest"]);
});

test("the lab says that it does not offer push subscriptions", async () => {
  const push = `<m:Subscribe><m:PushSubscriptionRequest SubscribeToAllFolders="true"><t:EventTypes><t:EventType>NewMailEvent</t:EventType></t:EventTypes><t:StatusFrequency>1</t:StatusFrequency><t:URL>https://soc.example.com/</t:URL></m:PushSubscriptionRequest></m:Subscribe>`;
  const received = await call(lab(), push);
  expect(outcomes(received)).toEqual(["Error ErrorInvalidRequest"]);
  expect(received.body).toContain("This lab does not offer push subscriptions.");
});
