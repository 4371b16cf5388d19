import fc from "fast-check";
import { expect, test } from "vitest";
import type { Message } from "../../../src/exchange/message.ts";
import { addPage, endList, type ListProgress, mergeNewestFirst, newListProgress } from "../../../src/exchange/search/newest-first.ts";
import type { Failure } from "../../../src/failure.ts";

const message = (itemId: string, day: number): Message => ({ itemId, receivedAt: `2026-01-${String(day).padStart(2, "0")}T00:00:00.000Z` });

interface List extends ListProgress {
  coming: readonly (readonly Message[])[];
  readonly failures: Failure[];
}

/** A list that comes in these pages. */
function listOf(pages: readonly (readonly Message[])[]): List {
  return { ...newListProgress(), coming: pages, failures: [] };
}

async function refill(list: List): Promise<void> {
  const [page = [], ...rest] = list.coming;
  list.coming = rest;
  const never = addPage(list, page, rest.length === 0);
  if (never !== undefined) list.failures.push(never);
}

async function all(lists: readonly List[]): Promise<string[]> {
  const ids: string[] = [];
  for await (const { itemId } of mergeNewestFirst(lists, refill)) ids.push(itemId);
  return ids;
}

test("lists in any pages are merged newest first, and each message is returned once", async () => {
  const days = fc.array(fc.integer({ min: 1, max: 28 }), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(fc.array(days, { maxLength: 4 }), fc.integer({ min: 1, max: 5 }), async (folders, size) => {
      const messages = folders.map((folder, at) => folder.sort((a, b) => b - a).map((day, number) => message(`${at} ${number}`, day)));
      const lists = messages.map((list) => {
        const pages = [];
        for (let start = 0; start < list.length || start === 0; start += size) pages.push(list.slice(start, start + size));
        return listOf(pages);
      });
      const sorted = messages
        .flat()
        .sort((a, b) => ((a.receivedAt ?? "") < (b.receivedAt ?? "") ? 1 : a.receivedAt === b.receivedAt ? 0 : -1));
      expect(await all(lists)).toEqual(sorted.map(({ itemId }) => itemId));
    }),
  );
});

test("a message pushed onto the next page by a new arrival is not returned twice", async () => {
  const [one, two, three] = [message("one", 3), message("two", 2), message("three", 1)];
  expect(
    await all([
      listOf([
        [one, two],
        [two, three],
      ]),
    ]),
  ).toEqual(["one", "two", "three"]);
});

test("an ended list returns nothing more, and the others continue", async () => {
  const broken = listOf([[message("a", 9)], [message("b", 8)]]);
  const other = listOf([[message("c", 5)]]);
  const ids: string[] = [];
  const given = mergeNewestFirst([broken, other], async (list) => {
    if (list === broken && list.seen.size > 0) endList(list);
    else await refill(list);
  });
  for await (const { itemId } of given) ids.push(itemId);
  expect(ids).toEqual(["a", "c"]);
});

test("a list that continues without new messages ends with the messages read so far, and this is reported", async () => {
  for (const page of [[message("same", 1)], []]) {
    const list = listOf(Array.from({ length: 9 }, () => page));
    expect(await all([list, listOf([[message("other", 2)]])])).toEqual(["other", ...page.map(({ itemId }) => itemId)]);
    expect(list.failures).toMatchObject([{ code: "broken-reply" }]);
  }
});
