import { afterEach, expect, test } from "vitest";
import { envelope, errorMessage, itemMessage, type Reply, replyOf, type Scripted, type Seen, scripted } from "../scripted-server.ts";

let server: Scripted | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function all<T>(outcomes: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const outcome of outcomes) list.push(outcome);
  return list;
}

/** The reply of a FindFolder with one folder, or of a FindItem with some items. */
function listOf(operation: "FindFolder" | "FindItem", inside: string): Reply {
  const container = operation === "FindFolder" ? "Folders" : "Items";
  return {
    body: envelope(
      `<m:${operation}Response><m:ResponseMessages><m:${operation}ResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>` +
        `<m:RootFolder IndexedPagingOffset="1" TotalItemsInView="1" IncludesLastItemInRange="true"><t:${container}>${inside}</t:${container}></m:RootFolder>` +
        `</m:${operation}ResponseMessage></m:ResponseMessages></m:${operation}Response>`,
    ),
  };
}

function folder(id: string, name: string): string {
  return `<t:Folder><t:FolderId Id="${id}"/><t:ParentFolderId Id="above"/><t:DisplayName>${name}</t:DisplayName></t:Folder>`;
}

function listed(id: string, messageId: string): string {
  return `<t:Message><t:ItemId Id="${id}" ChangeKey="CK"/><t:InternetMessageId>${messageId}</t:InternetMessageId></t:Message>`;
}

const noItem =
  '<m:CopyItemResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode><m:Items/></m:CopyItemResponseMessage>';
const messageId = (id: string) => `<t:InternetMessageId>&lt;${id}@example.org&gt;</t:InternetMessageId>`;

/** Creates the public folder `Security/Evidence`, with its content before and after the copy. */
function publicFolders(before: string, after: string) {
  let copied = false;
  return ({ operation, ids, body }: Seen): Reply => {
    if (operation === "FindFolder")
      return listOf("FindFolder", body.includes("publicfoldersroot") ? folder("s", "Security") : folder("e", "Evidence"));
    if (operation === "FindItem") return listOf("FindItem", copied ? after : before);
    if (operation === "GetItem")
      return replyOf(
        "GetItem",
        ids.map((id) => itemMessage("GetItem", id, messageId(id))),
      );
    copied = true;
    return replyOf(
      "CopyItem",
      ids.map((id) => (id === "bad" ? errorMessage("CopyItem", "ErrorAccessDenied") : noItem)),
    );
  };
}

test("a copy in a public folder is found by its Message-ID and not confused with an older copy", async () => {
  const old = listed("old", "&lt;a@example.org&gt;");
  server = await scripted(publicFolders(old, `${old}${listed("new", "&lt;a@example.org&gt;")}`));
  const outcomes = await all(server.exchange.mailbox(undefined).copy(["a"], { folder: "security/Evidence", publicFolder: true }));
  expect(outcomes).toEqual([{ ok: true, value: { newItemId: "new" } }]);
  const copy = server.seen.find(({ operation }) => operation === "CopyItem");
  expect(copy?.body).toContain('<m:ToFolderId><t:FolderId Id="e"/></m:ToFolderId>');
  expect(server.seen.filter(({ operation }) => operation === "FindFolder").every(({ body }) => body.includes('Traversal="Shallow"'))).toBe(
    true,
  );
});

test("a copy that is not found is a success without an id, and a failed copy is not searched", async () => {
  server = await scripted(publicFolders("", ""));
  const outcomes = await all(server.exchange.mailbox(undefined).copy(["a", "bad"], { folder: "Security/Evidence", publicFolder: true }));
  expect(outcomes).toMatchObject([
    { ok: true, value: {} },
    { ok: false, failure: { code: "access-denied" } },
  ]);
  expect(outcomes[0]).toMatchObject({ value: { newItemId: undefined } });
  expect(server.seen.at(-1)?.body).not.toContain("bad@example.org");
});

test("a missing public folder is folder-not-found for each message, and nothing is copied", async () => {
  server = await scripted(publicFolders("", ""));
  const outcomes = await all(server.exchange.mailbox(undefined).copy(["a", "b"], { folder: "Security/Nowhere", publicFolder: true }));
  expect(outcomes.map((outcome) => (outcome.ok ? "ok" : outcome.failure.code))).toEqual(["folder-not-found", "folder-not-found"]);
  expect(server.seen.some(({ operation }) => operation === "CopyItem")).toBe(false);
});

test("between mailboxes, only messages that Exchange refuses to copy are exported and imported", async () => {
  server = await scripted(
    ({ operation, ids }) => {
      if (operation === "GetItem")
        return replyOf(
          "GetItem",
          ids.map((id) => itemMessage("GetItem", id, messageId(id))),
        );
      if (operation === "FindItem") return listOf("FindItem", "");
      if (operation === "CopyItem")
        return replyOf(
          "CopyItem",
          ids.map((id) => (id === "b" ? errorMessage("CopyItem", "ErrorCrossMailboxMoveCopy") : noItem)),
        );
      if (operation === "GetFolder") {
        return replyOf("GetFolder", [
          `<m:GetFolderResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode><m:Folders>${folder("there", "Inbox")}</m:Folders></m:GetFolderResponseMessage>`,
        ]);
      }
      const content = operation === "ExportItems" ? "<m:Data>AQID</m:Data>" : '<m:ItemId Id="carried"/>';
      return replyOf(operation, [
        `<m:${operation}ResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>${content}</m:${operation}ResponseMessage>`,
      ]);
    },
    { access: "delegate" },
  );
  const outcomes = await all(server.exchange.mailbox(undefined).copy(["a", "b"], { folder: "inbox", mailbox: "bob@example.com" }));
  expect(outcomes).toMatchObject([{ ok: true }, { ok: true, value: { newItemId: "carried" } }]);
  expect(server.seen.filter(({ operation }) => operation === "ExportItems").map(({ ids }) => ids)).toEqual([["b"]]);
});
