import { expect, test } from "vitest";
import { messageIdFilter, planFilters } from "../../../src/graph/search/odata-filter.ts";

test("the sort property comes first in every filter", () => {
  for (const filters of [{ isUnread: true }, { subject: "x" }, { internetMessageId: ["a@example.org"] }]) {
    for (const { filter } of planFilters(filters).divisions) expect(filter ?? "receivedDateTime ").toMatch(/^receivedDateTime /);
  }
  expect(messageIdFilter(["a@example.org"])).toMatch(/^receivedDateTime /);
});

test("an apostrophe does not end a text", () => {
  expect(planFilters({ subject: "it's' or true", subjectMatch: "equals" }).divisions[0].filter).toBe(
    "receivedDateTime ge 1900-01-01T00:00:00Z and subject eq 'it''s'' or true'",
  );
});

test("without a filter that the server can apply everything is requested", () => {
  const { divisions } = planFilters({ body: "x", recipient: "y" });
  expect(divisions.map(({ filter }) => filter)).toEqual([undefined]);
  expect(divisions[0].applied).toEqual({ body: "client", recipient: "client" });
});

test("a filter that the service may refuse is tried first and then left to the client", () => {
  const { divisions } = planFilters({ subject: "wire", isUnread: true, receivedAfter: "2026-01-01T00:00:00Z" });
  expect(divisions.map(({ filter }) => filter)).toEqual([
    "receivedDateTime ge 2026-01-01T00:00:00.000Z and contains(subject,'wire') and isRead eq false",
    "receivedDateTime ge 2026-01-01T00:00:00.000Z and isRead eq false",
    "receivedDateTime ge 2026-01-01T00:00:00.000Z",
    undefined,
  ]);
  expect(divisions.map(({ applied }) => applied.subject)).toEqual(["server", "client", "client", "client"]);
  expect(divisions[2]?.check).toEqual(["subject", "isUnread"]);
});

test("no filter is sent beside a query", () => {
  const { divisions, search } = planFilters({ query: "subject:x", isUnread: true, receivedAfter: "2026-01-01T00:00:00Z" });
  expect(search).toBe("subject:x");
  expect(divisions[0]).toMatchObject({
    filter: undefined,
    applied: { query: "server, unchecked", isUnread: "client", receivedAfter: "client" },
  });
});

test("the next page begins at the end of the one before, minus the fraction that Graph hides", () => {
  const after = { receivedAt: "2026-01-05T10:00:00.000Z", given: [] };
  expect(planFilters({ receivedBefore: "2026-02-01T00:00:00Z" }, after).divisions[0].filter).toBe(
    "receivedDateTime lt 2026-01-05T10:00:01.000Z",
  );
});
