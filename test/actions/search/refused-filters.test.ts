import { afterEach, describe, expect, test } from "vitest";
import { deleteEmail } from "../../../src/actions/delete-email.ts";
import { searchEmailsExtended } from "../../../src/actions/search-emails-extended.ts";
import { type Backend, type LabHost, openLabHost } from "../lab-host.ts";
import { openSpoilingProxy, type Passing } from "./spoiling-proxy.ts";

const mailbox = "filters@example.com";
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

async function stage(backend: Backend, habits: readonly string[] = []): Promise<LabHost> {
  const at = await openLabHost({ habits }, backend);
  open.push(at);
  at.lab.store.addUser({ address: mailbox, displayName: "Filters", password: "x" });
  const day = (number: number) => new Date(Date.UTC(2026, 4, number));
  const ann = { name: "Ann Alpha", address: "ann@alpha.example" };
  at.put(mailbox, { subject: "Alpha", from: ann, receivedAt: day(1), importance: "High", categories: ["Red"], isRead: true });
  at.put(mailbox, { subject: "Beta", receivedAt: day(2), body: { type: "Text", value: `says IBAN ${"x".repeat(3000)}` } });
  at.put(mailbox, { subject: "Gamma", receivedAt: day(3), itemClass: "IPM.Schedule.Meeting.Request" }, "inbox/Deep");
  return at;
}

type Input = Readonly<Record<string, unknown>>;
const subjects = (answer: Input) => (answer.items as { subject: string }[]).map(({ subject }) => subject);

/** Each filter, its matches, and the property that a restriction names. */
const filters: readonly (readonly [property: string, input: Input, found: readonly string[]])[] = [
  ["item:Subject", { subject: "a", subject_match: "prefix" }, ["Alpha"]],
  ["0x5D02", { sender: "ann@" }, ["Alpha"]],
  ["0x0C1A", { sender: "ann alpha" }, ["Alpha"]],
  ["item:Body", { body: "IBAN" }, ["Beta"]],
  ["item:DateTimeReceived", { received_after: "2026-05-03" }, ["Gamma"]],
  ["item:DateTimeReceived", { received_before: "2026-05-02" }, ["Alpha"]],
  ["item:Size", { min_size: 3000 }, ["Beta"]],
  ["item:Size", { max_size: 2999 }, ["Gamma", "Alpha"]],
  ["item:Importance", { importance: "High" }, ["Alpha"]],
  ["item:Categories", { category: "red" }, ["Alpha"]],
  ["item:ItemClass", { item_class: "IPM.Schedule" }, ["Gamma"]],
  ["message:IsRead", { is_unread: false }, ["Alpha"]],
];

describe("over ews, a server that refuses to look for", () => {
  test.each(filters)("%s leaves the filter %j to the client, and the answer says so", async (property, input, found) => {
    const name = Object.keys(input)[0] ?? "";
    const kept = await (await stage("ews")).run(searchEmailsExtended, { mailbox, ...input });
    expect([subjects(kept), kept.applied]).toEqual([found, { [name]: name === "body" ? "server, unchecked" : "server" }]);
    const refused = await (await stage("ews", [`refuses-restrictions:${property}`])).run(searchEmailsExtended, { mailbox, ...input });
    expect(refused).toMatchObject({ success: true, applied: { [name]: "client" } });
    expect(subjects(refused)).toEqual(found);
  });

  test("one property still looks for the others", async () => {
    const at = await stage("ews", ["refuses-restrictions:item:Size"]);
    const answer = await at.run(searchEmailsExtended, { mailbox, min_size: 3000, subject: "e", received_after: "2026-05-01" });
    expect(answer).toMatchObject({ success: true, applied: { min_size: "client", subject: "server", received_after: "server" } });
    expect(subjects(answer)).toEqual(["Beta"]);
  });

  test("anything at all is searched page by page, with each message once", async () => {
    const at = await stage("ews", ["refuses-restrictions"]);
    const all: string[] = [];
    let cursor: unknown;
    do {
      const answer = await at.run(searchEmailsExtended, { mailbox, limit: 1, subject: "a", received_before: "2026-05-04", cursor });
      expect(answer).toMatchObject({ success: true, applied: { subject: "client", received_before: "client" } });
      all.push(...subjects(answer));
      cursor = answer.next_cursor;
    } while (cursor !== undefined);
    expect(all).toEqual(["Gamma", "Beta", "Alpha"]);
  });
});

describe("over ews, a filter that a server was seen to refuse", () => {
  test("is known for the next mailbox", async () => {
    const at = await stage("ews", ["refuses-restrictions:item:Size"]);
    const other = "filters-2@example.com";
    at.lab.store.addUser({ address: other, displayName: "Filters", password: "x" });
    at.put(other, { subject: "Delta", body: { type: "Text", value: "x".repeat(3000) } });
    await at.run(searchEmailsExtended, { mailbox, min_size: 3000 });
    const before = at.asked("FindItem");
    const answer = await at.run(searchEmailsExtended, { mailbox: other, min_size: 3000 });
    expect(answer).toMatchObject({ success: true, applied: { min_size: "client" } });
    expect(subjects(answer)).toEqual(["Delta"]);
    expect(at.asked("FindItem") - before).toBe(1);
  });

  test.each([
    ["any restriction", "refuses-restrictions"],
    ["the Message-ID", "refuses-restrictions:message:InternetMessageId"],
  ])("%s does not prevent a search by Message-ID, and finds no missing message", async (_, habit) => {
    const at = await stage("ews", [habit]);
    const kept = at.put(mailbox, { subject: "Named", internetMessageId: "<Named@example.net>" }, "inbox/Deep");
    const internet_message_id = ["<named@example.net>", "<nowhere@example.net>"];
    const answer = await at.run(deleteEmail, { mailbox, internet_message_id, keep_evidence: false, delete_type: "soft" });
    expect(answer).toMatchObject({ results: [{ item_id: kept.id, status: "done", verified: true }, { status: "not_found" }] });
  });
});

describe("over graph, a service that refuses", () => {
  const refusing =
    (what: RegExp) =>
    ({ url }: Passing) =>
      what.test(decodeURIComponent(url).replaceAll("+", " "))
        ? {
            status: 400,
            body: JSON.stringify({ error: { code: "ErrorInvalidUrlQueryFilter", message: "The query filter is not supported." } }),
          }
        : undefined;

  test.each([
    ["to compare texts", /contains\(/, { sender: "ann@", importance: "High" }, ["Alpha"], { sender: "client", importance: "server" }],
    ["a filter beside the time", /[?&]\$filter=[^&]* and /, { importance: "High" }, ["Alpha"], { importance: "client" }],
    [
      "every filter",
      /[?&]\$filter=/,
      { received_after: "2026-05-03", subject: "a" },
      ["Gamma"],
      { received_after: "client", subject: "client" },
    ],
  ] as const)("%s leaves it to the client, and the answer says so", async (_, what, input, found, applied) => {
    const at = await stage("graph");
    const proxy = await openSpoilingProxy(at.lab, "graph", refusing(what));
    open.push(proxy);
    const answer = await at.run(searchEmailsExtended, { mailbox, ...input }, { exchange: proxy.exchange });
    expect(answer.error).toBeUndefined();
    expect(answer).toMatchObject({ success: true, applied });
    expect(subjects(answer)).toEqual(found);
  });
});

test("over graph, a message is found by its Message-ID even if the service refuses to search for it", async () => {
  const at = await stage("graph");
  const kept = at.put(mailbox, { subject: "Named", internetMessageId: "<Named@example.net>" }, "inbox/Deep");
  const proxy = await openSpoilingProxy(at.lab, "graph", ({ url }) =>
    /filter=[^&]*internetMessageId/i.test(decodeURIComponent(url))
      ? {
          status: 400,
          body: JSON.stringify({ error: { code: "ErrorInvalidUrlQueryFilter", message: "The query filter is not supported." } }),
        }
      : undefined,
  );
  open.push(proxy);
  const internet_message_id = ["<named@example.net>", "<nowhere@example.net>"];
  const input = { mailbox, internet_message_id, keep_evidence: false, delete_type: "soft" };
  const answer = await at.run(deleteEmail, input, { exchange: proxy.exchange });
  expect(answer).toMatchObject({ results: [{ item_id: at.idOf(kept), status: "done", verified: true }, { status: "not_found" }] });
});

const withoutFilters = (text: string) =>
  text.replace(/<m:Restriction>.*?<\/m:Restriction>/s, "").replace(/(?<=[?&])(?:\$|%24)filter=[^&]*/, "");

describe("a server that ignores", () => {
  test("a query returns everything, and the answer reports that nothing was checked", async () => {
    for (const backend of ["ews", "graph"] as const) {
      const at = await stage(backend, ["ignores-queries"]);
      const answer = await at.run(searchEmailsExtended, { mailbox, query: "subject:Beta" });
      expect(answer.applied).toEqual({ query: "server, unchecked" });
      // The client applies the other filters.
      const beside = await at.run(searchEmailsExtended, { mailbox, query: "subject:Beta", importance: "Normal", subject: "beta" });
      expect(subjects(beside)).toEqual(["Beta"]);
    }
  });

  // Over EWS a message without categories looks the same as one whose categories the server does not return.
  test("a category is detected if the messages show theirs", async () => {
    for (const [backend, applied, found] of [
      ["ews", "server, unchecked", ["Gamma", "Beta", "Alpha"]],
      ["graph", "client", ["Alpha"]],
    ] as const) {
      const at = await stage(backend);
      const proxy = await openSpoilingProxy(at.lab, backend, () => undefined, withoutFilters);
      open.push(proxy);
      const answer = await at.run(searchEmailsExtended, { mailbox, category: "red" }, { exchange: proxy.exchange });
      expect([backend, subjects(answer), answer.applied]).toEqual([backend, found, { category: applied }]);
    }
  });

  test.each(filters.filter(([, input]) => !("sender" in input || "body" in input || "category" in input)))(
    "a restriction (%s) is detected, and the client applies its filter: %j",
    async (_, input, found) => {
      for (const backend of ["ews", "graph"] as const) {
        const at = await stage(backend);
        const proxy = await openSpoilingProxy(at.lab, backend, () => undefined, withoutFilters);
        open.push(proxy);
        const answer = await at.run(searchEmailsExtended, { mailbox, ...input }, { exchange: proxy.exchange });
        expect([backend, subjects(answer)]).toEqual([backend, found]);
        expect(answer).toMatchObject({ success: true, applied: { [Object.keys(input)[0] ?? ""]: "client" } });
      }
    },
  );
});
