import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isGranted, restrictToMailboxes } from "../../src/connection/restrict-to-mailboxes.ts";
import type { Exchange, Mailbox } from "../../src/exchange/exchange.ts";
import { Failure } from "../../src/failure.ts";
import type { Outcome } from "../../src/outcome.ts";

/** An Exchange that notes what reaches it, and answers nothing. */
function noting(foreign: readonly string[] = []): { readonly exchange: Exchange; readonly reached: string[] } {
  const reached: string[] = [];
  const asked = (name: string) => async () => {
    reached.push(name);
    throw new Failure("internal", "It got here.");
  };
  const listed = (name: string) =>
    async function* (): AsyncGenerator<never> {
      reached.push(name);
      yield* [];
    };
  const mailbox = (address: string): Mailbox => ({
    address,
    foreign: async (ids) => new Set(ids.filter((id) => foreign.includes(id))),
    search: asked("search"),
    locate: listed("locate"),
    get: listed("get"),
    mime: listed("mime"),
    exported: listed("exported"),
    attachments: listed("attachments"),
    attachedMessages: listed("attachedMessages"),
    attachmentContent: listed("attachmentContent"),
    deleteAttachments: listed("deleteAttachments"),
    folder: asked("folder"),
    createFolder: asked("createFolder"),
    copy: listed("copy"),
    move: listed("move"),
    restore: asked("restore"),
    delete: listed("delete"),
    junk: listed("junk"),
    send: asked("send"),
    reply: asked("reply"),
    invited: listed("invited"),
    calendarEntries: listed("calendarEntries"),
    removeCalendarEntries: listed("removeCalendarEntries"),
    addCalendarEntry: asked("addCalendarEntry"),
    contacts: asked("contacts"),
    outOfOffice: asked("outOfOffice"),
    rights: asked("rights"),
  });
  const names = ["ann@example.com", "ANN@EXAMPLE.COM", "bob@example.com", "carl@example.org"];
  return {
    reached,
    exchange: {
      backend: "ews",
      mailbox: (address) => mailbox(address ?? "default@example.com"),
      searchableMailboxes: async () => ({
        source: "directory",
        mailboxes: names.map((name) => ({ mailbox: name, referenceId: name })),
        failed: names.map((name) => ({ mailbox: name, message: "no" })),
      }),
      groupMembers: () => Promise.reject(new Error("not asked")),
      atATime: () => 4,
      messageTrace: () => Promise.reject(new Error("not asked")),
      close: async () => void reached.push("close"),
    },
  };
}

async function all<T>(outcomes: AsyncIterable<Outcome<T>>): Promise<readonly Outcome<T>[]> {
  const found: Outcome<T>[] = [];
  for await (const outcome of outcomes) found.push(outcome);
  return found;
}

const ann = ["ann@example.com"];
const address = (text: string) => ({ address: text });
const attachment = (id: string) => ({ id, name: "a", kind: "file" }) as const;

describe("an address is granted", () => {
  test.each([
    ["ann@example.com", ["ann@example.com"], true],
    ["ANN@Example.com", ["ann@example.com"], true],
    ["ann@example.com", ["Bob@example.com", "ANN@EXAMPLE.COM"], true],
    ["bob@example.com", ["ann@example.com"], false],
    ["ann@example.com", undefined, true],
    ["ann@example.com", [], false],
    ["", ["ann@example.com"], false],
    ["ann@example.com", ["*@example.com"], true],
    ["ann@EXAMPLE.com", ["*@example.com"], true],
    ["ann@sub.example.com", ["*@example.com"], false],
    ["ann@badexample.com", ["*@example.com"], false],
    ["ann@example.com.evil.example", ["*@example.com"], false],
    ["ceo@evil.example@example.com", ["*@example.com"], false],
    ["ceo@evil.example,x@example.com", ["*@example.com"], false],
    ["<ceo@evil.example>@example.com", ["*@example.com"], false],
    ['"ceo@evil.example"@example.com', ["*@example.com"], false],
    ["ceo@evil.example ann@example.com", ["*@example.com"], false],
    ["@example.com", ["*@example.com"], false],
    ["example.com", ["*@example.com"], false],
    ["ann@example.com ", ["ann@example.com"], false],
    // The Kelvin sign and the long s become k and s when letters are made small or large.
    ["\u212aim@example.com", ["kim@example.com"], false],
    ["\u017fam@example.com", ["sam@example.com"], false],
    ["ann@example.com", ["*"], false],
    ["S-1-5-21-1", ["*@example.com"], false],
  ])("%j of %j: %s", (asked, mailboxes, granted) => {
    expect(isGranted(asked, mailboxes)).toBe(granted);
  });

  test("never for a text other than the exact address", () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 4, unit: "grapheme-ascii" }),
        fc.string({ maxLength: 4, unit: "grapheme-ascii" }),
        (before, after) => {
          fc.pre(before !== "" || after !== "");
          expect(isGranted(`${before}ann@example.com${after}`, ann)).toBe(false);
        },
      ),
    );
  });
});

test("a caller with access to every mailbox gets the unrestricted port", () => {
  const { exchange } = noting();
  expect(restrictToMailboxes(exchange, undefined)).toBe(exchange);
});

test.each(["bob@example.com", "", "S-1-5-21-1"])("the mailbox %j is refused", (other) => {
  expect(() => restrictToMailboxes(noting().exchange, ann).mailbox(other)).toThrow(expect.objectContaining({ code: "access-denied" }));
});

test("the connection's default mailbox does not bypass the limit", () => {
  expect(() => restrictToMailboxes(noting().exchange, ann).mailbox(undefined)).toThrow(expect.objectContaining({ code: "access-denied" }));
  expect(restrictToMailboxes(noting().exchange, ["default@example.com"]).mailbox(undefined).address).toBe("default@example.com");
});

test("a list of mailboxes has only granted ones, in its failures as well", async () => {
  const { mailboxes, failed } = await restrictToMailboxes(noting().exchange, ann).searchableMailboxes({});
  expect(mailboxes.map(({ mailbox }) => mailbox)).toEqual(["ann@example.com", "ANN@EXAMPLE.COM"]);
  expect(failed.map(({ mailbox }) => mailbox)).toEqual(["ann@example.com", "ANN@EXAMPLE.COM"]);
});

test("an incomplete list of mailboxes is reported without the names of missing ones", async () => {
  const { exchange } = noting();
  const failed = [{ mailbox: "", message: "ben@example.com is corrupt" }];
  const cut: typeof exchange = { ...exchange, searchableMailboxes: async () => ({ source: "directory", mailboxes: [], failed }) };
  const found = await restrictToMailboxes(cut, ann).searchableMailboxes({});
  expect(found.failed).toEqual([{ mailbox: "", message: "Not every mailbox could be listed." }]);
});

/** It may be of any mailbox. */
const folderId = `AAMk${"A".repeat(100)}=`;

/** Every method of the port that has an argument which can lead out of the mailbox, with each that does. */
const ways: Readonly<Record<string, (mailbox: Mailbox) => Promise<unknown>>> = {
  "search in public folders": (box) => box.search({ filters: {}, folder: "public:Security", limit: 1 }),
  "search in public folders, spelled with blanks": (box) => box.search({ filters: {}, folder: "  PUBLIC:Security", limit: 1 }),
  "search in the root of public folders": (box) => box.search({ filters: {}, folder: "publicfoldersroot", limit: 1 }),
  "contacts of the root of public folders, as people spell it": (box) => box.contacts({ folder: " Public Folders-Root/", limit: 1 }),
  "folder of the public ones": (box) => box.folder("public:Security"),
  "createFolder in the public ones": (box) => box.createFolder("public:Security"),
  "contacts of a public folder": (box) => box.contacts({ folder: "public:Contacts", limit: 1 }),
  "search in a folder by its id": (box) => box.search({ filters: {}, folder: folderId, limit: 1 }),
  "a folder of the archive by its id": (box) => box.folder(`archive:${folderId}`),
  "contacts of a folder by its id": (box) => box.contacts({ folder: folderId, limit: 1 }),
  "send from another": (box) => box.send({ from: address("bob@example.com"), to: [] }),
  "send from nobody": (box) => box.send({ from: { name: "Bob" }, to: [] }),
  "send what is written elsewhere": (box) => box.send({ to: [], mime: Buffer.from("From: bob@example.com") }),
  "reply from another": (box) => box.reply({ itemId: "1", all: false, from: address("bob@example.com") }),
};

test.each(Object.entries(ways))("%s is refused before any request to Exchange", async (_, way) => {
  const { exchange, reached } = noting([folderId]);
  await expect(way(restrictToMailboxes(exchange, ann).mailbox("ann@example.com"))).rejects.toMatchObject({ code: "access-denied" });
  expect(reached).toEqual([]);
});

describe.each(["copy", "move"] as const)("%s", (method) => {
  test.each([
    ["another mailbox", { folder: "inbox", mailbox: "bob@example.com" }],
    ["a public folder", { folder: "Security", publicFolder: true }],
    ["a public folder by its name", { folder: "public:Security" }],
    ["the root of the public folders", { folder: "PublicFoldersRoot" }],
    ["a folder by its id", { folder: folderId }],
  ])("to %s has one refusal for each id and sends no request", async (_, destination) => {
    const { exchange, reached } = noting([folderId]);
    const outcomes = await all<object>(restrictToMailboxes(exchange, ann).mailbox("ann@example.com")[method](["1", "2"], destination));
    expect(outcomes).toMatchObject([
      { ok: false, failure: { code: "access-denied" } },
      { ok: false, failure: { code: "access-denied" } },
    ]);
    expect(reached).toEqual([]);
  });

  test("to a granted mailbox is allowed", async () => {
    const { exchange, reached } = noting();
    const both = restrictToMailboxes(exchange, ["ann@example.com", "bob@example.com"]);
    await all<object>(both.mailbox("ann@example.com")[method](["1"], { folder: "inbox", mailbox: "Bob@example.com" }));
    expect(reached).toEqual([method]);
  });
});

test("a folder id that is shown to be of the mailbox is accepted", async () => {
  const { exchange, reached } = noting();
  const box = restrictToMailboxes(exchange, ann).mailbox("ann@example.com");
  await expect(box.folder(folderId)).rejects.toMatchObject({ code: "internal" });
  await all<object>(box.copy(["1"], { folder: folderId }));
  expect(reached).toEqual(["folder", "copy"]);
});

test("an id found in the mailbox is used again without another ownership check", async () => {
  const { exchange } = noting(["found", "hanging", "other"]);
  const message = { itemId: "found", attachments: [attachment("hanging")] };
  const finding: Exchange = {
    ...exchange,
    mailbox: (name) => ({
      ...exchange.mailbox(name),
      async *locate() {
        yield { ok: true, value: { messages: [message] } };
      },
      async *get() {
        yield { ok: true, value: message };
      },
      async *deleteAttachments() {
        yield { ok: true, value: {} };
      },
    }),
  };
  const box = restrictToMailboxes(finding, ann).mailbox("ann@example.com");
  expect(await all(box.get(["found"], {}))).toMatchObject([{ ok: false, failure: { code: "access-denied" } }]);
  await all(box.locate([{ internetMessageId: "<1@example.net>" }]));
  expect(await all(box.get(["found"], {}))).toMatchObject([{ ok: true }]);
  expect(await all(box.deleteAttachments(["hanging"]))).toMatchObject([{ ok: true }]);
  expect(await all(box.deleteAttachments(["other"]))).toMatchObject([{ ok: false, failure: { code: "access-denied" } }]);
});

test("every method within the mailbox is passed to the same method of the port", async () => {
  const { exchange, reached } = noting();
  const box = restrictToMailboxes(exchange, ann).mailbox("ann@example.com");
  const asks: readonly (() => Promise<unknown>)[] = [
    () => box.search({ filters: {}, folder: "archive:Inbox", limit: 1 }),
    () => all(box.locate([{ itemId: "1" }])),
    () => all(box.get(["1"], {})),
    () => all(box.mime(["1"])),
    () => all(box.exported(["1"])),
    () => all(box.attachments(["1"])),
    () => all(box.attachedMessages([{ id: "1", kind: "item" }])),
    () => all(box.attachmentContent([attachment("1")])),
    () => all(box.deleteAttachments(["1"])),
    () => box.folder("inbox"),
    () => box.createFolder("Inbox/New"),
    () => all(box.copy(["1"], { folder: "inbox" })),
    () => all(box.move(["1"], { folder: "inbox" })),
    ...[() => all(box.delete(["1"], "trash")), () => all(box.junk(["1"], { isJunk: true, move: true }))],
    () => box.restore({ form: "mime", size: 0, open: () => box.mime([]) as never, folder: "inbox" }),
    () => box.send({ from: address("ann@example.com"), to: [address("anybody@example.net")] }),
    () => box.reply({ itemId: "1", all: true }),
    ...[box.invited, box.calendarEntries, box.removeCalendarEntries].map((ask) => () => all<unknown>(ask(["1"]))),
    () => box.addCalendarEntry({ subject: "", body: "", start: "", end: "", mark: "1" }),
    () => box.contacts({ limit: 1 }),
    () => box.outOfOffice(),
    () => box.rights(),
  ];
  for (const ask of asks) await ask().catch(() => undefined);
  const methods = Object.keys(box).filter((name) => !["address", "route", "foreign"].includes(name));
  expect([...reached].sort()).toEqual([...methods].sort());
});

/** Every method that takes ids of items or attachments, with the id of another mailbox before one of its own. */
const [theirs, own] = ["theirs", "own"];
const calendar = ["invited", "calendarEntries", "removeCalendarEntries"] as const;
const byId: Readonly<Record<string, (mailbox: Mailbox) => AsyncIterable<Outcome<unknown>>>> = {
  locate: (box) => box.locate([{ itemId: theirs }, { itemId: own }]),
  get: (box) => box.get([theirs, own], {}),
  mime: (box) => box.mime([theirs, own]),
  exported: (box) => box.exported([theirs, own]),
  attachments: (box) => box.attachments([theirs, own]),
  attachedMessages: (box) => box.attachedMessages([theirs, own].map((id) => ({ id, kind: "item" as const }))),
  attachmentContent: (box) => box.attachmentContent([attachment(theirs), attachment(own)]),
  deleteAttachments: (box) => box.deleteAttachments([theirs, own]),
  copy: (box) => box.copy([theirs, own], { folder: "inbox" }),
  move: (box) => box.move([theirs, own], { folder: "inbox" }),
  delete: (box) => box.delete([theirs, own], "hard"),
  junk: (box) => box.junk([theirs, own], { isJunk: true, move: true }),
  ...Object.fromEntries(calendar.map((name) => [name, (box: Mailbox) => box[name]([theirs, own])])),
};

describe("an id that is not shown to be of the mailbox", () => {
  /** Notes the ids that reach a method, and answers each with its name. */
  function answering() {
    const reached: string[] = [];
    const { exchange } = noting([theirs]);
    const answers = async function* (ids: readonly string[]) {
      for (const id of ids) {
        reached.push(id);
        yield { ok: false as const, failure: new Failure("not-found", id) };
      }
    };
    const mailbox = (address: string | undefined): Mailbox => ({
      ...exchange.mailbox(address),
      locate: (names) => answers(names.map(({ itemId, internetMessageId }) => itemId ?? internetMessageId ?? "")),
      ...{ invited: answers, calendarEntries: answers, removeCalendarEntries: answers },
      get: answers,
      mime: answers,
      exported: answers,
      attachments: answers,
      attachedMessages: (asked) => answers(asked.map(({ id }) => id)),
      attachmentContent: (asked) => answers(asked.map(({ id }) => id)),
      deleteAttachments: answers,
      copy: answers,
      move: answers,
      delete: answers,
      junk: answers,
    });
    return { reached, box: restrictToMailboxes({ ...exchange, mailbox }, ann).mailbox("ann@example.com") };
  }

  test.each(Object.entries(byId))("does not reach %s, and the other ids do", async (_, way) => {
    const { reached, box } = answering();
    expect(await all(way(box))).toMatchObject([
      { ok: false, failure: { code: "access-denied", message: expect.stringContaining("ann@example.com") } },
      { ok: false, failure: { code: "not-found", message: own } },
    ]);
    expect(reached).toEqual([own]);
  });

  test("is replaced by the Message-ID beside it", async () => {
    const { reached, box } = answering();
    await all(box.locate([{ itemId: theirs, internetMessageId: "<1@example.net>" }]));
    expect(reached).toEqual(["<1@example.net>"]);
  });

  test("gets its refusal as often as it is given", async () => {
    const { box } = answering();
    expect(await all(box.get([own, theirs, own], {}))).toHaveLength(3);
  });

  test("gets no reply message", async () => {
    const { exchange, reached } = noting([theirs]);
    const box = restrictToMailboxes(exchange, ann).mailbox("ann@example.com");
    await expect(box.reply({ itemId: theirs, all: false })).rejects.toMatchObject({ code: "access-denied" });
    expect(reached).toEqual([]);
  });

  test.each(Object.entries(byId))("does not reach %s while its mailbox is unknown", async (_, way) => {
    const { exchange, reached } = noting();
    const unknown: Exchange = {
      ...exchange,
      mailbox: (name) => ({
        ...exchange.mailbox(name),
        foreign: () => Promise.reject(new Failure("unreachable", "The server is away.")),
      }),
    };
    expect(await all(way(restrictToMailboxes(unknown, ann).mailbox("ann@example.com")))).toMatchObject([
      { ok: false, failure: { code: "unreachable" } },
      { ok: false, failure: { code: "unreachable" } },
    ]);
    expect(reached).toEqual([]);
  });

  test.each(Object.entries(byId))("ends %s if the call was cancelled meanwhile", async (_, way) => {
    const { exchange } = noting();
    const cancelled: Exchange = {
      ...exchange,
      mailbox: (name) => ({ ...exchange.mailbox(name), foreign: () => Promise.reject(new Failure("cancelled", "Stopped.")) }),
    };
    await expect(all(way(restrictToMailboxes(cancelled, ann).mailbox("ann@example.com")))).rejects.toMatchObject({ code: "cancelled" });
  });
});

test("a message is sent from the mailbox, not from the account that may open it", async () => {
  const sent: unknown[] = [];
  const { exchange } = noting();
  const keeping: Exchange = {
    ...exchange,
    mailbox: (name) => ({
      ...exchange.mailbox(name),
      send: async ({ from }) => {
        sent.push(from);
        return { to: [], cc: [], bcc: [] };
      },
      reply: async ({ from }) => {
        sent.push(from);
        return { to: [], cc: [], bcc: [] };
      },
    }),
  };
  const box = restrictToMailboxes(keeping, ann).mailbox("ann@example.com");
  await box.send({ to: [] });
  await box.send({ from: undefined, to: [] });
  await box.send({ from: { address: "ANN@example.com", name: "Ann" }, to: [] });
  await box.reply({ itemId: "1", all: false });
  expect(sent).toEqual([
    { address: "ann@example.com" },
    { address: "ann@example.com" },
    { address: "ANN@example.com", name: "Ann" },
    { address: "ann@example.com" },
  ]);
});
