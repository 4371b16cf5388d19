import { afterAll, beforeAll, expect, test } from "vitest";
import { locate } from "../../../src/ews/search/locate-messages.ts";
import type { MessageName } from "../../../src/exchange/message.ts";
import { isAbsent } from "../../../src/exchange/search/absence.ts";
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
  { id: "inbox", name: "Inbox" },
  { id: "deleted", name: "Deleted Items" },
]);
const box: Readonly<Record<string, readonly ScriptedMessage[]>> = {
  inbox: [
    { id: "copy1", at: 10, messageId: "&lt;phish@example.net&gt;" },
    { id: "other", at: 5, messageId: "&lt;other@example.net&gt;" },
    { id: "near", at: 4, messageId: "&lt;phish@example.net.evil.example&gt;" },
    { id: "bare", at: 3, messageId: "bare@example.net" },
  ],
  deleted: [{ id: "copy2", at: 20, messageId: "&lt;phish@example.net&gt;" }],
};

/** A server that ignores restrictions: the client must check the results. */
function careless(asked: Asked): Answer {
  if (asked.operation === "FindFolder") return tree;
  if (asked.operation === "FindItem") return findIn(box, asked);
  const listed = Object.values(box).flat();
  return reply(
    "GetItem",
    ...idsOf(asked).map((id) => {
      const found = listed.find((message) => message.id === id);
      if (id === "malformed") return failure("GetItem", "ErrorInvalidIdMalformed");
      return found ? success("GetItem", `<m:Items>${messageXml(found)}</m:Items>`) : failure("GetItem", "ErrorItemNotFound");
    }),
  );
}

async function run(names: readonly MessageName[]) {
  server.asked.length = 0;
  const outcomes: unknown[] = [];
  for await (const outcome of locate(server.mailbox(), names)) {
    outcomes.push(
      !outcome.ok ? outcome.failure.code : isAbsent(outcome.value) ? "absent" : outcome.value.messages.map(({ itemId }) => itemId),
    );
  }
  return outcomes;
}

const operations = () => server.asked.map(({ operation }) => operation);

test("every copy of an Internet Message-ID is found, newest first, and no message with a similar id", async () => {
  answer = careless;
  expect(await run([{ internetMessageId: "phish@example.net" }])).toEqual([["copy2", "copy1"]]);
  expect(await run([{ internetMessageId: "<PHISH@example.net>" }])).toEqual([["copy2", "copy1"]]);
  expect(await run([{ internetMessageId: "<bare@example.net>" }])).toEqual([["bare"]]);
});

test("copies are returned with their folders", async () => {
  answer = careless;
  for await (const outcome of locate(server.mailbox(), [{ internetMessageId: "phish@example.net" }])) {
    expect(outcome).toMatchObject({ ok: true, value: { messages: [{ folderPath: "Deleted Items" }, { folderPath: "Inbox" }] } });
  }
});

test("many names get one outcome each, in their order, with one GetItem and one FindItem", async () => {
  answer = careless;
  const names = [
    { internetMessageId: "nobody@example.net" },
    { itemId: "copy1" },
    { itemId: "dead" },
    { internetMessageId: "other@example.net" },
    { itemId: "dead", internetMessageId: "phish@example.net" },
    { itemId: "near", internetMessageId: "phish@example.net" },
    {},
    { itemId: "malformed", internetMessageId: "<bare@example.net>" },
    { itemId: "dead", internetMessageId: "nobody@example.net" },
    { internetMessageId: "  " },
  ];
  expect(await run(names)).toEqual([
    "absent",
    ["copy1"],
    "absent",
    ["other"],
    ["copy2", "copy1"],
    ["near"],
    "invalid-input",
    ["bare"],
    "absent",
    "invalid-input",
  ]);
  // The second FindItem opens every folder for the id that has no other name.
  expect(operations()).toEqual(["GetItem", "FindFolder", "FindItem", "FindItem"]);
});

test("a valid id costs no search, and one without a mailbox costs the list of the mailbox's folders", async () => {
  answer = careless;
  await run([{ itemId: "copy1", internetMessageId: "phish@example.net" }]);
  expect(operations()).toEqual(["GetItem", "FindFolder"]);
});

test("more names than fit one restriction are searched in several", async () => {
  answer = careless;
  const names = Array.from({ length: 45 }, (_, index) => ({ internetMessageId: `id${index}@example.net` }));
  expect(await run(names)).toEqual(names.map(() => "absent"));
  const spellings = server.asked.filter(({ operation }) => operation === "FindItem").map(({ xml }) => xml.match(/<t:IsEqualTo>/g)?.length);
  expect(spellings).toEqual([40, 40, 10]);
});

test("a name that cannot be written fails alone", async () => {
  answer = careless;
  expect(await run([{ internetMessageId: "a\u0000b@example.net" }, { internetMessageId: "other@example.net" }])).toEqual([
    "invalid-input",
    ["other"],
  ]);
});

test("a restriction that is too complex for the server is divided", async () => {
  answer = (asked) => {
    if (asked.operation === "FindItem" && (asked.xml.match(/<t:IsEqualTo>/g)?.length ?? 0) > 2) {
      return reply("FindItem", failure("FindItem", "ErrorRestrictionTooComplex"), failure("FindItem", "ErrorRestrictionTooComplex"));
    }
    return careless(asked);
  };
  expect(await run([{ internetMessageId: "bare@example.net" }, { internetMessageId: "other@example.net" }])).toEqual([["bare"], ["other"]]);
});

test("an id that names no mailbox is refused where no folder of the mailbox holds the message, or the server does not say which one does", async () => {
  const elsewhere = messageXml({ id: "copy1", folder: "inbox of another" });
  for (const xml of [elsewhere, elsewhere.replace(/<t:ParentFolderId[^>]*>/, "")]) {
    answer = (asked) =>
      asked.operation === "GetItem" ? reply("GetItem", success("GetItem", `<m:Items>${xml}</m:Items>`)) : careless(asked);
    expect(await run([{ itemId: "copy1" }])).toEqual(["invalid-input"]);
  }
});

test("an id that failed for another reason is not searched by Message-ID", async () => {
  answer = (asked) => (asked.operation === "GetItem" ? reply("GetItem", failure("GetItem", "ErrorAccessDenied")) : careless(asked));
  expect(await run([{ itemId: "copy1", internetMessageId: "phish@example.net" }])).toEqual(["access-denied"]);
});

test("a failed search fails each name that needed it, and the others keep their result", async () => {
  answer = (asked) => (asked.operation === "FindItem" ? reply("FindItem", failure("FindItem", "ErrorServerBusy")) : careless(asked));
  expect(await run([{ internetMessageId: "other@example.net" }, { itemId: "copy1" }])).toEqual(["busy", ["copy1"]]);
});

test("no match beside a folder that could not be searched is could-not-look", async () => {
  answer = (asked) => {
    if (asked.operation !== "FindItem") return careless(asked);
    return findIn({ inbox: box.inbox ?? [] }, asked);
  };
  for await (const outcome of locate(server.mailbox(), [{ internetMessageId: "nobody@example.net" }])) {
    expect(outcome).toMatchObject({
      ok: false,
      failure: {
        code: "could-not-look",
        wireCode: "ErrorFolderNotFound",
        message: expect.stringContaining("1 of the folders could not be searched"),
      },
    });
  }
});

test("a mailbox whose folders are hidden from a delegate is could-not-look", async () => {
  const shown = (...names: readonly string[]) => folderTree(names.map((name) => ({ id: name, name, distinguished: name })));
  const nobody = { internetMessageId: "nobody@example.net" };
  const locatedIn = async (folders: Answer) => {
    const all = { inbox: box.inbox ?? [], deleteditems: [], drafts: [], sentitems: [] };
    answer = (asked) => {
      if (asked.operation === "FindFolder") return folders;
      return asked.operation === "FindItem" ? findIn(all, asked) : careless(asked);
    };
    const outcomes = [];
    const mailbox = server.mailbox({ access: "delegate" });
    for await (const outcome of locate(mailbox, [nobody, { itemId: "dead" }, { internetMessageId: "other@example.net" }]))
      outcomes.push(outcome);
    return outcomes.map((outcome) => (outcome.ok ? (isAbsent(outcome.value) ? "absent" : "found") : outcome.failure.code));
  };
  expect(await locatedIn(shown("inbox"))).toEqual(["could-not-look", "could-not-look", "found"]);
  expect(await locatedIn(shown("inbox", "deleteditems", "drafts", "sentitems"))).toEqual(["absent", "absent", "found"]);
  expect(await locatedIn(folderTree([]))).toEqual(["could-not-look", "could-not-look", "could-not-look"]);
});

test("found copies are reported although another folder could not be searched; other names are then not reported absent", async () => {
  answer = (asked) => {
    if (asked.operation !== "FindItem" || !foldersOf(asked).includes("deleted")) return careless(asked);
    const inbox = page((box.inbox ?? []).map(messageXml), { last: true, total: 4 });
    return reply("FindItem", ...foldersOf(asked).map((id) => (id === "inbox" ? inbox : failure("FindItem", "ErrorAccessDenied"))));
  };
  expect(await run([{ internetMessageId: "phish@example.net" }, { internetMessageId: "nobody@example.net" }])).toEqual([
    ["copy1"],
    "could-not-look",
  ]);
});
