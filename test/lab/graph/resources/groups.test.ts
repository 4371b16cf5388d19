import { expect, test } from "vitest";
import { anna, ben, call, startGraphLab, text } from "../graph-client.ts";

async function grouped(permissions?: readonly string[]) {
  const lab = await startGraphLab(permissions === undefined ? {} : { graph: { tokens: { other: permissions } } });
  lab.store.addGroup({
    address: "team@example.com",
    displayName: "Team",
    aliases: ["crew@example.com"],
    members: [anna, "inner@example.com"],
  });
  lab.store.addGroup({ address: "inner@example.com", displayName: "Inner", members: [ben, "team@example.com", "c@example.org"] });
  return lab;
}

test("a group is found by its address and by an alias", async () => {
  const lab = await grouped();
  for (const filter of ["mail eq 'team@example.com'", "proxyAddresses/any(p:p eq 'smtp:crew@example.com')"]) {
    const found = await call(lab, "GET", `/groups?$filter=${encodeURIComponent(filter)}`);
    expect([found.at("value", 0, "mail"), found.at("value", 1)]).toEqual(["team@example.com", undefined]);
  }
});

test("transitive members are people, groups and contacts of every level, each once, without the group itself", async () => {
  const lab = await grouped();
  const id = text((await call(lab, "GET", "/groups?$filter=mail%20eq%20'team@example.com'")).at("value", 0, "id"));
  const members = await call(lab, "GET", `/groups/${id}/transitiveMembers`);
  const found = [0, 1, 2, 3, 4].map((at) => [members.at("value", at, "@odata.type"), members.at("value", at, "mail")]);
  expect(found).toEqual([
    ["#microsoft.graph.user", anna],
    ["#microsoft.graph.group", "inner@example.com"],
    ["#microsoft.graph.user", ben],
    ["#microsoft.graph.orgContact", "c@example.org"],
    [undefined, undefined],
  ]);
});

test("of members that the application may not read only the type and the id are given", async () => {
  const lab = await grouped(["Group.ReadBasic.All"]);
  const id = text(
    (await call(lab, "GET", "/groups?$filter=mail%20eq%20'team@example.com'", undefined, { token: "other" })).at("value", 0, "id"),
  );
  const members = await call(lab, "GET", `/groups/${id}/transitiveMembers`, undefined, { token: "other" });
  expect(members.at("value", 0)).toEqual({
    "@odata.type": "#microsoft.graph.user",
    ...{ id: expect.any(String), displayName: null, mail: null, userPrincipalName: null },
  });
});

test("an unknown group is 404, and an invalid id is 400", async () => {
  const lab = await grouped();
  expect((await call(lab, "GET", "/groups/00000000-0000-0000-0000-000000000000/transitiveMembers")).status).toBe(404);
  expect((await call(lab, "GET", "/groups/team@example.com/transitiveMembers")).status).toBe(400);
});
