import { afterAll, beforeAll, expect, test } from "vitest";
import type { Lab } from "../../../../src/lab/lab.ts";
import { anna, call, expectValidReplies, outcomes, startSmallLab } from "../soap-client.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startSmallLab();
  const mailbox = lab.store.mailbox(anna);
  const inbox = mailbox?.known("inbox");
  if (mailbox === undefined || inbox === undefined) throw new Error("no inbox");
  const reports = mailbox.createFolder(inbox, "Reports");
  mailbox.createFolder(reports, "2026");
  for (let number = 1; number <= 300; number += 1) mailbox.createFolder(mailbox.known("notes"), `Note ${String(number).padStart(3, "0")}`);
});
afterAll(async () => {
  await expectValidReplies(lab);
  await lab.close();
});

interface Asked {
  readonly parents?: readonly string[];
  readonly traversal?: string;
  readonly view?: string;
  readonly restriction?: string;
}
const find = ({ parents = ["inbox"], traversal = "Shallow", view = "", restriction = "" }: Asked): string =>
  `<m:FindFolder Traversal="${traversal}"><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape>${view}${
    restriction === "" ? "" : `<m:Restriction>${restriction}</m:Restriction>`
  }<m:ParentFolderIds>${parents.map((name) => `<t:DistinguishedFolderId Id="${name}"/>`).join("")}</m:ParentFolderIds></m:FindFolder>`;
const rootOf = async (asked: Asked) =>
  (await call(lab, find(asked))).xml().at("ResponseMessages", "FindFolderResponseMessage", "RootFolder");
const namesOf = async (asked: Asked) => (await rootOf(asked))?.child("Folders")?.children.map((folder) => folder.textAt("DisplayName"));
const contains = (text: string): string =>
  `<t:Contains ContainmentMode="Prefixed" ContainmentComparison="IgnoreCase"><t:FieldURI FieldURI="folder:DisplayName"/><t:Constant Value="${text}"/></t:Contains>`;

test("Shallow finds the folders right below, Deep all of them, SoftDeleted none", async () => {
  expect(await namesOf({})).toEqual(["Reports"]);
  expect(await namesOf({ traversal: "Deep" })).toEqual(["Reports", "2026"]);
  expect(await namesOf({ traversal: "SoftDeleted" })).toEqual([]);
});

test("from the visible root down the Recoverable Items are not seen, from the root they are", async () => {
  expect(await namesOf({ parents: ["msgfolderroot"], traversal: "Deep" })).not.toContain("Deletions");
  expect(await namesOf({ parents: ["root"], traversal: "Deep" })).toContain("Deletions");
});

test("every parent has an answer of its own", async () => {
  expect(outcomes(await call(lab, find({ parents: ["inbox", "voicemail", "drafts"] })))).toEqual([
    "Success NoError",
    "Error ErrorItemNotFound",
    "Success NoError",
  ]);
});

test("pages follow each other by the offset of the one before", async () => {
  const seen: (string | undefined)[] = [];
  let offset = 0;
  for (let page = 0; page < 10; page += 1) {
    const root = await rootOf({
      parents: ["notes"],
      view: `<m:IndexedPageFolderView MaxEntriesReturned="70" Offset="${offset}" BasePoint="Beginning"/>`,
    });
    seen.push(...(root?.child("Folders")?.children.map((folder) => folder.textAt("DisplayName")) ?? []));
    offset = Number(root?.attributes.get("IndexedPagingOffset"));
    if (root?.attributes.get("IncludesLastItemInRange") === "true") break;
  }
  expect(seen).toHaveLength(300);
  expect(new Set(seen).size).toBe(300);
});

test("with a restriction no page is longer than 250", async () => {
  const root = await rootOf({ parents: ["notes"], restriction: contains("note") });
  expect(root?.child("Folders")?.children).toHaveLength(250);
  expect(root?.attributes.get("IncludesLastItemInRange")).toBe("false");
  expect(root?.attributes.get("TotalItemsInView")).toBe("300");
});

test("a restriction goes by name, class, count and MAPI property", async () => {
  const equal = (path: string, text: string): string =>
    `<t:IsEqualTo>${path}<t:FieldURIOrConstant><t:Constant Value="${text}"/></t:FieldURIOrConstant></t:IsEqualTo>`;
  const deep = { parents: ["msgfolderroot"], traversal: "Deep" };
  expect(await namesOf({ ...deep, restriction: contains("rep") })).toEqual(["Reports"]);
  expect(await namesOf({ ...deep, restriction: equal(`<t:FieldURI FieldURI="folder:FolderClass"/>`, "IPF.Contact") })).toEqual([
    "Contacts",
  ]);
  expect(await namesOf({ ...deep, restriction: equal(`<t:FieldURI FieldURI="folder:ChildFolderCount"/>`, "300") })).toEqual(["Notes"]);
  expect(
    await namesOf({ ...deep, restriction: equal(`<t:ExtendedFieldURI PropertyTag="0x3001" PropertyType="String"/>`, "2026") }),
  ).toEqual(["2026"]);
  expect(
    await namesOf({ ...deep, restriction: equal(`<t:ExtendedFieldURI PropertyTag="0x10F4" PropertyType="Boolean"/>`, "true") }),
  ).toEqual([]);
});

test("a property that cannot be searched is refused", async () => {
  const exists = `<t:Exists><t:FieldURI FieldURI="folder:EffectiveRights"/></t:Exists>`;
  expect(outcomes(await call(lab, find({ restriction: exists })))).toEqual(["Error ErrorUnsupportedPathForQuery"]);
});
