import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listShape } from "../../../src/ews/messages/item-shapes.ts";
import { findItem } from "../../../src/ews/operations/find-item.ts";
import { planFilters } from "../../../src/ews/search/restriction.ts";
import { search } from "../../../src/ews/search/search.ts";
import type { EwsMailbox } from "../../../src/ews/session/mailbox.ts";
import { envelope } from "../../../src/ews/session/soap.ts";
import type { Message } from "../../../src/exchange/message.ts";
import type { Position } from "../../../src/exchange/search/cursor.ts";
import { givenFilters, openMatcher } from "../../../src/exchange/search/match-filters.ts";
import type { Filters } from "../../../src/exchange/search/search-query.ts";
import { type Lab, startLab } from "../../../src/lab/lab.ts";
import { campaign } from "../../../src/lab/seed/campaign.ts";
import { xmlText } from "../../../src/wire/xml/write-xml.ts";
import { connect } from "../scripted.ts";
import { becauseSchema, schemaErrors, schemaMissing } from "../validate.ts";

const everything: Required<Omit<Filters, "query">> = {
  subject: 'a"b<c>&d',
  subjectMatch: "contains",
  sender: "mallory@example.net",
  recipient: "ana@example.com",
  body: "pay ]]> now",
  bodyRegex: "pay",
  attachmentName: "invoice",
  attachmentSha256: "a".repeat(64),
  internetMessageId: ["<one@example.net>", "two@example.net"],
  conversationId: "AAQk",
  receivedAfter: "2026-01-01T00:00:00Z",
  receivedBefore: "2026-02-01T01:00:00+01:00",
  hasAttachments: true,
  isUnread: false,
  minSize: 1,
  maxSize: 100_000,
  importance: "High",
  category: "Red",
  itemClass: "IPM.Note",
};

function restriction(filters: Filters, after?: Position): string {
  const { restriction } = planFilters(filters, after);
  return restriction ? xmlText(restriction) : "";
}

function request(filters: Filters, after?: Position): string {
  const plan = planFilters(filters, after);
  const find = findItem.write({
    folders: [{ id: "AAMk" }, { distinguished: "recoverableitemsdeletions", mailbox: "ana@example.com" }],
    shape: listShape({ body: "preview" }),
    pageSize: 250,
    offset: 500,
    newestBy: "item:DateTimeReceived",
    ...plan,
  });
  return xmlText(envelope(find, { mailbox: "ana@example.com" }));
}

const position: Position = { receivedAt: "2026-01-15T12:00:00.250Z", given: [] };

describe.skipIf(schemaMissing !== undefined)(`every search is valid in the schema of Exchange SE${becauseSchema}`, () => {
  test("each filter alone, all together, with a cursor and with a query, while a wrong one is not", async () => {
    const documents: Record<string, string> = {
      "all filters": request(everything),
      "all filters and a cursor": request(everything, position),
      "a cursor alone": request({}, position),
      nothing: request({}),
      "a query": request({ query: 'subject:"a & b" <c>', sender: "mallory" }),
      "subject equals": request({ subject: "a", subjectMatch: "equals" }),
      "subject prefix": request({ subject: "a", subjectMatch: "prefix" }),
    };
    for (const [name, value] of Object.entries(everything)) documents[`${name} alone`] = request({ [name]: value });
    expect(await schemaErrors(documents)).toEqual([]);
    expect(await schemaErrors({ wrong: request({ sender: "a" }).replace("IgnoreCase", "Sometimes") })).not.toEqual([]);
  });
});

describe("the request to the server", () => {
  test("contains every filter", () => {
    expect(planFilters(everything).applied).toEqual({
      subject: "server",
      sender: "server",
      // No line of a list shows it.
      body: "server, unchecked",
      internetMessageId: "server",
      receivedAfter: "server",
      receivedBefore: "server",
      hasAttachments: "server",
      isUnread: "server",
      minSize: "server",
      maxSize: "server",
      importance: "server",
      category: "server",
      itemClass: "server",
      recipient: "client",
      bodyRegex: "client",
      attachmentName: "client",
      attachmentSha256: "client",
      conversationId: "client",
    });
    expect(planFilters({}).applied).toEqual({});
  });

  test("leaves conditions that the server cannot decide to the client, and the sender to both", () => {
    expect(new Set(planFilters(everything).check)).toEqual(
      new Set(["sender", "recipient", "bodyRegex", "attachmentName", "attachmentSha256", "conversationId"]),
    );
  });

  test("has a query in place of the restriction, with all other filters left to the client", () => {
    const plan = planFilters({ ...everything, query: "kind:email" }, position);
    expect(plan.restriction).toBeUndefined();
    expect(plan.queryString).toBe("kind:email");
    const { query, ...others } = plan.applied;
    expect(query).toBe("server, unchecked");
    expect(Object.keys(others)).toHaveLength(18);
    expect(new Set(Object.values(others))).toEqual(new Set(["client"]));
    expect(plan.check).toHaveLength(18);
  });

  test("searches a Message-ID with and without its brackets", () => {
    for (const id of ["one@example.net", "<one@example.net>"]) {
      const xml = restriction({ internetMessageId: [id] });
      expect([...xml.matchAll(/Value="([^"]*)"/g)].map(([, value]) => value)).toEqual(["&lt;one@example.net&gt;", "one@example.net"]);
      expect(xml).toContain("<m:Restriction><t:Or>");
    }
  });

  test("searches a class and its subclasses, never a mere prefix", () => {
    const values = [...restriction({ itemClass: "IPM.Note" }).matchAll(/ContainmentMode="(\w+)".*?Value="([^"]*)"/g)].map(
      ([, mode, value]) => [mode, value],
    );
    expect(values).toEqual([
      ["FullString", "IPM.Note"],
      ["Prefixed", "IPM.Note."],
    ]);
  });

  test("writes times in UTC, whatever their zone in the input", () => {
    expect(restriction({ receivedBefore: "2026-02-01T01:00:00+01:00" })).toContain('Value="2026-02-01T00:00:00.000Z"');
  });

  test("includes fractions of a second that a cursor does not have", () => {
    expect(restriction({}, position)).toContain('<t:IsLessThan><t:FieldURI FieldURI="item:DateTimeReceived"/>');
    expect(restriction({}, position)).toContain('Value="2026-01-15T12:00:01.250Z"');
  });

  test("has no bound for a cursor among messages without a time of receipt", () => {
    expect(restriction({}, { receivedAt: "", given: [] })).toBe("");
  });

  test("leaves an empty subject to the client", () => {
    expect(planFilters({ subject: "", subjectMatch: "equals" })).toMatchObject({ applied: { subject: "client" }, check: ["subject"] });
  });

  // ews-javascript-api writes `a"b<c>&d` into Value="…" as it is.
  test("keeps a hostile text as one text", () => {
    const xml = restriction({ subject: '"/></t:Contains><x y="' });
    expect(xml).toContain('Value="&quot;/&gt;&lt;/t:Contains&gt;&lt;x y=&quot;"');
  });

  test("refuses a character that XML cannot carry", () => {
    expect(() => restriction({ subject: "a\u0001b" })).toThrow(expect.objectContaining({ code: "invalid-input" }));
  });
});

describe("over the lab, the server finds the same messages as a client that reads every message", () => {
  let lab: Lab;
  let mailbox: EwsMailbox;
  let all: readonly Message[];
  let close: () => void;
  const none = { sha256: () => Promise.reject(new Error("not asked")), inside: async () => [] };
  beforeAll(async () => {
    lab = await startLab({ password: "lab-password" });
    const address = "hr@example.com";
    const client = connect(lab.ewsUrl, `${address}:lab-password`);
    close = client.close;
    mailbox = client.mailbox(address);
    all = (await search(mailbox, { filters: {}, limit: 1000, detail: { recipients: true, attachments: true, body: "text" } }, none))
      .messages;
  });
  afterAll(async () => {
    close();
    await lab.close();
  });

  const middle = () => all[Math.floor(all.length / 2)]?.receivedAt ?? "";
  const size = () => all.map((message) => message.size ?? 0).sort((one, other) => one - other)[Math.floor(all.length / 2)] ?? 0;
  const cases: [string, () => Filters][] = [
    ["a part of a subject in another case", () => ({ subject: "OVERDUE" })],
    ["a whole subject", () => ({ subject: campaign.subject.toUpperCase(), subjectMatch: "equals" })],
    ["the beginning of a subject", () => ({ subject: "overdue inv", subjectMatch: "prefix" })],
    ["an address of the same organisation", () => ({ sender: "@example.com" })],
    ["an address from outside", () => ({ sender: campaign.sender })],
    ["a sender's name", () => ({ sender: campaign.senderName.toLowerCase() })],
    ["words of a body", () => ({ body: "the" })],
    ["an Internet Message-ID without brackets", () => ({ internetMessageId: [campaign.rich.messageId.slice(1, -1), "none@example.com"] })],
    ["a time from which on", () => ({ receivedAfter: middle() })],
    ["a time before which", () => ({ receivedBefore: middle() })],
    ["attachments", () => ({ hasAttachments: true })],
    ["no attachments", () => ({ hasAttachments: false })],
    ["unread mail", () => ({ isUnread: true })],
    ["read mail", () => ({ isUnread: false })],
    ["the larger half", () => ({ minSize: size() })],
    ["the smaller half", () => ({ maxSize: size() })],
    ["high importance", () => ({ importance: "High" })],
    ["normal importance", () => ({ importance: "Normal" })],
    ["a class", () => ({ itemClass: "ipm.note" })],
    ["a class above all", () => ({ itemClass: "IPM" })],
    ["a class that only begins alike", () => ({ itemClass: "IPM.Not" })],
    ["several at once", () => ({ sender: "example", hasAttachments: false, subject: "e", receivedBefore: middle() })],
  ];
  test.each(cases)("%s", async (_, filters) => {
    const asked = filters();
    const found = await search(mailbox, { filters: asked, limit: 1000 }, none);
    const matches = await openMatcher(asked, givenFilters(asked), none);
    const expected: string[] = [];
    for (const message of all) if (await matches(message)) expected.push(message.itemId);
    expect(found.messages.map(({ itemId }) => itemId)).toEqual(expected);
    for (const where of Object.values(found.applied)) expect(["server", "server, unchecked"]).toContain(where);
  });

  test("with filters that mostly match some messages and not others", async () => {
    const counts = await Promise.all(
      cases.map(async ([, filters]) => (await search(mailbox, { filters: filters(), limit: 1000 }, none)).messages.length),
    );
    expect(counts.filter((count) => count > 0 && count < all.length).length).toBeGreaterThan(cases.length / 2);
  });

  test("in pages by cursor that together equal one page", async () => {
    const given: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await search(mailbox, { filters: {}, limit: 3, cursor }, none);
      given.push(...page.messages.map(({ itemId }) => itemId));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(given).toEqual(all.map(({ itemId }) => itemId));
    expect(given.length).toBeGreaterThan(10);
  });
});
