import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { actionNames } from "../../src/actions/load.ts";
import {
  allPermissions,
  isHeld,
  kindOf,
  knownActions,
  leastOf,
  type Permission,
  partlyNeeded,
  permissionsOf,
} from "../../src/graph/permissions.ts";

const root = join(import.meta.dirname, "../..");

test("what each action needs is known", () => {
  expect(knownActions).toEqual(actionNames);
});

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
  "User.ReadBasic.All": ["GET /users"],
};

const data = join(root, "../shared/graph-schema/graph-permissions-subset.json");
const isThere = existsSync(data);
test.skipIf(!isThere)(`each is the least that Microsoft names for its requests${isThere ? "" : " (skipped: no ../shared)"}`, () => {
  const { endpoints } = JSON.parse(readFileSync(data, "utf8")) as {
    endpoints: Record<string, { application?: { least: string[]; other: string[] } }>;
  };
  for (const permission of allPermissions) {
    for (const request of requests[permission]) {
      const least = endpoints[request]?.application?.least ?? [];
      expect([request, least]).toEqual([request, expect.arrayContaining([permission])]);
    }
  }
});

test("a larger permission holds the smaller, and no other does", () => {
  expect(isHeld("Mail.Read", ["Mail.ReadWrite"])).toBe(true);
  expect(isHeld("Mail.Read", ["Mail.ReadWrite.Shared"])).toBe(true);
  expect(isHeld("Mail.ReadWrite", ["Mail.Read", "Mail.Send"])).toBe(false);
  expect(isHeld("Mail.Read", ["Mail.ReadBasic.All"])).toBe(false);
  expect(isHeld("User.ReadBasic.All", ["Directory.Read.All"])).toBe(true);
  expect(leastOf(["get-attachments"])).toEqual(["Mail.Read"]);
  expect(leastOf(["get-attachments", "delete-email"])).toEqual(["Mail.ReadWrite"]);
});

test("who lists nobody's mailbox needs consent alone; every other permission has its role in Exchange", () => {
  expect(allPermissions.filter((one) => kindOf(one).role === undefined)).toEqual(["User.ReadBasic.All"]);
});

/** The rows of a guide's table about Microsoft Graph: permission -> the actions that it is said to be for. */
function said(guide: string): Readonly<Record<string, readonly string[]>> {
  const rows = [
    ...readFileSync(join(root, "docs", guide), "utf8").matchAll(/^\| `([\w.]+)` \|(?: Microsoft Graph, application \|)? (`[a-z].*) \|$/gm),
  ];
  return Object.fromEntries(
    rows.flatMap(([, permission = "", text = ""]) => {
      const actions = [...text.matchAll(/`([a-z-]+)`/g)].flatMap(([, name = ""]) => (actionNames.includes(name) ? [name] : []));
      return permission in requests ? [[permission, actions.sort()]] : [];
    }),
  );
}

test.each(["leave-ews.md", "connect-exchange-online.md"])("%s names for each permission the actions that need it", (guide) => {
  const needed = allPermissions.map((permission) => [permission, actionNames.filter((name) => permissionsOf(name).includes(permission))]);
  const rows = said(guide);
  expect(Object.fromEntries(Object.entries(rows).filter(([permission]) => allPermissions.some((one) => one === permission)))).toEqual(
    Object.fromEntries(needed),
  );
});

test("leave-ews.md names what parts of actions need besides", () => {
  const text = readFileSync(join(root, "docs/leave-ews.md"), "utf8");
  const all = Object.values(partlyNeeded).flatMap((parts) => parts.flatMap(({ permissions }) => permissions));
  expect(all.filter((permission) => !text.includes(`\`${permission}\``))).toEqual([]);
});
