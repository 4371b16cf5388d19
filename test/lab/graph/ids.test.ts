import { expect, test } from "vitest";
import {
  attachmentId,
  ewsId,
  findAttachment,
  findItem,
  immutableId,
  isImmutable,
  isWellFormed,
  itemId,
} from "../../../src/lab/graph/ids.ts";
import { Store } from "../../../src/lab/store/store.ts";

function stage() {
  const mailbox = new Store().addUser({ address: "anna@example.com" });
  const attachments = [{ kind: "file", name: "a" } as const, { kind: "file", name: "b" } as const];
  return { mailbox, item: mailbox.add(mailbox.known("inbox"), { subject: "x", attachments }) };
}

test("both forms name the item; neither is taken for the other", () => {
  const { mailbox, item } = stage();
  for (const form of ["rest", "immutable"] as const) {
    const id = itemId(item, form);
    expect([findItem(mailbox, id), isWellFormed(id), isImmutable(id)]).toEqual([item, true, form === "immutable"]);
    expect(id).toMatch(/^[\w=-]+$/);
  }
});

test("of many items no two share an id that stays, and a copy has one of its own", () => {
  const { mailbox, item } = stage();
  const items = Array.from({ length: 300 }, () => mailbox.copy(item, mailbox.known("inbox")));
  expect(new Set([item, ...items].map(immutableId)).size).toBe(301);
});

test("in another mailbox the id that stays names nothing, not even after the item moved there", () => {
  const store = new Store();
  const [anna, ben] = [store.addUser({ address: "anna@example.com" }), store.addUser({ address: "ben@example.com" })];
  const item = anna.add(anna.known("inbox"), { subject: "x" });
  const id = immutableId(item);
  expect(findItem(ben, id)).toBeUndefined();
  const moved = anna.move(item, ben.known("inbox"));
  expect([findItem(anna, id), findItem(ben, id), immutableId(moved) === id]).toEqual([undefined, undefined, false]);
});

test.each(["", "nonsense", "AAMk", "AAkALgAAAAAA", "AAkALg+/", "=".repeat(200)])("%j is no id", (text) => {
  expect([isWellFormed(text), ewsId(text)]).toEqual([false, undefined]);
});

test("attachments have ids of both forms; an item's is no attachment's", () => {
  const { mailbox, item } = stage();
  for (const form of ["rest", "immutable"] as const) {
    const ids = item.attachments.map((attachment) => attachmentId(item, attachment, form));
    expect(ids.map((id) => findAttachment(item, id)?.name)).toEqual(["a", "b"]);
    expect(ids.map((id) => findItem(mailbox, id))).toEqual([undefined, undefined]);
    expect(findAttachment(item, itemId(item, form))).toBeUndefined();
  }
});
