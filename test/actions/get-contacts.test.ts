import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { getContacts } from "../../src/actions/get-contacts.ts";
import { backends, type LabHost, openLabHost } from "./lab-host.ts";

describe.each(backends)("over %s", (backend) => {
  let at: LabHost;
  beforeAll(async () => {
    at = await openLabHost({}, backend);
  });
  afterAll(() => at.close());

  const mailbox = "reception@example.com";
  const rows = (answer: { readonly [name: string]: unknown }) => answer.contacts as Record<string, unknown>[];

  test("addresses, phones and postal addresses are each returned under their own name", async () => {
    const answer = await at.run(getContacts, { mailbox, limit: 100 });
    expect(answer.success).toBe(true);
    const found = rows(answer).find((row) => row.surname === "06");
    expect(found).toMatchObject({
      kind: "contact",
      given_name: "Contact",
      job_title: "Order Desk",
      department: "Customer Service",
      email_addresses: [expect.stringMatching(/^contact6@/), expect.stringMatching(/^orders6@/)],
      phone_numbers: [
        { label: "BusinessPhone", number: "+1 555 0206" },
        { label: "MobilePhone", number: "+1 555 0306" },
      ],
      physical_addresses: [
        { label: "Business", street: "6 Sample Street", city: "Sampletown", state: "ST", zip: "00006", country: "Example" },
      ],
    });
  });

  // Peers raise an error here, and a playbook stops.
  test("a mailbox without contacts is a success with a message about it", async () => {
    const answer = await at.run(getContacts, { mailbox: "user02@example.com" });
    expect(answer).toMatchObject({ success: true, message: "No contacts found", contacts: [], truncated: false });
  });

  test("a missing path of a thousand folders is folder-not-found, and a longer path is refused", async () => {
    const path = `${"a b/".repeat(999)}a`;
    expect((await at.run(getContacts, { mailbox, folder: path })).error).toMatchObject({ code: "folder-not-found" });
    const longer = await at.run(getContacts, { mailbox, folder: `${path}/aaa` });
    expect(longer.error).toMatchObject({
      code: "invalid-input",
      message: expect.stringContaining("folder: has more than 4000 characters"),
    });
  });

  test("the limit is kept, and the answer reports that there are more", async () => {
    const all = rows(await at.run(getContacts, { mailbox })).length;
    expect(all).toBeGreaterThan(2);
    const some = await at.run(getContacts, { mailbox, limit: 2 });
    expect(rows(some)).toHaveLength(2);
    expect(some).toMatchObject({ truncated: true, message: "2 contacts found; there are more." });
    expect(await at.run(getContacts, { mailbox, limit: all })).toMatchObject({ truncated: false });
  });

  test("a query keeps contacts whose name, company or address contains it, ignoring case", async () => {
    const found = rows(await at.run(getContacts, { mailbox, query: "ORDERS2@" }));
    expect(found.map((row) => row.surname)).toEqual(["02"]);
  });

  test.skipIf(backend === "graph")("personal groups are returned only on request (Graph returns none)", async () => {
    const kinds = async (include_groups: boolean) =>
      rows(await at.run(getContacts, { mailbox, include_groups, limit: 100 })).map((row) => row.kind);
    expect(await kinds(false)).not.toContain("group");
    expect(await kinds(true)).toContain("group");
  });

  test.skipIf(backend === "ews")("an answer without the requested groups reports it (EWS returns them)", async () => {
    const told = (include_groups: boolean, address = mailbox) => at.run(getContacts, { mailbox: address, include_groups, limit: 100 });
    const without = await told(false);
    expect([without.without_groups, without.message]).toEqual([undefined, expect.not.stringContaining("groups")]);
    const message = expect.stringContaining("found. Personal groups are not listed");
    expect(await told(true)).toMatchObject({ without_groups: true, message });
    expect(await told(true, "user02@example.com")).toMatchObject({ without_groups: true, message: expect.stringContaining("No contacts") });
  });

  test.skipIf(backend === "graph")(
    "an unreadable contact is named, the others are returned, and the call is not a success (its fault is of an EWS operation)",
    async () => {
      const all = rows(await at.run(getContacts, { mailbox, limit: 100 })).length;
      at.lab.addFault({ kind: "item-error", operation: "GetItem", code: "ErrorItemCorrupt", item: 2 });
      const answer = await at.run(getContacts, { mailbox, limit: 100 });
      expect(answer).toMatchObject({
        success: false,
        incomplete: true,
        unread: [{ error: { code: "unreadable", wire_code: "ErrorItemCorrupt" } }],
      });
      expect([rows(answer).length, answer.message]).toEqual([all - 1, expect.stringContaining("1 could not be read")]);
    },
  );

  test("a missing folder is reported as missing", async () => {
    const answer = await at.run(getContacts, { mailbox, folder: "Contacts/Nowhere" });
    expect(answer).toMatchObject({ success: false, error: { code: "folder-not-found" } });
  });
});
