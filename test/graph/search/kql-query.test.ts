import fc from "fast-check";
import { expect, test } from "vitest";
import type { Filters } from "../../../src/exchange/search/search-query.ts";
import { search } from "../../../src/graph/search/search.ts";
import { mail } from "../../exchange/contract-mail.ts";
import { scripted } from "../scripted.ts";
import { onStage, type Stage } from "../stage.ts";

/** Delivers so many, an hour apart from the first of January on. */
function deliver({ lab, ann }: Stage, count: number, hoursApart: number): void {
  for (let number = 0; number < count; number++) {
    const at = new Date(Date.UTC(2026, 0, 1) + number * hoursApart * 3_600_000);
    lab.store.deliver(mail(`wire transfer ${number}`, { id: `<k${number}@example.org>` }), {
      from: "a@example.org",
      to: [ann.address],
      at,
    });
  }
}

test("a query finds indexed messages, newest first, with immutable ids", async () => {
  const stage = await onStage();
  deliver(stage, 5, 24);
  const mailbox = stage.graph().mailbox(stage.ann.address);
  const page = await mailbox.search({ filters: { query: 'subject:"wire transfer"', receivedAfter: "2026-01-03T00:00:00Z" }, limit: 10 });
  expect(page.messages.map(({ subject }) => subject)).toEqual(["wire transfer 4", "wire transfer 3", "wire transfer 2"]);
  expect(page.applied).toEqual({ query: "server, unchecked", receivedAfter: "client" });
  for (const { itemId } of page.messages) expect(itemId).toMatch(/^AAkALg/);
});

test("messages are found even if ids may not be translated", async () => {
  const stage = await onStage({ graph: { tokens: { mail: ["Mail.Read"] } } });
  deliver(stage, 2, 24);
  const page = await stage
    .graph("mail")
    .mailbox(stage.ann.address)
    .search({ filters: { query: "subject:wire" }, limit: 10 });
  expect(page.messages.map(({ subject }) => subject)).toEqual(["wire transfer 1", "wire transfer 0"]);
  // The ids that change with every move.
  for (const { itemId } of page.messages) expect(itemId).not.toMatch(/^AAkALg/);
});

test("more results than a search can return are found in shorter periods, each once", async () => {
  const stage = await onStage();
  deliver(stage, 2300, 2);
  const page = await stage
    .graph()
    .mailbox(stage.ann.address)
    .search({ filters: { query: "subject:wire" }, limit: 3000 });
  expect(page.messages.map(({ subject }) => subject)).toEqual(Array.from({ length: 2300 }, (_, index) => `wire transfer ${2299 - index}`));
  expect(page.unsearched).toBeUndefined();
});

test("a day with more results than a search can return is reported as incomplete", async () => {
  const stage = await onStage();
  deliver(stage, 1100, 0.02);
  const page = await stage
    .graph()
    .mailbox(stage.ann.address)
    .search({ filters: { query: "subject:wire" }, limit: 3000 });
  expect(page.messages.length).toBe(1000);
  expect(page.unsearched?.map(({ failure }) => failure.code)).toEqual(["too-large"]);
});

test("no search sends a KQL query together with a filter, an order or immutable ids", async () => {
  const { mailbox, seen } = await scripted(() => ({ json: { value: [] } }));
  const maybe = <T>(value: T) => fc.constantFrom(undefined, value);
  const any: fc.Arbitrary<Filters> = fc.record({
    query: maybe("subject:wire"),
    subject: maybe("wire"),
    sender: maybe("mallory@example.org"),
    isUnread: maybe(true),
    receivedAfter: maybe("2026-01-01T00:00:00Z"),
    internetMessageId: maybe(["<a@example.org>"]),
  });
  await fc.assert(
    fc.asyncProperty(any, async (filters) => {
      const before = seen.length;
      await search(mailbox, { filters, limit: 5, folder: "inbox", recursive: false }, { sha256: async () => "", inside: async () => [] });
      // Beside it the path of the folder is asked for.
      for (const { path, headers } of seen.slice(before).filter((one) => one.path.includes("/messages"))) {
        const asked = new URL(path, "http://x").searchParams;
        const isQuery = asked.has("$search");
        expect(isQuery).toBe(filters.query !== undefined);
        expect([asked.has("$filter"), asked.has("$orderby")]).toEqual(
          isQuery ? [false, false] : [Object.values(filters).some((value) => value !== undefined), true],
        );
        expect(String(headers.prefer ?? "").includes("ImmutableId")).toBe(!isQuery);
      }
    }),
    { numRuns: 40 },
  );
});

test("a query stays one quoted text, whatever it contains", async () => {
  const { mailbox, seen } = await scripted(() => ({ json: { value: [] } }));
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: fc.constantFrom('"', "\\", "&", "#", "+", "%", "'", " ", "a", "é", "$filter="), minLength: 1, maxLength: 12 }),
      async (query) => {
        fc.pre(query.trim() !== "");
        await search(
          mailbox,
          { filters: { query }, limit: 5, folder: "inbox", recursive: false },
          { sha256: async () => "", inside: async () => [] },
        );
        const asked = [...new URL(seen.at(-1)?.path ?? "", "http://x").searchParams];
        expect(asked.map(([name]) => name)).toEqual(["$select", "$expand", "$search", "$top"]);
        const text = asked[2]?.[1] ?? "";
        // Only an escaped quote or backslash stands between the quotes around it.
        expect(text).toMatch(/^"(?:[^"\\]|\\["\\])*"$/);
        expect(text.slice(1, -1).replace(/\\(["\\])/g, "$1")).toBe(query);
      },
    ),
    { numRuns: 60 },
  );
});
