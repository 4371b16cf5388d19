import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { validateXML } from "xmllint-wasm";
import type { FolderRef } from "../../src/ews/folders/folder-ref.ts";
import type { Operation } from "../../src/ews/operation.ts";
import { copyItem } from "../../src/ews/operations/copy-item.ts";
import { createFolder } from "../../src/ews/operations/create-folder.ts";
import { deleteAttachment } from "../../src/ews/operations/delete-attachment.ts";
import { deleteItem } from "../../src/ews/operations/delete-item.ts";
import { expandDl } from "../../src/ews/operations/expand-dl.ts";
import { exportItem } from "../../src/ews/operations/export-items.ts";
import { findFolder } from "../../src/ews/operations/find-folder.ts";
import { getAttachment, getAttachmentContent } from "../../src/ews/operations/get-attachment.ts";
import { getFolder, getFolderRights } from "../../src/ews/operations/get-folder.ts";
import { getItem, getItemAttachments, getItemMime } from "../../src/ews/operations/get-item.ts";
import { getSearchableMailboxes } from "../../src/ews/operations/get-searchable-mailboxes.ts";
import { getUserOofSettings } from "../../src/ews/operations/get-user-oof-settings.ts";
import { markAsJunk } from "../../src/ews/operations/mark-as-junk.ts";
import { moveItem } from "../../src/ews/operations/move-item.ts";
import { uploadItem } from "../../src/ews/operations/upload-items.ts";
import { envelope, type Target } from "../../src/ews/session/soap.ts";
import { xmlDocument } from "../../src/wire/xml/write-xml.ts";
import { absent, shared } from "./shared.ts";

const schemaFolder = "ews-schema/se-15.2.2562.17";
const missing = absent(schemaFolder);

const self: Target = { mailbox: "soc@example.com" };
const asOwner: Target = { mailbox: "ann@example.com", impersonate: { by: "SmtpAddress", name: "ann@example.com" } };
const ids = [{ id: "AAMkAGE=", changeKey: "CQAAABYA" }, { id: "AAMkAGI=" }];
const inbox: FolderRef = { distinguished: "inbox" };
const delegateInbox: FolderRef = { distinguished: "inbox", mailbox: "ann@example.com" };
const hostile = `a"b<c>&d'\r\n\t]]>`;
const data = {
  size: 3,
  open: async function* () {
    yield Uint8Array.of(1, 2, 3);
  },
};

function request<In, Out>(operation: Operation<In, Out>, input: In, target = self) {
  return { operation: operation.name, root: envelope(operation.write(input), target) };
}

const requests: readonly { readonly name: string; readonly operation: string; readonly root: ReturnType<typeof envelope> }[] = [
  { name: "a summary", ...request(getItem, { ids, detail: {} }) },
  { name: "members of a group", ...request(expandDl, `o'hara&co@example.com`) },
  {
    name: "everything of a message",
    ...request(getItem, { ids, detail: { recipients: true, attachments: true, headers: true, body: "html" } }),
  },
  { name: "a preview as the owner", ...request(getItem, { ids, detail: { body: "preview" } }, asOwner) },
  {
    name: "a text body by principal name",
    ...request(
      getItem,
      { ids, detail: { body: "text" } },
      { mailbox: undefined, impersonate: { by: "PrincipalName", name: "ann@example.com" } },
    ),
  },
  { name: "an id with every character to escape", ...request(getItem, { ids: [{ id: hostile }], detail: {} }) },
  { name: "MIME content", ...request(getItemMime, { id: "AAMkAGE=" }) },
  { name: "a list of attachments", ...request(getItemAttachments, ids) },
  { name: "a copy", ...request(copyItem, { ids, to: delegateInbox }) },
  { name: "a move", ...request(moveItem, { ids, to: { id: "AAMkAGF=", changeKey: "AQAAAA==" } }) },
  { name: "a hard delete", ...request(deleteItem, { ids, type: "HardDelete" }) },
  { name: "a soft delete", ...request(deleteItem, { ids, type: "SoftDelete" }) },
  { name: "junk", ...request(markAsJunk({ isJunk: true, move: true }), ids) },
  { name: "not junk", ...request(markAsJunk({ isJunk: false, move: false }), ids) },
  {
    name: "an attached message",
    ...request(getAttachment, { ids: ["AAMkAGE=A"], detail: { recipients: true, attachments: true, headers: true, body: "text" } }),
  },
  { name: "the content of a file", ...request(getAttachmentContent, { id: "AAMkAGE=A", kind: "file" }) },
  { name: "the MIME content of an attached message", ...request(getAttachmentContent, { id: "AAMkAGE=A", kind: "item" }) },
  { name: "attachments to delete", ...request(deleteAttachment, ["AAMkAGE=A", "AAMkAGE=B"]) },
  { name: "what may be done in a folder", ...request(getFolderRights, delegateInbox) },
  { name: "folders", ...request(getFolder, [inbox, delegateInbox, { id: "AAMkAGF=" }]) },
  {
    name: "all folders",
    ...request(findFolder, {
      parents: [{ distinguished: "msgfolderroot" }, { distinguished: "archivemsgfolderroot" }],
      traversal: "Deep",
      offset: 0,
    }),
  },
  {
    name: "a second page of public folders",
    ...request(findFolder, { parents: [{ distinguished: "publicfoldersroot" }], traversal: "Shallow", offset: 1000 }),
  },
  { name: "a new folder", ...request(createFolder, { parent: inbox, displayName: hostile.replace(/\s/g, "") }) },
  { name: "automatic replies", ...request(getUserOofSettings, "ann@example.com", asOwner) },
  { name: "all searchable mailboxes", ...request(getSearchableMailboxes, {}) },
  { name: "some searchable mailboxes", ...request(getSearchableMailboxes, { filter: hostile, expandGroups: true }) },
  { name: "an export", ...request(exportItem, { id: "AAMkAGE=" }) },
  { name: "an upload", ...request(uploadItem, { folderId: "AAMkAGF=", data }) },
];

async function textOf(root: ReturnType<typeof envelope>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of (await xmlDocument(root)).open()) pieces.push(piece);
  return Buffer.concat(pieces).toString("utf8");
}

/** Microsoft's schema of Exchange SE, without the part for Autodiscover. */
function schemaFile(fileName: string) {
  const contents = readFileSync(shared(`${schemaFolder}/${fileName}`), "utf8");
  return { fileName, contents: contents.replace(/<xs:import[^>]*autodiscover[^>]*>/i, "") };
}

describe.skipIf(missing !== undefined)(
  `every request is valid in the schema of Exchange SE${missing === undefined ? "" : ` (skipped: ${missing})`}`,
  () => {
    test("all of them, while a deliberately wrong one is not", async () => {
      const xml = await Promise.all(
        requests.map(async ({ name, root }, index) => ({ fileName: `${index}.xml`, name, contents: await textOf(root) })),
      );
      const wrong = { fileName: "wrong.xml", contents: xml[0]?.contents.replace("<t:BaseShape>IdOnly", "<t:BaseShape>Everything") ?? "" };
      const result = await validateXML({
        xml: [...xml, wrong],
        schema: [schemaFile("ews-all.xsd")],
        preload: ["xml.xsd", "soap11.xsd", "types.xsd", "messages.xsd"].map(schemaFile),
      });
      const errors = result.errors.map(
        ({ message, loc }) => `${xml.find(({ fileName }) => fileName === loc?.fileName)?.name ?? loc?.fileName}: ${message}`,
      );
      expect(errors.filter((error) => !error.startsWith("wrong.xml"))).toEqual([]);
      expect(errors.length).toBeGreaterThan(0);
    });
  },
);
