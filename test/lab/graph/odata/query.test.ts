import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { applyQuery } from "../../../../src/lab/graph/odata/query.ts";
import type { Row } from "../../../../src/lab/graph/row.ts";
import { refusedAs, row, urlOf } from "./rows.ts";

const mails = (count: number): Row[] =>
  Array.from({ length: count }, (_, at) =>
    row({ id: String(at), subject: `Mail ${at}`, received: new Date(Date.UTC(2026, 0, 1, at)).toISOString() }),
  );
const idsOf = (page: { readonly value: readonly { readonly [name: string]: unknown }[] }) => page.value.map(({ id }) => id);
const ask = (rows: readonly Row[], query: string) => applyQuery(rows, urlOf(query), "message");

/** All pages, one after the other. */
function allOf(rows: readonly Row[], query: string): { readonly ids: readonly unknown[]; readonly pages: number } {
  const ids: unknown[] = [];
  let pages = 0;
  for (let url: URL | undefined = urlOf(query); url !== undefined; pages += 1) {
    const page = applyQuery(rows, url, "message");
    ids.push(...idsOf(page));
    url = page.nextLink === undefined ? undefined : new URL(page.nextLink);
  }
  return { ids, pages };
}

test("a page has ten messages unless $top says otherwise", () => {
  expect(ask(mails(25), "").value).toHaveLength(10);
  expect(ask(mails(25), "$top=20").value).toHaveLength(20);
  expect(ask(mails(25), "top=20").value).toHaveLength(20);
});

test("a sorted list writes the properties of its page and of no other row", () => {
  let written = 0;
  const rows = mails(30).map((one, at) => ({
    exact: { receivedDateTime: new Date(at) },
    get properties() {
      written += 1;
      return one.properties;
    },
  }));
  const page = ask(rows, "$top=5&$orderby=receivedDateTime desc&$select=id");
  expect(idsOf(page)).toEqual(["29", "28", "27", "26", "25"]);
  // Each member of a row is read by itself.
  const ofOne = written / 5;
  written = 0;
  ask(rows, "$top=10&$orderby=receivedDateTime desc&$select=id");
  expect(written / 10).toBe(ofOne);
});

test("the pages together are every message once, whatever the size of the page", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 1, max: 70 }), (count, top) => {
      const { ids, pages } = allOf(mails(count), `$top=${top}&$select=id`);
      expect(ids).toEqual(Array.from({ length: count }, (_, at) => String(at)));
      expect(pages).toBe(Math.max(1, Math.ceil(count / top)));
    }),
  );
});

test("a link to the next page keeps the question, and its token is good for no other", () => {
  const next = new URL(ask(mails(25), "$filter=isRead eq false&$top=10&mine=1").nextLink ?? "");
  expect(next.searchParams.get("$filter")).toBe("isRead eq false");
  expect(next.searchParams.get("mine")).toBe("1");
  expect(idsOf(applyQuery(mails(25), next, "message"))[0]).toBe("10");
  next.searchParams.set("$filter", "isRead eq true");
  expect(refusedAs(() => applyQuery(mails(25), next, "message"))).toBe("ErrorInvalidUrlQuery");
  expect(refusedAs(() => ask(mails(25), "$skiptoken=20"))).toBe("ErrorInvalidUrlQuery");
});

test("$count counts what the filter leaves, over all pages", () => {
  expect(ask(mails(25), "$count=true&$filter=receivedDateTime ge 2026-01-01T05:00:00Z").count).toBe(20);
  expect(ask(mails(25), "").count).toBeUndefined();
});

test("times are compared more precisely than they are returned", () => {
  const told = row({ id: "a", received: "2026-01-01T00:00:00Z" });
  const rows = [{ ...told, exact: { receivedDateTime: new Date("2026-01-01T00:00:00.500Z") } }];
  expect(idsOf(ask(rows, "$filter=receivedDateTime gt 2026-01-01T00:00:00Z"))).toEqual(["a"]);
  expect(idsOf(ask(rows, "$filter=receivedDateTime lt 2026-01-01T00:00:00.400Z"))).toEqual([]);
});

test("a filter with contains is refused if the service lacks it, and one with startswith is not", () => {
  const without = { contains: false };
  expect(refusedAs(() => applyQuery([], urlOf("$filter=contains(subject,'a')"), "message", without))).toBe("ErrorInvalidUrlQueryFilter");
  expect(applyQuery([], urlOf("$filter=startswith(subject,'a')"), "message", without).value).toEqual([]);
});

test("$skip leaves out the first", () => {
  expect(idsOf(ask(mails(25), "$skip=23"))).toEqual(["23", "24"]);
});

test.each([
  ["$top=1001", "BadRequest"],
  ["$top=0", "BadRequest"],
  ["$top=ten", "BadRequest"],
  ["$skip=-1", "BadRequest"],
  ["$count=yes", "BadRequest"],
  ["$top=1&$top=2", "RequestBroker--ParseUri"],
  ["$apply=x", "ErrorInvalidUrlQuery"],
  ["$select=size", "RequestBroker--ParseUri"],
  ["$orderby=nothing", "RequestBroker--ParseUri"],
  ["$orderby=toRecipients", "ErrorInvalidUrlQueryOrderBy"],
  ["$orderby=subject up", "BadRequest"],
])("%s is refused with %s", (query, code) => {
  expect(refusedAs(() => ask(mails(1), query))).toBe(code);
});

describe("$orderby", () => {
  const three = [
    row({ id: "a", subject: "b", received: "2026-01-01T00:00:00Z" }),
    row({ id: "b", subject: "A", received: "2026-01-03T00:00:00Z" }),
    row({ id: "c", subject: "a", received: "2026-01-02T00:00:00Z" }),
  ];
  test.each([
    ["$orderby=receivedDateTime desc", "bca"],
    ["$orderBy=receivedDateTime", "acb"],
    ["$orderby=subject,receivedDateTime desc", "bca"],
    ["$orderby=receivedDateTime desc&$filter=receivedDateTime ge 2026-01-02T00:00:00Z", "bc"],
    [
      "$orderby=receivedDateTime desc&$filter=receivedDateTime ge 1900-01-01T00:00:00Z and from/emailAddress/address eq 'mallory@example.org'",
      "bca",
    ],
    ["$orderby=subject,receivedDateTime&$filter=subject ge 'a' and receivedDateTime ge 1900-01-01T00:00:00Z and isRead eq false", "cba"],
  ])("%s gives %s", (query, expected) => {
    expect(idsOf(ask(three, query)).join("")).toBe(expected);
  });
  test.each([
    "$orderby=receivedDateTime desc&$filter=from/emailAddress/address eq 'x@example.org'",
    "$orderby=receivedDateTime desc&$filter=isRead eq false and receivedDateTime ge 1900-01-01T00:00:00Z",
    "$orderby=receivedDateTime,subject&$filter=subject eq 'a' and receivedDateTime ge 1900-01-01T00:00:00Z",
    "$orderby=receivedDateTime,subject&$filter=receivedDateTime ge 1900-01-01T00:00:00Z",
  ])("%s is too complex, because the sort property is not first in the filter", (query) => {
    expect(refusedAs(() => ask(three, query))).toBe("InefficientFilter");
  });
});

describe("$search", () => {
  test("gives the newest first, a thousand at most, and does not say that there are more", () => {
    const { ids, pages } = allOf(mails(1005), '$search="mail"&$top=500');
    expect(ids).toEqual(Array.from({ length: 1000 }, (_, at) => String(1004 - at)));
    expect(pages).toBe(2);
  });
  test.each([
    ["$filter=isRead eq true", "SearchWithFilter"],
    ["$orderby=receivedDateTime", "SearchWithOrderBy"],
    ["$count=true", "SearchWithCount"],
    ["$skip=1", "SearchWithSkip"],
  ])("does not go with %s", (query, code) => {
    expect(refusedAs(() => ask(mails(1), `$search="mail"&${query}`))).toBe(code);
  });
  test.each(["contact", "mailFolder", "attachment"] as const)("is not for a %s", (resource) => {
    expect(refusedAs(() => applyQuery([], urlOf('$search="a"'), resource))).toBe("ErrorInvalidUrlQuery");
  });
});

describe("users", () => {
  const user = (name: string): Row => ({
    properties: { id: name, displayName: `${name} Example`, mail: `${name}@example.com`, proxyAddresses: [`SMTP:${name}@example.com`] },
  });
  const users = [user("anna"), user("ben")];
  const find = (query: string, eventual: boolean) => applyQuery(users, urlOf(query), "user", { eventual });
  test.each([
    ['$search="displayName:ann"', ["anna"]],
    ['$search="displayName:ann" OR "mail:ben"', ["anna", "ben"]],
    ['$search="displayName:example" AND "mail:ben"', ["ben"]],
    ["$filter=endswith(mail,'@example.com')&$count=true&$orderby=displayName desc", ["ben", "anna"]],
  ])("%s needs the header ConsistencyLevel", (query, expected) => {
    expect(refusedAs(() => find(query, false))).toBe("Request_UnsupportedQuery");
    expect(idsOf(find(query, true))).toEqual(expected);
  });
  test.each([
    ["$filter=mail eq 'ANNA@example.com'", ["anna"]],
    ["$filter=proxyAddresses/any(p:p eq 'smtp:ben@example.com')", ["ben"]],
    ["$filter=startswith(displayName,'b') or mail in ('anna@example.com')", ["anna", "ben"]],
  ])("%s does without", (query, expected) => {
    expect(idsOf(find(query, false))).toEqual(expected);
  });
  test("a page has at most 999, and $select gives nothing else", () => {
    expect(refusedAs(() => find("$top=1000", false))).toBe("Request_UnsupportedQuery");
    expect(find("$select=mail", false).value).toEqual([{ mail: "anna@example.com" }, { mail: "ben@example.com" }]);
    expect(refusedAs(() => find("$select=nothing", false))).toBe("Request_BadRequest");
    expect(refusedAs(() => find('$search="nothing:x"', true))).toBe("Request_BadRequest");
  });
});
