import { expect, test } from "vitest";
import type { Operation } from "../../../src/lab/graph/operation.ts";
import { operations } from "../../../src/lab/graph/operations.ts";
import { RoutingTable, segmentsOf } from "../../../src/lab/graph/routes.ts";

test.each([
  ["/v1.0/users/a%40b/messages/A%2FB%3D", ["users", "a@b", "messages", "A/B="]],
  ["/v1.0/users('it''s')/messages('x')", ["users", "it's", "messages", "x"]],
  ["/v1.0/users/a/mailFolders/inbox/messages/delta()", ["users", "a", "mailFolders", "inbox", "messages", "delta"]],
  ["/v1.0/users/%/messages", ["users", "%", "messages"]],
  ["/beta/users", undefined],
  ["/", undefined],
])("%s has the segments %j", (path, expected) => {
  expect(segmentsOf(path)).toEqual(expected);
});

const operation = (name: string, method: Operation["method"], path: string): Operation => ({
  name,
  method,
  paths: [path],
  permissions: [],
  of: "exchange",
  handle: () => ({ status: 204 }),
});
const table = new RoutingTable([
  operation("get", "GET", "/users/{user}/mailFolders/{folder}"),
  operation("remove", "DELETE", "/users/{user}/mailFolders/{folder}"),
  operation("delta", "GET", "/users/{user}/mailFolders/delta"),
]);

test("a word of the table goes before a name in braces; words are found whatever their case", () => {
  expect(table.find("GET", ["Users", "a", "MAILFOLDERS", "Delta"])).toMatchObject({ operation: { name: "delta" } });
  expect(table.find("GET", ["users", "a", "mailFolders", "x"])).toMatchObject({
    operation: { name: "get" },
    parameters: new Map([
      ["user", "a"],
      ["folder", "x"],
    ]),
  });
});

test("a path without this method says which methods it has; an unknown or an empty one has none", () => {
  expect(table.find("PATCH", ["users", "a", "mailFolders", "x"])).toEqual({ methods: ["GET", "DELETE"] });
  expect(table.find("GET", ["users", "a", "mailFolders", ""])).toBeUndefined();
  expect(table.find("GET", ["groups"])).toBeUndefined();
});

test("no two operations of the lab have the same name, or the same method and path", () => {
  const names = operations.map(({ name }) => name);
  const places = operations.flatMap(({ method, paths }) => paths.map((path) => `${method} ${path.replaceAll(/\{\w+\}/g, "{}")}`));
  expect([new Set(names).size, new Set(places).size]).toEqual([names.length, places.length]);
});
