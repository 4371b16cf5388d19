import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { isNotOffered, notOffered } from "../../../src/lab/graph/not-offered.ts";
import { segmentsOf } from "../../../src/lab/graph/routes.ts";
import { anna, call, refusal, startGraphLab } from "./graph-client.ts";

const page = readFileSync(fileURLToPath(new URL("../../../docs/lab.md", import.meta.url)), "utf8");

test.each([
  ["GET", `/users/${anna}/calendarView`, "GET /users/{user}/calendarView"],
  ["POST", `/users/${anna}/contacts`, "POST /users/{user}/contacts"],
  ["POST", "/search/query", "POST /search/query"],
])("the lab says that it does not offer %s %s", async (method, path, named) => {
  const lab = await startGraphLab();
  const received = await call(lab, method, path, method === "POST" ? {} : undefined);
  expect(refusal(received)).toEqual([501, "notImplemented"]);
  expect(received.at("error", "message")).toBe(`This lab does not offer ${named}.`);
});

test("a path that Graph does not have either is no resource, and a method that it does not have there is not allowed", async () => {
  const lab = await startGraphLab();
  expect((await call(lab, "GET", `/users/${anna}/everything`)).status).toBe(400);
  expect((await call(lab, "PUT", `/users/${anna}/mailFolders`, {})).status).toBe(405);
});

test("the rest of a path belongs to what is missing", () => {
  const missing = (path: string): boolean => isNotOffered(segmentsOf(`/v1.0${path}`) ?? []);
  expect([missing("/users/a/calendar/events/e"), missing("/users/a/calendar"), missing("/users/a/messages/m")]).toEqual([
    true,
    true,
    false,
  ]);
});

test("docs/lab.md names each missing request", () => {
  const [, listed = ""] = /\nOver Microsoft Graph:([\s\S]*?)\n\n/.exec(page) ?? [];
  expect([...listed.matchAll(/`([^`]+)`/g)].map(([, path]) => path)).toEqual(notOffered);
});
