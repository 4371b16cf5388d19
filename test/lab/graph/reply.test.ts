import { expect, test } from "vitest";
import { anna, call, deliver, refusal, startGraphLab } from "./graph-client.ts";

test("the directory searches only for requests that accept eventual consistency", async () => {
  const lab = await startGraphLab();
  const path = `/users?$search=${encodeURIComponent('"displayName:anna"')}&$select=mail`;
  expect(refusal(await call(lab, "GET", path))).toEqual([400, "Request_UnsupportedQuery"]);
  const found = await call(lab, "GET", path, undefined, { headers: { ConsistencyLevel: "eventual" } });
  expect(found.at("value")).toEqual([{ mail: anna }]);
});

test("a filter with contains finds mail, unless the lab is one that has no contains", async () => {
  const path = `/users/${anna}/messages?$select=subject&$filter=${encodeURIComponent("contains(subject,'ell')")}`;
  const lab = await startGraphLab();
  deliver(lab);
  expect((await call(lab, "GET", path)).at("value", 0, "subject")).toBe("Hello");
  const other = await startGraphLab({ graph: { containsFilter: false } });
  expect(refusal(await call(other, "GET", path))).toEqual([400, "ErrorInvalidUrlQueryFilter"]);
});

test("a list has its next link, and its count on request", async () => {
  const lab = await startGraphLab();
  for (let count = 0; count < 3; count += 1) deliver(lab, { subject: `Mail ${count}` });
  const first = await call(lab, "GET", `/users/${anna}/mailFolders/inbox/messages?$top=2&$count=true&$select=subject`);
  expect(first.at("@odata.count")).toBe(3);
  const next = new URL(String(first.at("@odata.nextLink")));
  expect(next.origin).toBe(lab.url);
  const rest = await call(lab, "GET", next.href.slice(lab.graphUrl.length));
  expect([rest.at("value", 1), rest.at("@odata.nextLink")]).toEqual([undefined, undefined]);
  expect(rest.at("value", 0, "subject")).toBe("Mail 0");
});

test("the time of receipt is compared in milliseconds, though returned in seconds", async () => {
  const lab = await startGraphLab();
  const item = deliver(lab);
  const at = (item.receivedAt ?? new Date(0)).toISOString();
  const path = `/users/${anna}/messages?$select=receivedDateTime&$filter=${encodeURIComponent(`receivedDateTime ge ${at} and receivedDateTime le ${at}`)}`;
  expect((await call(lab, "GET", path)).at("value", 0, "receivedDateTime")).toBe(`${at.slice(0, 19)}Z`);
});
