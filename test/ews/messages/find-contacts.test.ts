import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { contacts } from "../../../src/ews/messages/find-contacts.ts";
import type { ContactQuery } from "../../../src/exchange/contact.ts";
import {
  type Answer,
  type Asked,
  failure,
  foldersOf,
  folderTree,
  idsOf,
  offsetOf,
  page,
  reply,
  type Scripted,
  startScripted,
  success,
} from "../scripted.ts";
import { becauseSchema, schemaErrors, schemaMissing } from "../validate.ts";

let server: Scripted;
let answer: (asked: Asked) => Answer;
beforeAll(async () => {
  server = await startScripted((asked) => answer(asked));
});
afterAll(() => server.close());

const tree = folderTree([
  { id: "contacts", name: "Contacts", folderClass: "IPF.Contact", distinguished: "contacts" },
  { id: "partners", name: "Partners", parent: "contacts", folderClass: "IPF.Contact" },
  { id: "notes", name: "Notes", parent: "contacts", folderClass: "IPF.StickyNote" },
]);

const full = `<t:Contact><t:ItemId Id="ana"/><t:LastModifiedTime>2026-01-01T00:00:00Z</t:LastModifiedTime><t:DisplayName>Ana Example</t:DisplayName><t:GivenName>Ana</t:GivenName><t:CompanyName>Example &amp; Sons</t:CompanyName><t:EmailAddresses><t:Entry Key="EmailAddress1">ana@example.com</t:Entry><t:Entry Key="EmailAddress2"/><t:Entry Key="EmailAddress3">ana@example.net</t:Entry></t:EmailAddresses><t:PhysicalAddresses><t:Entry Key="Business"><t:Street>Main Street 1</t:Street><t:City>Sampletown</t:City><t:State>ST</t:State><t:CountryOrRegion>Nowhere</t:CountryOrRegion><t:PostalCode>12345</t:PostalCode></t:Entry><t:Entry Key="Home"/></t:PhysicalAddresses><t:PhoneNumbers><t:Entry Key="MobilePhone">+1 555 0100</t:Entry><t:Entry Key="HomePhone"/></t:PhoneNumbers><t:Department>Finance</t:Department><t:JobTitle>Clerk</t:JobTitle><t:Surname>Example</t:Surname></t:Contact>`;
const group = `<t:DistributionList><t:ItemId Id="team"/><t:DisplayName>Team</t:DisplayName></t:DistributionList>`;
const simple = (id: string) => `<t:Contact><t:ItemId Id="${id}"/><t:DisplayName>${id}</t:DisplayName></t:Contact>`;

/** Folders of contacts, given out in short pages; an item whose name begins with Error cannot be read. */
function book(folders: Readonly<Record<string, readonly string[]>>, pageSize = 1000): (asked: Asked) => Answer {
  return (asked) => {
    if (asked.operation === "FindFolder") return tree;
    if (asked.operation === "GetItem") {
      const all = new Map(
        Object.values(folders)
          .flat()
          .map((xml) => [/Id="([^"]*)"/.exec(xml)?.[1] ?? "", xml]),
      );
      return reply(
        "GetItem",
        ...idsOf(asked).map((id) =>
          id.startsWith("Error") ? failure("GetItem", id) : success("GetItem", `<m:Items>${all.get(id)}</m:Items>`),
        ),
      );
    }
    const { offset } = offsetOf(asked);
    const found = folders[foldersOf(asked)[0] ?? ""] ?? [];
    const some = found.slice(offset, offset + pageSize).map((xml) => xml.replace(/(<t:ItemId Id="[^"]*"\/>).*(<\/t:\w+>)$/s, "$1$2"));
    return reply("FindItem", page(some, { last: offset + pageSize >= found.length }));
  };
}

const list = (query: Partial<ContactQuery> = {}) => {
  server.asked.length = 0;
  return contacts(server.mailbox(), { limit: 50, ...query });
};
const run = async (query: Partial<ContactQuery> = {}) => (await list(query)).contacts;
const names = async (query: Partial<ContactQuery> = {}) => (await run(query)).map(({ itemId }) => itemId);

describe("contacts", () => {
  test("are returned with their addresses and numbers by key, without empty ones", async () => {
    answer = book({ contacts: [full] });
    expect(await run()).toEqual([
      {
        itemId: "ana",
        kind: "contact",
        modifiedAt: "2026-01-01T00:00:00.000Z",
        folderPath: "Contacts",
        displayName: "Ana Example",
        givenName: "Ana",
        surname: "Example",
        company: "Example & Sons",
        jobTitle: "Clerk",
        department: "Finance",
        emailAddresses: ["ana@example.com", "ana@example.net"],
        phoneNumbers: [{ label: "MobilePhone", number: "+1 555 0100" }],
        physicalAddresses: [
          { label: "Business", street: "Main Street 1", city: "Sampletown", state: "ST", country: "Nowhere", postalCode: "12345" },
        ],
      },
    ]);
  });

  test("of an empty folder are an empty list", async () => {
    answer = book({ contacts: [] });
    expect(await run()).toEqual([]);
  });

  test("include groups only on request", async () => {
    answer = book({ contacts: [full, group, `<t:Message><t:ItemId Id="stray"/></t:Message>`] });
    expect(await names()).toEqual(["ana"]);
    expect(await names({ includeGroups: true })).toEqual(["ana", "team"]);
    expect((await run({ includeGroups: true }))[1]).toMatchObject({ kind: "group", displayName: "Team", emailAddresses: [] });
  });

  test("of subfolders are added only on request, with the path, and only from folders for contacts", async () => {
    answer = book({ contacts: [simple("a")], partners: [simple("b")], notes: [simple("c")] });
    expect(await names()).toEqual(["a"]);
    expect((await run({ recursive: true })).map(({ itemId, folderPath }) => [itemId, folderPath])).toEqual([
      ["a", "Contacts"],
      ["b", "Contacts/Partners"],
    ]);
  });

  test.each(["EXAMPLE & s", "ana@example.NET", "ana ex"])("are found by a part of name, company or address: %s", async (query) => {
    answer = book({ contacts: [simple("other"), full] });
    expect(await names({ query })).toEqual(["ana"]);
  });

  test("stop at the limit over all pages and folders", async () => {
    answer = book({ contacts: [simple("a"), simple("b"), simple("c")], partners: [simple("d"), simple("e")] }, 2);
    expect(await names({ limit: 4, recursive: true })).toEqual(["a", "b", "c", "d"]);
    expect(await names({ limit: 0 })).toEqual([]);
  });

  test("that are gone or cannot be read do not hide the others", async () => {
    answer = book({ contacts: [simple("a"), simple("ErrorItemNotFound"), simple("ErrorItemCorrupt"), simple("b")] });
    expect(await names()).toEqual(["a", "b"]);
  });

  test("that cannot be read are reported with their failure, and deleted ones are not", async () => {
    answer = book({ contacts: [simple("a"), simple("ErrorItemNotFound"), simple("ErrorItemCorrupt")] });
    expect((await list()).unread).toMatchObject([{ itemId: "ErrorItemCorrupt", failure: { wireCode: "ErrorItemCorrupt" } }]);
  });

  test("of a folder without an end are returned as far as read, and this is reported", async () => {
    answer = () => reply("FindItem", page([simple("a")], { next: 0, last: false }));
    const endless = answer;
    answer = (asked) => (asked.operation === "GetItem" ? book({ contacts: [simple("a")] })(asked) : endless(asked));
    const { contacts: given, unread } = await contacts(server.mailbox(), { limit: 100 });
    expect(given.map(({ itemId }) => itemId)).toEqual(["a"]);
    expect(unread).toMatchObject([{ failure: { code: "broken-reply" } }]);
    expect(server.asked.filter(({ operation }) => operation === "FindItem").length).toBeLessThan(10);
  });

  test("of a missing folder are a failure folder-not-found", async () => {
    answer = book({});
    await expect(run({ folder: "Contacts/Nowhere" })).rejects.toMatchObject({ code: "folder-not-found" });
  });
});

describe.skipIf(schemaMissing !== undefined)(`every request for contacts is valid in the schema of Exchange SE${becauseSchema}`, () => {
  test("list and items", async () => {
    answer = book({ contacts: [full] });
    await run();
    expect(await schemaErrors(Object.fromEntries(server.asked.map(({ operation, xml }) => [operation, xml])))).toEqual([]);
  });
});
