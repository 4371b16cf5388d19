import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { getSearchableMailboxes } from "../../src/actions/get-searchable-mailboxes.ts";
import { labPassword } from "../../src/lab/store/store.ts";
import { backends, type LabHost, openLabHost } from "./lab-host.ts";

describe.each(backends)("over %s", (backend) => {
  let at: LabHost;
  beforeAll(async () => {
    at = await openLabHost({}, backend);
  });
  afterAll(() => at.close());

  const rows = (answer: { readonly [name: string]: unknown }) => answer.mailboxes as Record<string, unknown>[];

  test.skipIf(backend === "graph")(
    "every mailbox of the organisation is listed, with groups marked (over Graph the directory is the source)",
    async () => {
      const answer = await at.run(getSearchableMailboxes, {});
      const listed = rows(answer).filter((row) => row.mailbox_type === "mailbox");
      expect(answer).toMatchObject({ success: true, source: "ediscovery", failed: [], truncated: false });
      expect(listed.map((row) => row.mailbox).sort()).toEqual(at.lab.store.organisation.users.map((user) => user.address).sort());
      expect(rows(answer)).toContainEqual(expect.objectContaining({ mailbox: "desks@example.com", mailbox_type: "group" }));
      for (const row of rows(answer)) expect(row.reference_id).not.toBe("");
    },
  );

  test("a filter keeps the mailboxes that begin with it", async () => {
    const found = rows(await at.run(getSearchableMailboxes, { filter: "user0" }));
    expect(found).toHaveLength(9);
    expect(new Set(found.map((row) => row.backend))).toEqual(new Set([backend]));
  });

  test("the limit is kept, and the answer reports that there are more", async () => {
    const answer = await at.run(getSearchableMailboxes, { limit: 3 });
    expect(rows(answer)).toHaveLength(3);
    expect(answer).toMatchObject({ truncated: true });
  });

  test("an empty list is a success with a message about it", async () => {
    expect(await at.run(getSearchableMailboxes, { filter: "zzz" })).toMatchObject({
      success: true,
      message: "No searchable mailboxes found",
      mailboxes: [],
    });
  });

  test.skipIf(backend === "ews")(
    "a mailbox without details is named, and the call is not a success (EWS requests all together)",
    async () => {
      at.lab.addFault({ kind: "403", operation: "user-get-mailboxsettings-part", mailbox: "user03@example.com" });
      const answer = await at.run(getSearchableMailboxes, { filter: "user0" });
      expect(rows(answer)).toHaveLength(8);
      expect(answer).toMatchObject({
        success: false,
        incomplete: true,
        message: "8 searchable mailboxes found; for 1 it is not known.",
        failed: [{ mailbox: "user03@example.com", backend, error: { code: "access-denied", wire_code: "ErrorAccessDenied" } }],
      });
    },
  );

  test.skipIf(backend === "graph")("an account without the role is refused with the name of the role (a role of EWS)", async () => {
    const exchange = at.library.openEws({
      url: at.lab.ewsUrl,
      authorize: async () => ({ authorization: `Basic ${Buffer.from(`user01@example.com:${labPassword}`).toString("base64")}` }),
      access: "delegate",
      defaultMailbox: "user01@example.com",
    });
    try {
      const answer = await at.run(getSearchableMailboxes, {}, { exchange });
      expect(answer).toMatchObject({ success: false, error: { code: "role-missing" } });
      expect(`${answer.error?.message} ${answer.error?.hint}`).toContain("Discovery Management");
    } finally {
      await exchange.close();
    }
  });
});
