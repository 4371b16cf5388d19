import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { deleteEmail } from "../../src/actions/delete-email.ts";
import { getAttachments } from "../../src/actions/get-attachments.ts";
import { catalogue } from "../../src/actions/index.ts";
import { allPermissions, detailsOf, isHeld, leastOf, type Permission, partlyNeeded, permissionsOf } from "../../src/graph/permissions.ts";

const root = join(import.meta.dirname, "../..");

/** Requests of each action, by the permission without which they are refused. */
const requests: Readonly<Record<Permission, readonly string[]>> = {
  "Mail.Read": ["GET /users/{id}/messages/{id}", "GET /users/{id}/messages/{id}/attachments"],
  "Mail.ReadWrite": [
    "POST /users/{id}/messages/{id}/move",
    "POST /users/{id}/messages/{id}/copy",
    "POST /users/{id}/messages/{id}/permanentDelete",
    "POST /users/{id}/messages",
    "POST /users/{id}/messages/{id}/createreply",
  ],
  "Mail.Send": ["POST /users/{id}/messages/{id}/send"],
  "MailboxSettings.Read": ["GET /users/{id}/mailboxsettings/automaticrepliessetting", "GET /users/{id}/mailboxsettings/userpurpose"],
  "Contacts.Read": ["GET /users/{id}/contacts", "GET /users/{id}/contactfolders"],
  // The data leaves calendars out.
  "Calendars.ReadWrite": [],
  "User.ReadBasic.All": ["GET /users"],
  "Group.ReadBasic.All": ["GET /groups"],
  "ExchangeMessageTrace.Read.All": ["GET /admin/exchange/tracing/messagetraces"],
};

const data = join(root, "../shared/graph-schema/graph-permissions-subset.json");
const isThere = existsSync(data);
test.skipIf(!isThere)(
  `each permission is the least that Microsoft names for its requests${isThere ? "" : " (skipped: no ../shared)"}`,
  () => {
    const { endpoints } = JSON.parse(readFileSync(data, "utf8")) as {
      endpoints: Record<string, { application?: { least: string[]; other: string[] } }>;
    };
    for (const permission of allPermissions) {
      for (const request of requests[permission]) {
        const least = endpoints[request]?.application?.least ?? [];
        expect([request, least]).toEqual([request, expect.arrayContaining([permission])]);
      }
    }
  },
);

test("a larger permission includes the smaller one, and no other does", () => {
  expect(isHeld("Mail.Read", ["Mail.ReadWrite"])).toBe(true);
  expect(isHeld("Mail.Read", ["Mail.ReadWrite.Shared"])).toBe(true);
  expect(isHeld("Mail.ReadWrite", ["Mail.Read", "Mail.Send"])).toBe(false);
  expect(isHeld("Mail.Read", ["Mail.ReadBasic.All"])).toBe(false);
  expect(isHeld("User.ReadBasic.All", ["Directory.Read.All"])).toBe(true);
  expect(leastOf([getAttachments])).toEqual(["Mail.Read"]);
  expect(leastOf([getAttachments, deleteEmail])).toEqual(["Mail.ReadWrite"]);
});

test("permissions for the organisation need only consent, and every other permission has a role in Exchange", () => {
  const ofOrganisation = ["User.ReadBasic.All", "Group.ReadBasic.All", "ExchangeMessageTrace.Read.All"];
  expect(allPermissions.filter((one) => detailsOf(one).role === undefined)).toEqual(ofOrganisation);
});

test("a method used only sometimes needs its permission in part, and a covered method adds none", () => {
  const asked = { uses: ["locate", "copy"], sometimes: [{ uses: ["contacts", "outOfOffice"], when: "with `all`" }] } as const;
  expect(permissionsOf(asked)).toEqual(["Mail.ReadWrite"]);
  expect(partlyNeeded(asked).map(({ permissions }) => permissions)).toEqual([
    ["Contacts.Read", "MailboxSettings.Read"],
    ["MailboxItem.ImportExport.All", "User.Read.All"],
  ]);
  expect([permissionsOf({ uses: [] }), partlyNeeded({ uses: [] })]).toEqual([[], []]);
});

test("leave-ews.md names the further permissions of parts of actions", () => {
  const text = readFileSync(join(root, "docs/leave-ews.md"), "utf8");
  const all = catalogue.flatMap((action) => partlyNeeded(action).flatMap(({ permissions }) => permissions));
  expect(all.filter((permission) => !text.includes(`\`${permission}\``))).toEqual([]);
});
