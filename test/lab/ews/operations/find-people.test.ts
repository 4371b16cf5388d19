import { afterAll, beforeAll, expect, test } from "vitest";
import type { Lab } from "../../../../src/lab/lab.ts";
import { anna, ben, call, expectValidReplies, soc } from "../soap-client.ts";
import { startLabWithNames } from "./names.setup.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLabWithNames();
});
afterAll(async () => {
  await expectValidReplies(lab);
  await lab.close();
});

interface Asked {
  readonly query?: string;
  readonly folder?: string;
  readonly offset?: number;
  readonly max?: number;
  readonly restriction?: string;
  readonly shape?: string;
}
const find = ({ query, folder, offset = 0, max = 100, restriction = "", shape = "" }: Asked): string =>
  `<m:FindPeople>${shape}<m:IndexedPageItemView BasePoint="Beginning" MaxEntriesReturned="${max}" Offset="${offset}"/>${restriction}${
    folder === undefined ? "" : `<m:ParentFolderId><t:DistinguishedFolderId Id="${folder}"/></m:ParentFolderId>`
  }${query === undefined ? "" : `<m:QueryString>${query}</m:QueryString>`}</m:FindPeople>`;
const ask = async (asked: Asked) => (await call(lab, find(asked))).xml();
const people = async (asked: Asked) => (await ask(asked)).child("People")?.children.map((one) => one.textAt("DisplayName"));

test("the directory is the address list of the organisation, by name", async () => {
  expect(await people({ folder: "directory" })).toEqual(["Anna Example", "Ben Sample", "Inner Circle", "SOC Service", "Team Books"]);
  expect(await people({ folder: "directory", query: "be" })).toEqual(["Ben Sample"]);
});

test("contacts are the caller's own", async () => {
  expect(await people({ folder: "contacts" })).toEqual(["Bella Booker", "Book Club"]);
  expect((await call(lab, find({ folder: "contacts" }), { user: ben })).xml().child("People")?.children).toEqual([]);
});

test("without a folder both are searched, and something must be searched for", async () => {
  expect(await people({ query: "be" })).toEqual(["Bella Booker", "Ben Sample"]);
  expect((await ask({})).textAt("ResponseCode")).toBe("ErrorInvalidArgument");
});

test("pages are cut, the total stays", async () => {
  const page = await ask({ folder: "directory", offset: 1, max: 2 });
  expect(page.child("People")?.children.map((one) => one.textAt("EmailAddress", "EmailAddress"))).toEqual([ben, "inner@example.com"]);
  expect([page.textAt("TotalNumberOfPeopleInView"), page.textAt("FirstLoadedRowIndex")]).toEqual(["5", "1"]);
});

test("a restriction goes by name", async () => {
  const restriction = `<m:Restriction><t:Contains ContainmentMode="Substring" ContainmentComparison="IgnoreCase"><t:FieldURI FieldURI="persona:DisplayName"/><t:Constant Value="EXAMPLE"/></t:Contains></m:Restriction>`;
  expect(await people({ folder: "directory", restriction })).toEqual(["Anna Example"]);
});

test("a person and a group are distinguished, and each has an id", async () => {
  const all = (await ask({ folder: "directory" })).child("People")?.children ?? [];
  expect(all.map((one) => one.textAt("PersonaType"))).toEqual(["Person", "Person", "DistributionList", "Person", "DistributionList"]);
  expect(new Set(all.map((one) => one.child("PersonaId")?.attributes.get("Id"))).size).toBe(5);
  expect([anna, soc].every((address) => all.some((one) => one.textAt("EmailAddress", "EmailAddress") === address))).toBe(true);
});

test("the smallest shape is the id", async () => {
  const shape = "<m:PersonaShape><t:BaseShape>IdOnly</t:BaseShape></m:PersonaShape>";
  const [first] = (await ask({ folder: "directory", shape })).child("People")?.children ?? [];
  expect(first?.children.map(({ name }) => name)).toEqual(["PersonaId"]);
});
