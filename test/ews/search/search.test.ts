import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { search } from "../../../src/ews/search/search.ts";
import type { Search } from "../../../src/exchange/search/search-query.ts";
import { Failure } from "../../../src/failure.ts";
import {
  type Answer,
  type Asked,
  failure,
  findIn,
  foldersOf,
  folderTree,
  idsOf,
  messageXml,
  page,
  reply,
  type Scripted,
  type ScriptedMessage,
  startScripted,
  success,
} from "../scripted.ts";

let server: Scripted;
let answer: (asked: Asked) => Answer;
beforeAll(async () => {
  server = await startScripted((asked) => answer(asked));
});
afterAll(() => server.close());

const tree = folderTree([
  { id: "inbox", name: "Inbox", distinguished: "inbox" },
  { id: "reports", name: "Reports", parent: "inbox" },
  { id: "events", name: "Events", parent: "inbox", folderClass: "IPF.Appointment" },
  { id: "below", name: "Below", parent: "events" },
  { id: "deleted", name: "Deleted Items", distinguished: "deleteditems" },
  { id: "contacts", name: "Contacts", folderClass: "IPF.Contact" },
]);

type Box = Readonly<Record<string, readonly ScriptedMessage[]>>;

/** A mailbox of fixed folders. `items`: GetItem's reply for an id, if it differs from the list; a code in place of XML. */
function mailboxOf(box: Box, items: Readonly<Record<string, string>> = {}): (asked: Asked) => Answer {
  const listed = Object.values(box).flat();
  return (asked) => {
    if (asked.operation === "FindFolder") return tree;
    if (asked.operation === "FindItem") return findIn(box, asked);
    // The path of a folder that no list of folders holds; a search does without it.
    if (asked.operation === "GetFolder") return reply("GetFolder", failure("GetFolder", "ErrorFolderNotFound"));
    if (asked.operation !== "GetItem") throw new Error(`${asked.operation} was not expected`);
    const messages = idsOf(asked).map((id) => {
      const said = items[id];
      if (said?.startsWith("Error")) return failure("GetItem", said);
      const found = listed.find((message) => message.id === id);
      return success("GetItem", `<m:Items>${said ?? (found ? messageXml(found) : "")}</m:Items>`);
    });
    return reply("GetItem", ...messages);
  };
}

async function run(asked: Partial<Search>, sha256: (id: string) => Promise<string> = () => Promise.reject(new Error("not asked"))) {
  server.asked.length = 0;
  return search(server.mailbox(), { filters: {}, limit: 50, ...asked }, { sha256: ({ id }) => sha256(id), inside: async () => [] });
}

const ids = ({ messages }: { messages: readonly { itemId: string }[] }) => messages.map(({ itemId }) => itemId);
const of = (operation: string) => server.asked.filter((asked) => asked.operation === operation);

const box: Box = {
  inbox: [
    { id: "i3", at: 30 },
    { id: "i1", at: 10 },
  ],
  reports: [{ id: "r2", at: 20 }],
  below: [{ id: "b5", at: 50 }],
  deleted: [{ id: "d4", at: 40 }],
};

describe("a search of a whole mailbox", () => {
  test("searches every mail folder, including Deleted Items and subfolders, and no other", async () => {
    answer = mailboxOf(box);
    const found = await run({});
    expect(ids(found)).toEqual(["b5", "d4", "i3", "r2", "i1"]);
    expect(found).toMatchObject({ folders: 4, total: 5, applied: {}, nextCursor: undefined, unsearched: undefined });
    expect(found.messages.map(({ folderPath }) => folderPath)).toEqual([
      "Inbox/Events/Below",
      "Deleted Items",
      "Inbox",
      "Inbox/Reports",
      "Inbox",
    ]);
    expect(of("FindItem").flatMap(foldersOf)).toEqual(["inbox", "reports", "below", "deleted"]);
  });

  test("keeps its limit over all folders, and continues without duplicates or gaps", async () => {
    answer = mailboxOf(box);
    const first = await run({ limit: 2 });
    expect(ids(first)).toEqual(["b5", "d4"]);
    // The scripted server has no restrictions, so the client must leave out messages that were already returned.
    const second = await run({ limit: 2, cursor: first.nextCursor });
    expect(ids(second)).toEqual(["i3", "r2"]);
    expect(second.total).toBeUndefined();
    const third = await run({ limit: 2, cursor: second.nextCursor });
    expect(ids(third)).toEqual(["i1"]);
    expect(third.nextCursor).toBeUndefined();
  });

  test("has no cursor when the limit equals the number of messages", async () => {
    answer = mailboxOf(box);
    expect((await run({ limit: 5 })).nextCursor).toBeUndefined();
  });

  test("adds the Recoverable Items only when asked, as a folder and never with a traversal of its own", async () => {
    answer = mailboxOf({ ...box, recoverableitemsdeletions: [{ id: "x9", at: 90 }] });
    expect(ids(await run({ includeRecoverable: true }))[0]).toBe("x9");
    expect(of("FindItem").every(({ xml }) => xml.includes('Traversal="Shallow"'))).toBe(true);
    expect(ids(await run({}))).not.toContain("x9");
  });

  test("reports a cut list of folders, and does not call a hidden folder missing", async () => {
    const plain = mailboxOf(box);
    answer = (asked) => {
      const said = plain(asked);
      if (asked.operation !== "FindFolder" || typeof said !== "string") return said;
      return said.replace(
        /IndexedPagingOffset="\d+"(.*?)IncludesLastItemInRange="true"/,
        'IndexedPagingOffset="0"$1IncludesLastItemInRange="false"',
      );
    };
    const found = await run({});
    expect(ids(found)).toEqual(["b5", "d4", "i3", "r2", "i1"]);
    expect(found).toMatchObject({ total: undefined, unsearched: [{ failure: { code: "could-not-look" } }] });
    await expect(run({ folder: "Projects/2026" })).rejects.toMatchObject({ code: "could-not-look" });
  });

  test("names the folder that it could not search", async () => {
    answer = mailboxOf({ inbox: box.inbox ?? [], reports: box.reports ?? [], below: [] });
    const found = await run({});
    expect(ids(found)).toEqual(["i3", "r2", "i1"]);
    expect(found).toMatchObject({
      folders: 3,
      total: undefined,
      unsearched: [{ folderPath: "Deleted Items", failure: { code: "folder-not-found" } }],
    });
  });

  test.each([0, -1, 1.5])("refuses a limit of %s", async (limit) => {
    await expect(run({ limit })).rejects.toMatchObject({ code: "invalid-input" });
  });
});

describe("a search of one folder", () => {
  test("includes its subfolders unless disabled", async () => {
    answer = mailboxOf(box);
    expect(ids(await run({ folder: "Inbox" }))).toEqual(["b5", "i3", "r2", "i1"]);
    expect(ids(await run({ folder: "Inbox/Reports", recursive: false }))).toEqual(["r2"]);
  });

  test("that is missing is a failure folder-not-found", async () => {
    answer = mailboxOf(box);
    await expect(run({ folder: "Inbox/Nowhere" })).rejects.toMatchObject({ code: "folder-not-found" });
  });
});

describe("a value that FindItem does not return", () => {
  const long = "s".repeat(255);

  test("of a subject is read again if it may be cut, by characters or by bytes", async () => {
    const wide = "€".repeat(171);
    answer = mailboxOf(
      {
        inbox: [
          { id: "a", at: 3, subject: long },
          { id: "b", at: 2, subject: wide },
          { id: "c", at: 1, subject: long.slice(1) },
        ],
        reports: [],
        below: [],
        deleted: [],
      },
      {
        a: messageXml({ id: "a", at: 3, subject: `${long} and the rest` }),
        b: messageXml({ id: "b", at: 2, subject: `${wide} and more` }),
      },
    );
    const found = await run({});
    expect(found.messages.map(({ subject }) => subject)).toEqual([`${long} and the rest`, `${wide} and more`, long.slice(1)]);
    expect(of("GetItem").flatMap(idsOf)).toEqual(["a", "b"]);
  });

  test("of a sender is read before it is compared, because a display name matches no address", async () => {
    const nameOnly = (id: string) =>
      `<t:Message><t:ItemId Id="${id}"/><t:From><t:Mailbox><t:Name>Somebody</t:Name></t:Mailbox></t:From></t:Message>`;
    answer = (asked) => {
      if (asked.operation === "FindItem") return reply("FindItem", page([nameOnly("yes"), nameOnly("no")], { last: true }));
      return mailboxOf({
        inbox: [
          { id: "yes", from: "mallory@example.net" },
          { id: "no", from: "ben@example.org" },
        ],
      })(asked);
    };
    const found = await run({ folder: "inbox", recursive: false, filters: { sender: "MALLORY@" } });
    expect(ids(found)).toEqual(["yes"]);
    expect(found.messages[0]?.from?.address).toBe("mallory@example.net");
    expect(found.applied).toEqual({ sender: "server" });
  });

  test("is not requested if nothing needs it", async () => {
    answer = mailboxOf(box);
    await run({ filters: { subject: "x" }, detail: { body: "preview" } });
    expect(of("GetItem")).toEqual([]);
    expect(of("FindItem")[0]?.xml).toContain("item:Preview");
  });
});

describe("filters that the server does not know", () => {
  const to = (address: string) => `<t:ToRecipients><t:Mailbox><t:EmailAddress>${address}</t:EmailAddress></t:Mailbox></t:ToRecipients>`;
  const whole = (id: string, address: string, body = "text") =>
    `<t:Message><t:ItemId Id="${id}"/><t:Subject>${id}</t:Subject><t:Body BodyType="Text">${body}</t:Body><t:DateTimeReceived>2026-01-01T00:00:00Z</t:DateTimeReceived>${to(address)}</t:Message>`;
  const inbox = Array.from({ length: 60 }, (_, index) => ({ id: `m${index}`, at: 100 - index }));
  const others = { reports: [], below: [], deleted: [] };
  const wanted = (id: string) => Number(id.slice(1)) % 10 === 7;
  const items = Object.fromEntries(inbox.map(({ id }) => [id, whole(id, wanted(id) ? "ana@example.com" : "ben@example.org")]));

  test("are applied by reading the messages, and the limit counts those that match", async () => {
    answer = mailboxOf({ inbox, ...others }, items);
    const found = await run({ filters: { recipient: "ana@" }, limit: 3 });
    expect(ids(found)).toEqual(["m7", "m17", "m27"]);
    expect(found).toMatchObject({ applied: { recipient: "client" }, total: undefined });
    expect(found.nextCursor).toBeDefined();
    const rest = await run({ filters: { recipient: "ana@" }, limit: 3, cursor: found.nextCursor });
    expect(ids(rest)).toEqual(["m37", "m47", "m57"]);
  });

  test("do not add the values read for them to the result", async () => {
    answer = mailboxOf({ inbox, ...others }, items);
    const [message] = (await run({ filters: { recipient: "ana@", bodyRegex: "text" } })).messages;
    expect(message).not.toHaveProperty("to");
    expect(message).not.toHaveProperty("bodyText");
    const [detailed] = (await run({ filters: { recipient: "ana@" }, detail: { recipients: true } })).messages;
    expect(detailed?.to).toEqual([{ address: "ana@example.com" }]);
  });

  test("return a message as requested, or as listed with the failure to read it", async () => {
    answer = mailboxOf({ inbox, ...others }, { ...items, m1: "ErrorItemCorrupt" });
    const found = await run({ detail: { recipients: true } });
    expect(ids(found)).toContain("m1");
    expect(found.unsearched).toMatchObject([{ itemId: "m1", failure: { code: "unreadable" } }]);
  });

  test("leave out a deleted message and name an unreadable one", async () => {
    answer = mailboxOf({ inbox, ...others }, { ...items, m7: "ErrorItemNotFound", m17: "ErrorItemCorrupt" });
    const found = await run({ filters: { recipient: "ana@" } });
    expect(ids(found)).toEqual(["m27", "m37", "m47", "m57"]);
    expect(found.unsearched).toMatchObject([{ itemId: "m17", failure: { code: "unreadable" } }]);
  });

  test("read bodies in batches, whatever the mailbox holds", async () => {
    answer = mailboxOf({ inbox, ...others }, items);
    await run({ filters: { bodyRegex: "nowhere" } });
    expect(Math.max(...of("GetItem").map((asked) => idsOf(asked).length))).toBeLessThanOrEqual(25);
    expect(of("GetItem").flatMap(idsOf)).toHaveLength(60);
  });

  test("hash only attachments that the other filters leave, and report a hash that cannot be computed", async () => {
    const attachment = (id: string) =>
      `<t:Attachments><t:FileAttachment><t:AttachmentId Id="${id}-a"/><t:Name>x.bin</t:Name></t:FileAttachment></t:Attachments>`;
    const withFile = (id: string) => `<t:Message><t:ItemId Id="${id}"/>${attachment(id)}</t:Message>`;
    answer = mailboxOf({ inbox: inbox.slice(0, 3), ...others }, { m0: withFile("m0"), m1: withFile("m1"), m2: withFile("m2") });
    const hashes: Record<string, string> = { "m0-a": "a".repeat(64), "m1-a": "b".repeat(64) };
    const found = await run({ filters: { attachmentSha256: "B".repeat(64) } }, async (id) => {
      const hash = hashes[id];
      if (!hash) throw new Failure("unreadable", "no");
      return hash;
    });
    expect(ids(found)).toEqual(["m1"]);
    expect(found.unsearched).toMatchObject([{ itemId: "m2" }]);
  });
});

describe("a query in the server's own language", () => {
  test("is sent unchanged, and the client applies the other filters", async () => {
    answer = mailboxOf(box);
    const found = await run({ filters: { query: "from:<b & c>", subject: "R" } });
    expect(ids(found)).toEqual(["r2"]);
    expect(found.applied).toEqual({ query: "server, unchecked", subject: "client" });
    expect(of("FindItem")[0]?.xml).toContain("<m:QueryString>from:&lt;b &amp; c&gt;</m:QueryString>");
    expect(of("FindItem")[0]?.xml).not.toContain("Restriction");
  });
});

describe("a search that cannot go on", () => {
  test("because the messages cannot be read at all fails as a whole", async () => {
    answer = (asked) =>
      asked.operation === "GetItem"
        ? reply("GetItem", ...idsOf(asked).map(() => failure("GetItem", "ErrorServerBusy")))
        : mailboxOf(box)(asked);
    await expect(run({ filters: { recipient: "ana" } })).rejects.toMatchObject({ code: "busy" });
  });

  test("because it was cancelled is reported as cancelled", async () => {
    answer = mailboxOf(box);
    const stop = new AbortController();
    stop.abort();
    const asked = search(
      server.mailbox({ signal: stop.signal }),
      { filters: {}, limit: 1 },
      { sha256: () => Promise.reject(new Error("no")), inside: async () => [] },
    );
    await expect(asked).rejects.toMatchObject({ code: "cancelled" });
  });
});
