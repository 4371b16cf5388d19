import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FolderRef } from "../../../src/ews/folders/folder-ref.ts";
import { listShape } from "../../../src/ews/messages/item-shapes.ts";
import { type ListingRequest, newestFirst } from "../../../src/ews/search/newest-first.ts";
import { element } from "../../../src/wire/xml/write-xml.ts";
import {
  type Answer,
  type Asked,
  failure,
  findIn,
  foldersOf,
  messageXml,
  offsetOf,
  page,
  reply,
  type Scripted,
  type ScriptedMessage,
  startScripted,
} from "../scripted.ts";

let server: Scripted;
let answer: (asked: Asked) => Answer;
beforeAll(async () => {
  server = await startScripted((asked) => answer(asked));
});
afterAll(() => server.close());

const plain: ListingRequest = { shape: listShape(), expected: 50 };
const conditional: ListingRequest = {
  ...plain,
  restriction: element("m:Restriction", undefined, element("t:Exists", undefined, element("t:FieldURI", { FieldURI: "item:Subject" }))),
};
const refs = (ids: readonly string[]): FolderRef[] => ids.map((id) => ({ id }));

/** The ids in the order given. */
async function read(ids: readonly string[], listing = plain): Promise<{ given: string[]; list: ReturnType<typeof newestFirst> }> {
  server.asked.length = 0;
  const list = newestFirst(server.mailbox(), refs(ids), listing);
  const given: string[] = [];
  for await (const { itemId } of list.messages()) given.push(itemId);
  return { given, list };
}

const many = (name: string, count: number, at: (index: number) => number): ScriptedMessage[] =>
  Array.from({ length: count }, (_, index) => ({ id: `${name}${index}`, at: at(index) }));

describe("messages of many folders", () => {
  test("are returned newest first over all folders, each once, however they are distributed", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.option(fc.integer({ min: 0, max: 50 }), { nil: undefined }), { maxLength: 70 }), {
          minLength: 1,
          maxLength: 6,
        }),
        async (spread) => {
          const folders: Record<string, ScriptedMessage[]> = {};
          for (const [folder, seconds] of spread.entries()) {
            const messages = seconds.map(
              (at, index): ScriptedMessage => ({ id: `${folder}-${index}`, ...(at === undefined ? {} : { at }) }),
            );
            folders[`f${folder}`] = messages.sort((one, other) => (other.at ?? -1) - (one.at ?? -1));
          }
          answer = (asked) => findIn(folders, asked);
          const { given, list } = await read(Object.keys(folders), { ...plain, expected: 1 });
          const all = Object.values(folders).flat();
          const when = new Map(all.map(({ id, at = -1 }) => [id, at]));
          expect(new Set(given)).toEqual(new Set(when.keys()));
          expect(given).toHaveLength(all.length);
          const times = given.map((id) => when.get(id) ?? -1);
          expect(times).toEqual(times.toSorted((one, other) => other - one));
          expect(list.total()).toBe(all.length);
        },
      ),
      { numRuns: 25 },
    );
  });

  test("share requests for their first pages, and need one request for each next page", async () => {
    const folders = Object.fromEntries(["a", "b", "c", "d"].map((name) => [name, many(name, 3, (index) => 10 - index)]));
    answer = (asked) => findIn(folders, asked);
    await read(Object.keys(folders));
    expect(server.asked.map((asked) => foldersOf(asked))).toEqual([["a", "b", "c", "d"]]);
  });

  test("are requested in pages of at most 1000, or 250 with a condition, in all folders together", async () => {
    const names = Array.from({ length: 30 }, (_, index) => `f${index}`);
    const folders = Object.fromEntries(names.map((name, index) => [name, many(name, index === 0 ? 900 : 1, (at) => 5000 - at)]));
    answer = (asked) => findIn(folders, asked);
    for (const [listing, most] of [
      [plain, 1000],
      [conditional, 250],
    ] as const) {
      for (const expected of [1, 50, 100_000]) {
        const { given } = await read(names, { ...listing, expected });
        expect(given).toHaveLength(929);
        expect(Math.max(...server.asked.map((asked) => offsetOf(asked).size * foldersOf(asked).length))).toBeLessThanOrEqual(most);
      }
    }
  });

  test("are read only as far as needed", async () => {
    answer = (asked) => findIn({ a: many("a", 5000, (index) => 9000 - index) }, asked);
    server.asked.length = 0;
    for await (const message of newestFirst(server.mailbox(), refs(["a"]), { ...plain, expected: 10 }).messages()) {
      expect(message.itemId).toBe("a0");
      break;
    }
    expect(server.asked).toHaveLength(1);
  });
});

describe("a server that pages in its own way", () => {
  const items = many("m", 12, (index) => 100 - index).map((message) => messageXml(message));

  test("with short or empty pages is still read to the end", async () => {
    const cuts = [3, 0, 4, 0, 0, 5];
    let turn = 0;
    answer = (asked) => {
      const { offset } = offsetOf(asked);
      const count = cuts[turn++] ?? 0;
      return reply("FindItem", page(items.slice(offset, offset + count), { next: offset + count, last: offset + count >= 12 }));
    };
    expect((await read(["a"])).given).toHaveLength(12);
  });

  test.each<[string, (offset: number) => number | undefined]>([
    ["says no offset", () => undefined],
    ["says 0 each time", () => 0],
    ["repeats the offset that was asked", (offset) => offset],
  ])("%s, and every page is read once", async (_, next) => {
    answer = (asked) => {
      const { offset } = offsetOf(asked);
      const said = next(offset);
      return reply(
        "FindItem",
        page(items.slice(offset, offset + 5), { ...(said === undefined ? {} : { next: said }), last: offset + 5 >= 12 }),
      );
    };
    expect((await read(["a"])).given).toEqual(Array.from({ length: 12 }, (_, index) => `m${index}`));
    expect(server.asked.map((asked) => offsetOf(asked).offset)).toEqual([0, 5, 10]);
  });

  test("with empty pages for ever is abandoned, and the folder reported as incomplete", async () => {
    answer = (asked) => reply("FindItem", page([], { next: offsetOf(asked).offset + 10, last: false }));
    const { given, list } = await read(["a"]);
    expect(given).toEqual([]);
    expect(list.unlisted).toMatchObject([{ isMessage: false, failure: { code: "broken-reply" } }]);
    expect(server.asked.length).toBeLessThan(10);
  });

  test("that returns the same page for ever is abandoned, and its folder is reported as incomplete", async () => {
    answer = () => reply("FindItem", page(items.slice(0, 5), { next: 5, last: false }));
    const { given, list } = await read(["a"]);
    expect(given).toEqual(["m0", "m1", "m2", "m3", "m4"]);
    expect(list.unlisted).toMatchObject([{ isMessage: false, failure: { code: "broken-reply" } }]);
    expect(server.asked.length).toBeLessThan(10);
  });

  test("with new messages between two pages returns nothing twice", async () => {
    const mailbox = many("m", 60, (index) => 1000 - index);
    let turn = 0;
    answer = (asked) => findIn({ a: turn++ === 0 ? mailbox : [...many("new", 7, (index) => 2000 - index), ...mailbox] }, asked);
    const { given } = await read(["a"], { ...plain, expected: 1 });
    expect(given).toHaveLength(new Set(given).size);
    expect(given).toEqual(expect.arrayContaining(mailbox.map(({ id }) => id)));
  });
});

describe("a folder that cannot be listed", () => {
  const good = many("good", 3, (index) => 10 - index);
  const answering = (codes: Readonly<Record<string, string>>) => (asked: Asked) =>
    reply(
      "FindItem",
      ...foldersOf(asked).map((folder) => {
        const code = codes[folder];
        return code
          ? failure("FindItem", code)
          : page(
              good.map((message) => messageXml({ ...message, folder })),
              { next: 3, total: 3, last: true },
            );
      }),
    );

  test("is named with its reason, and the others are returned", async () => {
    answer = answering({ bad: "ErrorAccessDenied", gone: "ErrorFolderNotFound" });
    const { given, list } = await read(["bad", "fine", "gone"]);
    expect(given).toEqual(["good0", "good1", "good2"]);
    expect(list.unlisted).toMatchObject([
      { folder: { id: "bad" }, failure: { code: "access-denied", wireCode: "ErrorAccessDenied" } },
      { folder: { id: "gone" }, failure: { code: "folder-not-found" } },
    ]);
    expect(list.total()).toBeUndefined();
  });

  test("fails the search if there is no other folder", async () => {
    answer = answering({ bad: "ErrorAccessDenied", worse: "ErrorFolderNotFound" });
    await expect(read(["bad", "worse"])).rejects.toMatchObject({ code: "access-denied" });
  });

  test("because the server is busy is not skipped", async () => {
    answer = answering({ bad: "ErrorMailboxStoreUnavailable" });
    await expect(read(["fine", "bad"])).rejects.toMatchObject({ code: "busy" });
  });

  test("on its second page is reported as well", async () => {
    const long = many("long", 80, (index) => 100 - index);
    answer = (asked) =>
      offsetOf(asked).offset > 0 ? reply("FindItem", failure("FindItem", "ErrorAccessDenied")) : findIn({ a: long, b: good }, asked);
    const { given, list } = await read(["a", "b"], { ...plain, expected: 24 });
    expect(given).toHaveLength(25 + 3);
    expect(list.unlisted).toMatchObject([{ folder: { id: "a" } }]);
  });
});
