import { afterAll, beforeAll, expect, test } from "vitest";
import type { Lab } from "../../../../src/lab/lab.ts";
import { call, expectValidReplies, startSmallLab } from "../soap-client.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startSmallLab();
});
afterAll(async () => {
  await expectValidReplies(lab);
  await lab.close();
});

const zonesOf = async (operation: string) =>
  (await call(lab, operation)).xml().at("ResponseMessages", "GetServerTimeZonesResponseMessage", "TimeZoneDefinitions")?.children ?? [];
const byId = (...ids: readonly string[]): string =>
  `<m:GetServerTimeZones ReturnFullTimeZoneData="true"><m:Ids>${ids.map((id) => `<t:Id>${id}</t:Id>`).join("")}</m:Ids></m:GetServerTimeZones>`;

test("all zones are listed, each with a name, or with all that is known", async () => {
  const names = await zonesOf(`<m:GetServerTimeZones ReturnFullTimeZoneData="false"/>`);
  const full = await zonesOf(`<m:GetServerTimeZones ReturnFullTimeZoneData="true"/>`);
  expect(names.map((zone) => zone.attributes.get("Id"))).toContain("UTC");
  expect(names.every((zone) => zone.children.length === 0)).toBe(true);
  expect(full).toHaveLength(names.length);
  expect(full.every((zone) => zone.child("Periods") !== undefined)).toBe(true);
});

test("a zone with summer time has two periods and the days on which they begin", async () => {
  const [zone] = await zonesOf(byId("Pacific Standard Time"));
  expect(zone?.child("Periods")?.children.map(({ attributes }) => attributes.get("Bias"))).toEqual(["PT8H", "PT7H"]);
  const changes = zone?.at("TransitionsGroups", "TransitionsGroup")?.children ?? [];
  expect(changes.map((change) => [change.textAt("Month"), change.textAt("Occurrence"), change.textAt("TimeOffset")])).toEqual([
    ["3", "2", "PT2H"],
    ["11", "1", "PT2H"],
  ]);
});

test("a zone east of Greenwich has a negative bias, even with half hours", async () => {
  const [zone] = await zonesOf(byId("India Standard Time"));
  expect(zone?.at("Periods", "Period")?.attributes.get("Bias")).toBe("-PT5H30M");
});

test("an id that is not known is left out", async () => {
  expect((await zonesOf(byId("UTC", "Moon Standard Time"))).map((zone) => zone.attributes.get("Id"))).toEqual(["UTC"]);
});
