import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Message } from "../../../src/exchange/message.ts";
import { openMatcher } from "../../../src/exchange/search/match-filters.ts";
import { recheck } from "../../../src/exchange/search/recheck.ts";
import type { AppliedFilters, FilterName, Filters } from "../../../src/exchange/search/search-query.ts";

async function* listOf(messages: readonly Message[]): AsyncGenerator<Message> {
  yield* messages;
}

const onServer = (filters: Filters): AppliedFilters => Object.fromEntries(Object.keys(filters).map((name) => [name, "server"]));

async function kept(messages: readonly Message[], filters: Filters, applied = onServer(filters)) {
  const list = recheck(listOf(messages), filters, applied);
  const ids: string[] = [];
  for await (const { itemId } of list.messages) ids.push(itemId);
  return { ids, applied: list.applied(), isBroken: list.isBroken() };
}

describe("a list filtered by the server and rechecked", () => {
  test("loses no message that our own matcher accepts, whatever the message and the filter", async () => {
    const words = fc.constantFrom("a", "A", "ab", "\u00e4", "a\u0308", "\uff21", " ", "-", "\u200b", "\u00df", "invoice 7");
    const text = fc.array(words, { maxLength: 4 }).map((parts) => parts.join(""));
    const wanted = text.filter((one) => /[a-z]/i.test(one));
    const time = fc
      .date({ min: new Date("2026-01-01"), max: new Date("2026-01-03"), noInvalidDate: true })
      .map((date) => date.toISOString());
    const message: fc.Arbitrary<Message> = fc.record({
      itemId: fc.constant("one"),
      subject: text,
      receivedAt: time,
      isRead: fc.boolean(),
      size: fc.nat(5),
      importance: fc.constantFrom("Low", "Normal", "High"),
      categories: fc.array(text),
      itemClass: fc.constantFrom("IPM.Note", "IPM.Note.SMIME", "ipm.notebook"),
    });
    const filter: fc.Arbitrary<Filters> = fc.oneof(
      fc.record({ subject: wanted, subjectMatch: fc.constantFrom("contains", "prefix", "equals") }),
      fc.record({ category: wanted }),
      fc.record({ receivedAfter: time }),
      fc.record({ receivedBefore: time }),
      fc.record({ isUnread: fc.boolean() }),
      fc.record({ minSize: fc.nat(5) }),
      fc.record({ maxSize: fc.nat(5) }),
      fc.record({ importance: fc.constantFrom("Low", "Normal", "High") }),
      fc.record({ itemClass: fc.constantFrom("IPM.Note", "ipm.note.smime") }),
    );
    await fc.assert(
      fc.asyncProperty(message, filter, async (one, filters) => {
        const names = Object.keys(filters).filter((name): name is Exclude<FilterName, "query"> => name !== "subjectMatch");
        const matches = await openMatcher(filters, names, { sha256: () => Promise.reject(new Error("not asked")), inside: async () => [] });
        if (await matches(one)) expect(await kept([one], filters)).toMatchObject({ ids: ["one"], isBroken: false });
      }),
      { numRuns: 1000 },
    );
  });

  test("keeps messages that a server may compare differently", async () => {
    const one: Message = { itemId: "one", subject: "R\u00e9sum\u00e9 \uff21\uff22", receivedAt: "2026-01-01T10:00:00.000Z" };
    expect(await kept([one], { subject: "resume ab", subjectMatch: "equals" })).toMatchObject({ ids: ["one"] });
    // Received within the second that is shown.
    expect(await kept([one], { receivedAfter: "2026-01-01T10:00:00.900Z" })).toMatchObject({ ids: ["one"] });
    // A list may have cut it.
    expect(await kept([{ itemId: "two", subject: "x".repeat(255) }], { subject: "the end" })).toMatchObject({ ids: ["two"] });
  });

  test("reports a filter that was ignored, or that could not be checked", async () => {
    const messages: Message[] = [
      { itemId: "big", size: 9 },
      { itemId: "small", size: 1 },
    ];
    expect(await kept(messages, { minSize: 5 })).toEqual({ ids: ["big"], applied: { minSize: "client" }, isBroken: true });
    expect(await kept([{ itemId: "one" }], { minSize: 5 })).toEqual({
      ids: ["one"],
      applied: { minSize: "server, unchecked" },
      isBroken: false,
    });
    expect(await kept(messages, { minSize: 5 }, { minSize: "client" })).toMatchObject({ ids: ["big", "small"], isBroken: false });
  });
});
