import { createHash } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { searchEmailsExtended } from "../../src/actions/search-emails-extended.ts";
import { exitCodeOf } from "../../src/catalogue/answer-envelope.ts";
import type { Exchange } from "../../src/exchange/exchange.ts";
import { campaign } from "../../src/lab/seed/campaign.ts";
import type { LabMailbox } from "../../src/lab/store/mailbox.ts";
import { backends, type LabHost, openLabHost } from "./lab-host.ts";

describe.each(backends)("over %s", (backend) => {
  let at: LabHost;
  beforeAll(async () => {
    at = await openLabHost({}, backend);
  });
  afterAll(() => at.close());
  beforeEach(() => at.lab.clearFaults());

  type Row = Record<string, unknown>;
  type Given = Readonly<Record<string, unknown>>;
  const search = (input: Given, changes = {}) => at.run(searchEmailsExtended, input, changes);
  const items = (answer: Given) => answer.items as Row[];
  const column = (answer: Given, name: string) => items(answer).map((row) => row[name]);

  describe("the campaign", () => {
    test("is found in every mailbox and folder that contains it, moved and deleted copies included", async () => {
      const answer = await search({ mailboxes: "all", internet_message_id: campaign.messageId, limit: 100 });
      const where = items(answer).map((row) => `${row.mailbox} ${row.folder_path}`);
      expect(where.sort()).toEqual(campaign.copies.map((copy) => `${copy.mailbox} ${copy.folder}`).sort());
      expect(answer).toMatchObject({ success: true, truncated: false, total: campaign.copies.length });
    });

    test.each([["all"], campaign.mailboxes])("is found in %j over a connection without a default mailbox", async (...mailboxes) => {
      const exchange: Exchange = {
        ...at.host.exchange,
        mailbox: (address, call) => {
          if (address === undefined) throw new at.library.Failure("invalid-input", "No mailbox is named.");
          return at.host.exchange.mailbox(address, call);
        },
      };
      const input = { internet_message_id: campaign.messageId, limit: 100 };
      const answer = await search({ ...input, mailboxes: mailboxes.flat() }, { exchange });
      expect(items(answer)).toHaveLength(campaign.copies.length);
      expect(answer).not.toHaveProperty("mailbox");
      expect(await search(input, { exchange })).toMatchObject({
        success: false,
        error: { code: "invalid-input", message: "No mailbox is named." },
      });
    });

    // demisto/content#33096 and others: an id given without brackets was never found.
    test("is found by its Message-ID without angle brackets", async () => {
      const answer = await search({ mailboxes: campaign.mailboxes, internet_message_id: campaign.messageId.slice(1, -1) });
      expect(items(answer)).toHaveLength(campaign.copies.length);
    });

    test("and its variants are found by sender and subject together", async () => {
      const answer = await search({ mailboxes: "all", sender: campaign.sender, subject: campaign.subject, limit: 100 });
      const ids = new Set(column(answer, "internet_message_id"));
      expect([...ids].sort()).toEqual([campaign.messageId, campaign.variant.messageId, campaign.rich.messageId].sort());
      expect(answer).toMatchObject({ applied: { sender: expect.any(String), subject: "server" } });
    });
  });

  /** A mailbox of its own with what each filter has to choose from. */
  function stage(): LabMailbox {
    const address = "filters@example.com";
    const known = at.lab.store.mailbox(address);
    if (known) return known;
    const mailbox = at.lab.store.addUser({ address, displayName: "Filters", password: "x" });
    const day = (number: number) => new Date(Date.UTC(2026, 4, number));
    at.put(address, {
      subject: "Alpha report 'quoted' # & \"more\"",
      from: { name: "Ann Alpha", address: "ann@alpha.example" },
      to: [{ name: "Team", address: "team@example.com" }],
      body: { type: "Text", value: "first body says IBAN DE00 1234" },
      receivedAt: day(1),
      isRead: true,
      importance: "High",
      categories: ["Red"],
    });
    at.put(address, {
      subject: "Beta",
      from: { name: "Bob Beta", address: "bob@beta.example" },
      to: [{ address: "filters@example.com" }],
      body: { type: "HTML", value: "<p>second <b>body</b></p>" },
      receivedAt: day(2),
      attachments: [{ kind: "file", name: "Invoice.PDF", contentType: "application/pdf", content: Buffer.from("payload") }],
    });
    at.put(
      address,
      { subject: "Alpha", from: { address: "ann@alpha.example" }, receivedAt: day(3), itemClass: "IPM.Schedule.Meeting.Request" },
      "inbox/Deep/Deeper",
    );
    at.put(address, { subject: "Gone", from: { address: "ann@alpha.example" }, receivedAt: day(4) }, "recoverableitemsdeletions");
    return mailbox;
  }

  const sha256 = createHash("sha256").update("payload").digest("hex");

  describe("each filter keeps the matching messages and reports where it was applied:", () => {
    test.each<[string, Given, string[]]>([
      ["subject contains, ignoring case", { subject: "alpha" }, ["Alpha", "Alpha report"]],
      ["subject equals", { subject: "alpha", subject_match: "equals" }, ["Alpha"]],
      ["subject prefix", { subject: "alpha r", subject_match: "prefix" }, ["Alpha report"]],
      ["subject with characters that queries quote", { subject: "'quoted' # & \"more\"" }, ["Alpha report"]],
      ["sender by part of the address", { sender: "@beta.example" }, ["Beta"]],
      ["sender by name", { sender: "ann alpha" }, ["Alpha report"]],
      ["recipient", { recipient: "team@" }, ["Alpha report"]],
      ["body", { body: "second body" }, ["Beta"]],
      ["body_regex", { body_regex: "DE\\d\\d [0-9]{4}" }, ["Alpha report"]],
      ["attachment_name", { attachment_name: "invoice.pdf" }, ["Beta"]],
      ["attachment_sha256", { attachment_sha256: sha256.toUpperCase() }, ["Beta"]],
      ["received_after a day", { received_after: "2026-05-02" }, ["Alpha", "Beta"]],
      ["received_before a time with a zone", { received_before: "2026-05-02T02:00:00+02:00" }, ["Alpha report"]],
      ["has_attachments true", { has_attachments: "true" }, ["Beta"]],
      ["has_attachments false", { has_attachments: false }, ["Alpha", "Alpha report"]],
      ["has_attachments unset", { has_attachments: null }, ["Alpha", "Beta", "Alpha report"]],
      ["is_unread true", { is_unread: true }, ["Alpha", "Beta"]],
      ["is_unread false", { is_unread: false }, ["Alpha report"]],
      ["importance", { importance: "high" }, ["Alpha report"]],
      ["category", { category: "red" }, ["Alpha report"]],
      ["item_class and what is below it", { item_class: "IPM.Schedule" }, ["Alpha"]],
      ["folder without those below", { folder: "inbox", recursive: false }, ["Beta", "Alpha report"]],
      ["folder by path", { folder: "Inbox\\Deep" }, ["Alpha"]],
      ["include_recoverable", { include_recoverable: true }, ["Gone", "Alpha", "Beta", "Alpha report"]],
      ["several at once", { sender: "ann@", subject: "alpha", is_unread: true }, ["Alpha"]],
      ["a query of the server", { query: "subject:Beta" }, ["Beta"]],
    ])("%s", async (_, input, subjects) => {
      const answer = await search({ mailbox: stage().address, ...input });
      expect(answer).toMatchObject({ success: true });
      // Newest first, over all folders.
      expect(column(answer, "subject").map((subject) => String(subject).split(" 'q")[0])).toEqual(subjects);
      const filters = Object.entries(input).filter(
        ([name, value]) => value !== null && !/^(folder|recursive|include_recoverable|subject_match)$/.test(name),
      );
      const applied = answer.applied as Record<string, string>;
      expect(Object.keys(applied).sort()).toEqual(filters.map(([name]) => name).sort());
      for (const where of Object.values(applied)) expect(["server", "client", "server, unchecked"]).toContain(where);
    });

    test("min_size and max_size divide the messages between them", async () => {
      const mailbox = stage().address;
      const sizes = column(await search({ mailbox }), "size")
        .map(Number)
        .sort((a, b) => a - b);
      const middle = sizes[1] ?? 0;
      expect(column(await search({ mailbox, max_size: middle - 1 }), "size")).toEqual([sizes[0]]);
      expect(column(await search({ mailbox, min_size: middle }), "size")).toHaveLength(2);
    });

    test("last_minutes counts back from now", async () => {
      const now = () => new Date(Date.UTC(2026, 4, 3, 0, 30));
      const answer = await search({ mailbox: stage().address, last_minutes: 60 }, { now });
      expect(column(answer, "subject")).toEqual(["Alpha"]);
      expect(answer).toMatchObject({ applied: { received_after: "server" } });
    });

    test("a regular expression that backtracks for years in other engines is evaluated immediately", async () => {
      const mailbox = stage().address;
      at.put(mailbox, {
        subject: "Slow",
        body: { type: "Text", value: `${"a".repeat(50_000)}!` },
        receivedAt: new Date(Date.UTC(2025, 0, 1)),
      });
      expect(column(await search({ mailbox, body_regex: "^(a+)+$" }), "subject")).toEqual([]);
    });
  });

  test("a search without results is a success with a message about it", async () => {
    expect(await search({ subject: "no such subject" })).toMatchObject({
      success: true,
      message: "No messages found.",
      items: [],
      truncated: false,
    });
  });

  describe("columns", () => {
    test("of recipients, attachments and headers are returned only on request", async () => {
      const answer = await search({ mailbox: stage().address, subject: "Beta", fields: "subject, to, attachments" });
      expect(items(answer)).toEqual([
        {
          mailbox: "filters@example.com",
          item_id: expect.any(String),
          subject: "Beta",
          to: [expect.objectContaining({ address: "filters@example.com" })],
          attachments: [expect.objectContaining({ name: "Invoice.PDF", kind: "file" })],
        },
      ]);
    });

    test.each([
      ["none", {}],
      ["preview", { body_preview: expect.stringContaining("second") }],
      ["text", { body_text: expect.stringContaining("second body") }],
      ["html", { body_html: expect.stringContaining("<b>body</b>") }],
    ])("for include_body %s have only that form", async (include_body, bodies) => {
      const [row = {}] = items(await search({ mailbox: stage().address, subject: "Beta", include_body }));
      expect(Object.fromEntries(Object.entries(row).filter(([name]) => name.startsWith("body_")))).toEqual(bodies);
    });

    test("an unknown column is refused by name", async () => {
      expect(await search({ fields: ["subjekt"] })).toMatchObject({
        success: false,
        error: { code: "invalid-input", message: expect.stringMatching(/^fields/) },
      });
    });
  });

  describe("over several mailboxes", () => {
    const mailboxes = ["finance@example.com", "payroll@example.com", "reception@example.com"];

    // XSOAR fills its limit folder by folder, without an order over all folders.
    test("the limit and the order, newest first, apply to all of them together", async () => {
      const all = await search({ mailboxes, limit: 1000 });
      const times = column(all, "received_at").map(String);
      expect(times).toEqual([...times].sort().reverse());
      expect(new Set(column(all, "mailbox"))).toEqual(new Set(mailboxes));
      const some = await search({ mailboxes, limit: 7 });
      expect(column(some, "item_id")).toEqual(column(all, "item_id").slice(0, 7));
      expect(some).toMatchObject({ truncated: true, next_cursor: expect.any(String) });
    });

    test.each([1, 2, 7, 50])("pages of %i return every message once and in order", async (limit) => {
      const whole = column(await search({ mailboxes, limit: 1000, sender: "example" }), "item_id");
      const paged: unknown[] = [];
      let cursor: unknown;
      for (let page = 0; page <= whole.length; page++) {
        const answer = await search({ mailboxes, limit, sender: "example", ...(cursor === undefined ? {} : { cursor }) });
        paged.push(...column(answer, "item_id"));
        cursor = answer.next_cursor;
        if (cursor === undefined) break;
      }
      expect(cursor).toBeUndefined();
      expect(paged).toEqual(whole);
    });

    test("a cursor of last_minutes keeps its start time", async () => {
      const mailbox = stage().address;
      const late = (minutes: number) => ({ now: () => new Date(Date.UTC(2026, 4, 3, 0, minutes)) });
      const first = await search({ mailbox, last_minutes: 60 * 24 * 2, limit: 1 }, late(1));
      const second = await search({ mailbox, last_minutes: 60 * 24 * 2, limit: 1, cursor: first.next_cursor }, late(59));
      expect([...column(first, "subject"), ...column(second, "subject")]).toEqual(["Alpha", "Beta"]);
    });

    test("the cursor of a search whose times depend on the clock keeps them, and refuses other times", async () => {
      const mailbox = stage().address;
      const late = (minutes: number) => ({ now: () => new Date(Date.UTC(2026, 4, 3, 0, minutes)) });
      const input = { mailbox, received_after: "2d", received_before: "now", limit: 1 };
      const first = await search(input, late(1));
      const second = await search({ ...input, cursor: first.next_cursor }, late(59));
      expect([...column(first, "subject"), ...column(second, "subject")]).toEqual(["Alpha", "Beta"]);
      const other = await search({ ...input, received_before: "2026-05-02", cursor: first.next_cursor }, late(59));
      expect(other).toMatchObject({ success: false, error: { code: "invalid-input", message: expect.stringContaining("another search") } });
    });

    test("a mailbox that cannot be searched fails alone and is named, and the others are searched", async () => {
      const answer = await search({ mailboxes: [...mailboxes, "nobody@example.com"], internet_message_id: campaign.messageId });
      expect(items(answer)).toHaveLength(3);
      expect(answer).toMatchObject({ success: false, counts: { requested: 4, succeeded: 3, failed: 1 } });
      expect((answer.per_mailbox as Row[]).map((row) => [row.mailbox, row.status, row.count])).toEqual([
        ...mailboxes.map((mailbox) => [mailbox, "done", 1]),
        ["nobody@example.com", "failed", 0],
      ]);
      expect((answer.per_mailbox as Row[])[3]).toMatchObject({ error: { code: "mailbox-not-found" } });
      expect(exitCodeOf(answer)).toBe(6);
    });

    test.skipIf(backend === "ews")("a mailbox without details in the list is searched as well (EWS lists all together)", async () => {
      at.lab.addFault({ kind: "item-error", operation: "user-get-mailboxsettings-part", mailbox: mailboxes[0] });
      const answer = await search({ mailboxes: "all", internet_message_id: campaign.messageId, limit: 100 });
      expect(answer).toMatchObject({ success: true, total: campaign.copies.length });
    });

    test("a mailbox given twice is searched once", async () => {
      const answer = await search({ mailboxes: ["finance@example.com", "FINANCE@example.com"], internet_message_id: campaign.messageId });
      expect(items(answer)).toHaveLength(1);
    });

    test("the only mailbox that cannot be searched fails the call", async () => {
      expect(await search({ mailbox: "nobody@example.com" })).toMatchObject({ success: false, error: { code: "mailbox-not-found" } });
    });

    test("progress reports how far the search is", async () => {
      const said: string[] = [];
      await search({ mailboxes, limit: 1 }, { progress: (text: string) => said.push(text) });
      expect(said).toEqual(["searched 1 of 3 mailboxes", "searched 2 of 3 mailboxes", "searched 3 of 3 mailboxes"]);
    });
  });

  describe("a cursor", () => {
    test("of other filters is refused", async () => {
      const first = await search({ mailboxes: "all", limit: 1 });
      const answer = await search({ mailboxes: "all", limit: 1, cursor: first.next_cursor, subject: "x" });
      expect(answer).toMatchObject({ success: false, error: { code: "invalid-input" } });
    });

    test("opens no mailbox that the input does not name", async () => {
      const first = await search({ mailbox: "finance@example.com", limit: 1 });
      const answer = await search({ mailbox: "payroll@example.com", limit: 1, cursor: first.next_cursor });
      expect(answer).toMatchObject({
        success: false,
        error: { code: "invalid-input", message: expect.stringContaining("other mailboxes") },
      });
    });

    test.each(["", "x", "WyIi", Buffer.from('["", 1, 2]').toString("base64url"), Buffer.from('{"a":1}').toString("base64url")])(
      "that we did not write (%j) is refused or ignored",
      async (cursor) => {
        const answer = await search({ subject: "nothing", cursor });
        if (cursor === "") expect(answer).toMatchObject({ success: true });
        else expect(answer).toMatchObject({ success: false, error: { code: "invalid-input", message: expect.stringContaining("cursor") } });
      },
    );
  });

  // ews-javascript-api escapes nothing that it writes: such a text breaks its request, or adds to it.
  describe("a text that resembles markup, a query or a pattern is found literally, and nothing else is found:", () => {
    const who = "literal@example.com";
    const hostile = [
      `a"b<c>&d`,
      "&amp; &lt;t:Constant/&gt;",
      `"/><t:Constant Value="`,
      "]]><!-- --><![CDATA[",
      "100% _of it_ *.* [a-z] (x|y)? $^",
      "' OR subject:* AND #1 --",
      "back\\slash/slash",
      "  two  spaces\tand a tab ",
      "\u202eexe.fdp \u{1F4CE} \u00e9",
    ];
    beforeAll(() => {
      const mailbox = at.lab.store.addUser({ address: who, displayName: "Literal" });
      for (const [index, text] of hostile.entries()) {
        const name = text.replace(/\s+/g, " ").trim();
        at.put(who, {
          subject: text,
          internetMessageId: `<${index}.${text.replace(/\s/g, "")}@example.net>`,
          from: { name, address: `eve${index}@example.net` },
          body: { type: "Text", value: `before ${text} after` },
          categories: [name],
          attachments: [{ kind: "file", name: `${name}.txt`, content: Buffer.from("x") }],
        });
        mailbox.add(mailbox.createFolder(mailbox.known("inbox"), name), { subject: `in folder ${index}` });
      }
    });

    test.each(hostile.map((text, index) => ({ text, index })))("$text", async ({ text, index }) => {
      const found = async (input: Given) => column(await search({ mailbox: who, ...input }), "subject");
      const name = text.replace(/\s+/g, " ").trim();
      expect(await found({ subject: text })).toEqual([text]);
      expect(await found({ subject: text, subject_match: "equals" })).toEqual([text]);
      expect(await found({ subject: text.slice(0, -1), subject_match: "prefix" })).toEqual([text]);
      expect(await found({ body: text })).toEqual([text]);
      expect(await found({ sender: name })).toEqual([text]);
      expect(await found({ attachment_name: name })).toEqual([text]);
      expect(await found({ category: name })).toEqual([text]);
      expect(await found({ internet_message_id: [`${index}.${text.replace(/\s/g, "")}@example.net`] })).toEqual([text]);
      expect(await found({ folder: `Inbox/${name.replace(/[\\/]/g, "\\$&")}` })).toEqual([`in folder ${index}`]);
    });
  });

  // XSOAR counts instances of its Message class only: meeting requests, delivery reports and posts are not found.
  test.skipIf(backend === "graph")("items of every class are found (Graph lists no posts)", async () => {
    const who = "classes@example.com";
    at.lab.store.addUser({ address: who, displayName: "Classes" });
    const classes = ["IPM.Note", "IPM.Note.SMIME", "IPM.Schedule.Meeting.Request", "REPORT.IPM.Note.NDR", "IPM.Post"];
    for (const itemClass of classes) at.put(who, { itemClass });
    expect(column(await search({ mailbox: who }), "item_class").sort()).toEqual([...classes].sort());
  });

  // IBM's connector answers a search with the base64 of every attachment.
  test("a search lists attachments without reading their content", async () => {
    const before = at.asked("GetAttachment");
    const answer = await search({ mailboxes: "all", has_attachments: true, fields: "attachments", limit: 1000 });
    expect(items(answer).length).toBeGreaterThan(2);
    expect([JSON.stringify(answer).includes('content":'), at.asked("GetAttachment") - before]).toEqual([false, 0]);
  });

  test.each<[Given]>([
    [{ received_after: "01/02/2026" }],
    [{ limit: 0 }],
    [{ attachment_sha256: "abc" }],
    [{ body_regex: "(" }],
    [{ subjekt: "x" }],
  ])("%j is refused as input", async (input) => {
    expect(await search(input)).toMatchObject({ success: false, error: { code: "invalid-input" } });
  });
});
