import { expect, test } from "vitest";
import { anna, ben, call, refusal, startGraphLab, text } from "../graph-client.ts";

test("the list has every account with exactly the default properties", async () => {
  const lab = await startGraphLab();
  const received = await call(lab, "GET", "/users");
  expect([received.at("value", 0, "mail"), received.at("value", 1, "mail"), received.at("value", 2)]).toEqual([anna, ben, undefined]);
  expect(received.at("value", 0, "displayName")).toBe("Anna Example");
  expect(received.at("value", 0, "proxyAddresses")).toBeUndefined();
});

test("addresses and the department are given when they are selected", async () => {
  const lab = await startGraphLab();
  const received = await call(lab, "GET", `/users/${anna}?$select=proxyAddresses,department`);
  expect(received.at()).toMatchObject({
    proxyAddresses: [`SMTP:${anna}`, "smtp:a.example@example.com"],
    department: "Books",
  });
});

test("an account is named by its id, its principal name or an alias, and its mailbox as well", async () => {
  const lab = await startGraphLab();
  const id = text((await call(lab, "GET", `/users/${anna}`)).at("id"));
  expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  for (const name of [id, anna.toUpperCase(), "a.example@example.com"]) {
    expect((await call(lab, "GET", `/users/${name}`)).at("mail")).toBe(anna);
    expect((await call(lab, "GET", `/users/${name}/mailFolders/inbox`)).status).toBe(200);
  }
});

test("the list of accounts has no $skip", async () => {
  expect(refusal(await call(await startGraphLab(), "GET", "/users?$skip=1"))).toEqual([400, "Request_BadRequest"]);
});
