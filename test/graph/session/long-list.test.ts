import { expect, test } from "vitest";
import { mayBeFaultOfOneItem } from "../../../src/exchange/search/list-around-failures.ts";
import { longReply } from "../../../src/graph/session/long-list.ts";
import { scripted } from "../scripted.ts";

const megabyte = 1024 * 1024;
const folder = (id: string, displayName: string) => ({ id, displayName, parentFolderId: "ROOT", childFolderCount: 0, totalItemCount: 1 });

test("a reply over the limit with more folders than requested ends the list after one retry, whatever the names contain", async () => {
  const name = `"}],[{\\`.repeat(40);
  const text = JSON.stringify({ value: Array.from({ length: 200_000 }, (_, at) => folder(`F${at}`, name)) });
  expect(text.length).toBeGreaterThan(64 * megabyte);
  const { mailbox, seen } = await scripted(() => ({ text }));
  await expect(mailbox.folders.tree()).rejects.toMatchObject({
    code: "broken-reply",
    message: expect.stringContaining("more items than the 250 requested"),
  });
  expect(seen).toHaveLength(2);
});

test.each([
  ["brackets and quotes in a text are no items", { value: [{ displayName: `"}],[{\\`.repeat(9) }] }, true],
  ["members of an item are no items", { value: [{ emailAddresses: [{}, {}, {}], flag: { at: [{}] } }] }, true],
  ["as many items as requested", { value: [{}, {}] }, true],
  ["an item more than requested", { value: [{}, {}, {}] }, false],
])("%s: whether one item may be the cause, wherever the reply is split", (_, reply, mayBeOne) => {
  const bytes = Buffer.from(JSON.stringify(reply));
  for (let at = 0; at <= bytes.length; at++) {
    const failure = longReply([bytes.subarray(0, at), bytes.subarray(at)], 10, 2);
    expect([failure.code, mayBeFaultOfOneItem(failure)]).toEqual(["broken-reply", mayBeOne]);
  }
});
