import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { searchEmailsExtended } from "../../../src/actions/search-emails-extended.ts";
import { backends, type LabHost, openLabHost } from "../lab-host.ts";

const mailbox = "training@example.com";
const subject = "Handover of the course list";
const smtp = "former.colleague@example.com";
const x500 = "/o=Lab/ou=Exchange Administrative Group/cn=Recipients/cn=former.colleague";

describe.each(backends)("over %s, a message from a former colleague", (backend) => {
  let at: LabHost;
  beforeAll(async () => {
    at = await openLabHost({}, backend);
  });
  afterAll(() => at.close());
  const found = async (input: Readonly<Record<string, unknown>>) => {
    const answer = await at.run(searchEmailsExtended, { mailbox, limit: 100, ...input });
    expect(answer.success).toBe(true);
    return (answer.items as { subject?: string; from?: unknown; sender?: unknown }[]).filter((row) => row.subject === subject);
  };

  test.each([
    ["the SMTP address, which only the properties beside From and Sender hold", smtp],
    ["a part of it", "FORMER.colleague@"],
    ["the display name", "former coll"],
    ["the X.500 address that From holds", "/cn=former.coll"],
  ])("is found by %s", async (_, sender) => {
    expect(await found({ sender })).toHaveLength(1);
    // The same if the client decides after a query.
    expect(await found({ sender, query: "subject:Handover" })).toHaveLength(1);
  });

  test("is shown with the SMTP address, in From and in Sender", async () => {
    const address = { name: "Former Colleague", address: smtp };
    expect(await found({ subject })).toMatchObject([{ from: address, sender: address }]);
    expect(await found({ subject, fields: ["from", "sender", "subject", "to", "headers"], include_body: "text" })).toMatchObject([
      { from: address, sender: address },
    ]);
  });

  test("is not found by the address of somebody else", async () => {
    expect(await found({ sender: "former.colleague@example.org" })).toEqual([]);
  });

  test("which has no SMTP address is shown with its X.500 address and found by name", async () => {
    const from = { name: "Long Gone", address: `${x500}-2`, routingType: "EX" };
    at.put(mailbox, { subject, from, sender: from, internetMessageId: "<gone-2@example.com>" });
    expect(await found({ sender: "long gone" })).toMatchObject([{ from: { name: "Long Gone", address: `${x500}-2` } }]);
  });
});
