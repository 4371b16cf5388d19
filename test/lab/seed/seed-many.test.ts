import { describe, expect, test } from "vitest";
import { manyAddress, manyCampaign, seedMany } from "../../../src/lab/seed/seed-many.ts";
import { Store } from "../../../src/lab/store/store.ts";

/** What a client can see of a mailbox. */
function contentsOf(store: Store, address: string) {
  const mailbox = store.mailbox(address);
  if (mailbox === undefined) throw new Error(`no ${address}`);
  const items = [...mailbox.items()].map(({ id, changeKey, identity, subject, internetMessageId, receivedAt, createdAt, modifiedAt }) => ({
    ...{ id, changeKey, identity, subject, internetMessageId, receivedAt, createdAt, modifiedAt },
  }));
  return { folders: mailbox.folders().map(({ id, path, totalCount, changes }) => ({ id, path, totalCount, at: changes.position })), items };
}

describe("many mailboxes", () => {
  test("hold the campaign in every hundredth, among ordinary messages, and message trace names these", () => {
    const store = new Store();
    seedMany(store, { mailboxes: 250, messages: 5 });
    const hits = store
      .mailboxes()
      .filter((mailbox) => [...mailbox.items()].some(({ internetMessageId }) => internetMessageId === manyCampaign.messageId));
    expect(hits.map(({ address }) => address)).toEqual([manyAddress(100), manyAddress(200)]);
    expect(store.mailboxes().map((mailbox) => [...mailbox.items()].length)).toEqual(Array.from({ length: 250 }, () => 5));
    const traced = store.traces.filter(({ messageId }) => messageId === manyCampaign.messageId);
    const received = hits.map((mailbox) =>
      [...mailbox.items()].find(({ internetMessageId }) => internetMessageId === manyCampaign.messageId)?.receivedAt?.getTime(),
    );
    expect(traced.map(({ recipientAddress, receivedAt }) => [recipientAddress, receivedAt.getTime()])).toEqual(
      hits.map(({ address }, at) => [address, received[at]]),
    );
  });

  test("are the same when they are made again after others were opened", () => {
    const store = new Store();
    seedMany(store, { mailboxes: 700, messages: 3 });
    const first = contentsOf(store, manyAddress(1));
    const item = store.mailbox(manyAddress(1))?.items().next().value;
    for (let number = 2; number <= 700; number += 1) contentsOf(store, manyAddress(number));
    expect(contentsOf(store, manyAddress(1))).toEqual(first);
    expect(store.item(first.items[0]?.id ?? "")).not.toBe(item);
  });

  test("keep their changes, however many others are opened", () => {
    const store = new Store();
    seedMany(store, { mailboxes: 700, messages: 3 });
    const mailbox = store.mailbox(manyAddress(1));
    const [item] = [...(mailbox?.items() ?? [])];
    if (mailbox === undefined || item === undefined) throw new Error("no message");
    mailbox.move(item, mailbox.known("deleteditems"));
    const changed = contentsOf(store, manyAddress(1));
    for (let number = 2; number <= 700; number += 1) contentsOf(store, manyAddress(number));
    expect(contentsOf(store, manyAddress(1))).toEqual(changed);
    expect(mailbox.known("deleteditems").totalCount).toBe(1);
  });
});
