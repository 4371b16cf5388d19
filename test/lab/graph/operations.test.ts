import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { operations } from "../../../src/lab/graph/operations.ts";
import { RoutingTable, segmentsOf } from "../../../src/lab/graph/routes.ts";

const folder = join(import.meta.dirname, "../../../../shared/graph-schema");
const isThere = existsSync(folder);
const without = isThere ? "" : " (skipped: Microsoft's types are not in ../shared)";
const table = new RoutingTable(operations);

test.each([
  ["GET", "/users", "user-list"],
  ["GET", "/users/a@example.com", "user-get"],
  ["GET", "/users/a/mailFolders", "user-list-mailfolders"],
  ["GET", "/users/a/mailFolders/inbox", "mailfolder-get"],
  ["GET", "/users/a/mailFolders/inbox/childFolders", "mailfolder-list-childfolders"],
  ["POST", "/users/a/mailFolders", "user-post-mailfolders"],
  ["POST", "/users/a/mailFolders/inbox/childFolders", "mailfolder-post-childfolders"],
  ["GET", "/users/a/messages", "user-list-messages"],
  ["GET", "/users/a/mailFolders/inbox/messages", "mailfolder-list-messages"],
  ["GET", "/users/a/messages/m", "message-get"],
  ["GET", "/users/a/messages/m/$value", "outlook-get-mime-message"],
  ["POST", "/users/a/messages/m/copy", "message-copy"],
  ["POST", "/users/a/messages/m/move", "message-move"],
  ["DELETE", "/users/a/messages/m", "message-delete"],
  ["POST", "/users/a/messages/m/permanentDelete", "message-permanentdelete"],
  ["PATCH", "/users/a/messages/m", "message-update"],
  ["POST", "/users/a/messages/m/createReply", "message-createreply"],
  ["POST", "/users/a/messages/m/createReplyAll", "message-createreplyall"],
  ["POST", "/users/a/messages/m/createForward", "message-createforward"],
  ["POST", "/users/a/messages/m/reply", "message-reply"],
  ["POST", "/users/a/messages/m/replyAll", "message-replyall"],
  ["POST", "/users/a/messages/m/forward", "message-forward"],
  ["POST", "/users/a/messages/m/send", "message-send"],
  ["POST", "/users/a/sendMail", "user-sendmail"],
  ["GET", "/users/a/messages/m/attachments", "message-list-attachments"],
  ["GET", "/users/a/messages/m/attachments/b", "attachment-get"],
  ["GET", "/users/a/messages/m/attachments/b/$value", "attachment-get-value"],
  ["POST", "/users/a/messages/m/attachments", "message-post-attachments"],
  ["DELETE", "/users/a/messages/m/attachments/b", "attachment-delete"],
  ["POST", "/users/a/messages/m/attachments/createUploadSession", "attachment-createuploadsession"],
  ["GET", "/users/a/contacts", "user-list-contacts"],
  ["GET", "/users/a/contactFolders/f/contacts", "contactfolder-list-contacts"],
  ["GET", "/users/a/mailboxSettings", "user-get-mailboxsettings"],
  ["GET", "/users/a/mailboxSettings/userPurpose", "user-get-mailboxsettings-part"],
  ["PATCH", "/users/a/mailboxSettings", "user-update-mailboxsettings"],
  ["POST", "/users/a/translateExchangeIds", "user-translateexchangeids"],
  ["GET", "/users/a/events", "user-list-events"],
  ["GET", "/users/a/events/e", "event-get"],
  ["POST", "/users/a/events", "user-post-events"],
  ["DELETE", "/users/a/events/e", "event-delete"],
  ["POST", "/users/a/events/e/decline", "event-decline"],
  ["POST", "/$batch", "json-batching"],
])("%s %s is %s", (method, path, name) => {
  const found = table.find(method, segmentsOf(`/v1.0${path}`) ?? []);
  expect(found !== undefined && "operation" in found ? found.operation.name : found).toBe(name);
});

/** Each operation with each of its paths, as Microsoft's data writes them. */
const placed = operations.flatMap(({ name, method, paths, permissions }) =>
  paths.map((path) => ({ name, permissions, path, row: `${method} ${path.replace(/\{\w+\}/g, "{id}")}`.toLowerCase() })),
);

test.skipIf(!isThere)(`every path is one of Microsoft Graph v1.0${without}`, async () => {
  const { resolvePath }: { resolvePath(path: string): unknown } = await import(pathToFileURL(join(folder, "validate-example.mjs")).href);
  // The types there have no actions of events, and no subscriptions.
  const paths = placed
    .map(({ path }) => path)
    .filter((path) => path !== "/$batch" && path !== "/subscriptions" && !path.endsWith("/decline"));
  for (const path of paths) expect(() => resolvePath(path.replace("{setting}", "userPurpose").replace(/\{\w+\}/g, "x"))).not.toThrow();
  expect(paths.length).toBeGreaterThan(60);
});

interface Least {
  readonly least: readonly string[];
  readonly other: readonly string[];
}

test.skipIf(!isThere)(`an application is accepted with the least permission that Microsoft names, and refused without it${without}`, () => {
  const { endpoints } = JSON.parse(readFileSync(join(folder, "graph-permissions-subset.json"), "utf8")) as {
    readonly endpoints: Readonly<Record<string, { readonly application?: Least; readonly delegatedWork?: Least }>>;
  };
  const rows = new Map(Object.entries(endpoints).map(([row, granted]) => [row.toLowerCase(), granted]));
  const told = placed.flatMap((one) => {
    const row = rows.get(one.row);
    return row?.application === undefined ? [] : [{ ...one, application: row.application, user: row.delegatedWork }];
  });
  expect(told.length).toBeGreaterThan(40);
  for (const { row, permissions, application, user } of told) {
    // For uploads the data names the calendar first, to which they can go as well.
    const least = row.endsWith("/createuploadsession") ? application.other : application.least;
    expect([row, permissions.some((one) => least.includes(one))]).toEqual([row, true]);
    const ofUsers = [...(user?.least ?? []), ...(user?.other ?? [])];
    const tooMuch = permissions.filter((one) => ofUsers.includes(one) && ![...application.least, ...application.other].includes(one));
    // Without `.All` it is a scope of users, which no application has.
    expect([row, tooMuch.filter((one) => one.endsWith(".All"))]).toEqual([row, []]);
  }
});
