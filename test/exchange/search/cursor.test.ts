import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Message } from "../../../src/exchange/message.ts";
import { isAfter, nextCursor, readCursor } from "../../../src/exchange/search/cursor.ts";
import type { Search } from "../../../src/exchange/search/search-query.ts";

const search: Search = { filters: { subject: "parcel" }, limit: 2 };

function at(itemId: string, second?: number): Message {
  return second === undefined ? { itemId } : { itemId, receivedAt: new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString() };
}

/** One page of a mailbox, newest first. */
function page(mailbox: readonly Message[], limit: number, cursor: string | undefined): { messages: Message[]; cursor: string | undefined } {
  const asked = { ...search, limit, ...(cursor === undefined ? {} : { cursor }) };
  const position = readCursor(asked);
  const rest = mailbox.filter((message) => !position || isAfter(position, message));
  const messages = rest.slice(0, limit);
  return { messages, cursor: rest.length > limit ? nextCursor(asked, messages, position) : undefined };
}

describe("continuing a search", () => {
  test("returns every message once, in order, whatever shares a time or is deleted meanwhile", () => {
    fc.assert(
      fc.property(
        fc.array(fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined }), { maxLength: 40 }),
        fc.integer({ min: 1, max: 7 }),
        fc.boolean(),
        (seconds, limit, deleting) => {
          let mailbox = seconds
            .map((second, index) => at(`id${index}`, second))
            .sort((one, other) => ((one.receivedAt ?? "") < (other.receivedAt ?? "") ? 1 : -1));
          const all = mailbox.map(({ itemId }) => itemId);
          const given: string[] = [];
          let cursor: string | undefined;
          do {
            const { messages, cursor: next } = page(mailbox, limit, cursor);
            given.push(...messages.map(({ itemId }) => itemId));
            if (deleting) mailbox = mailbox.filter((message) => !messages.includes(message));
            cursor = next;
          } while (cursor !== undefined);
          expect(given).toEqual(all);
        },
      ),
      { numRuns: 200 },
    );
  });

  test("leaves out messages that arrived meanwhile", () => {
    const old = [at("b", 2), at("a", 1)];
    const { cursor } = page(old, 1, undefined);
    expect(page([at("new", 9), ...old], 5, cursor).messages.map(({ itemId }) => itemId)).toEqual(["a"]);
  });

  test("may request a larger page, or more detail", () => {
    const { cursor } = page([at("b", 2), at("a", 1)], 1, undefined);
    expect(readCursor({ ...search, limit: 100, detail: { headers: true }, cursor })).toBeDefined();
  });

  test("a page without messages has no cursor", () => {
    expect(nextCursor(search, [], undefined)).toBeUndefined();
  });
});

describe("a cursor is refused", () => {
  const { cursor } = page([at("b", 2), at("a", 1)], 1, undefined);

  test.each<[string, Partial<Search>]>([
    ["with other filters", { filters: { subject: "other" } }],
    ["with one filter more", { filters: { subject: "parcel", isUnread: true } }],
    ["in another folder", { folder: "inbox" }],
    ["when the folders below are left out", { recursive: false }],
    ["when the Recoverable Items are added", { includeRecoverable: true }],
  ])("%s", (_, changed) => {
    expect(() => readCursor({ ...search, ...changed, cursor })).toThrow(expect.objectContaining({ code: "invalid-input" }));
  });

  test("but not for an explicit default value", () => {
    const spelled = { ...search, recursive: true, includeRecoverable: false, folder: undefined, cursor };
    expect(readCursor(spelled)).toBeDefined();
  });

  const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  test.each([
    "",
    "!!!",
    "bm90IGpzb24",
    encoded({}),
    encoded([]),
    encoded([1]),
    encoded([2, "x", ""]),
    encoded([1, "x", "2026-01-01T00:00:00.000Z", 7]),
    encoded(["__proto__"]),
    "A".repeat(200_000),
  ])("if it is garbage (%#)", (garbage) => {
    expect(() => readCursor({ ...search, cursor: garbage })).toThrow(expect.objectContaining({ code: "invalid-input" }));
  });

  test("if its time is invalid, even with the right query", () => {
    const [version, query] = JSON.parse(Buffer.from(cursor ?? "", "base64url").toString());
    for (const time of ["tomorrow", "2026-13-01T00:00:00.000Z", "2026-01-01"]) {
      expect(() => readCursor({ ...search, cursor: encoded([version, query, time]) })).toThrow(
        expect.objectContaining({ code: "invalid-input" }),
      );
    }
  });

  test("without another error, for any text", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json().map((text) => Buffer.from(text).toString("base64url")),
        ),
        (text) => {
          expect(() => readCursor({ ...search, cursor: text })).toThrow(expect.objectContaining({ code: "invalid-input" }));
        },
      ),
      { numRuns: 300 },
    );
  });
});

test("a cursor reveals nothing about the query or the results", () => {
  const messages = [{ itemId: "secret-item-id", receivedAt: "2026-01-01T00:00:00.000Z" }];
  const text = Buffer.from(nextCursor(search, messages, undefined) ?? "", "base64url").toString();
  expect(text).toContain("2026-01-01");
  expect(text).not.toMatch(/secret-item-id|parcel/);
});

test("more messages at one time than a cursor can name are refused with a hint", () => {
  const messages = Array.from({ length: 5001 }, (_, index) => at(`id${index}`, 1));
  expect(() => nextCursor(search, messages, undefined)).toThrow(
    expect.objectContaining({ code: "too-large", hint: expect.stringContaining("limit") }),
  );
});
