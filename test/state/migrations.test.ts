import { afterAll, expect, test } from "vitest";
import { openDatabase } from "../../src/state/postgres.ts";
import { sweepTables, temporaryState } from "./temporary.ts";

const folder = temporaryState();
afterAll(() => folder.remove());

test("a table of API keys from before they could be limited to an interface keeps its keys, without a limit, and takes limited ones", async () => {
  const before = await folder.open();
  const grant = { roles: ["read"] as const, mailboxes: ["ann@example.com"], connections: undefined };
  const { id, secret } = await before.keys.create({ name: "old", grant });
  // Back to the tables of the version that knew four steps.
  const database = await openDatabase(folder);
  for (const table of sweepTables) await database.execute(`DROP TABLE mailcordon.${table}`, []);
  await database.execute("ALTER TABLE mailcordon.keys DROP COLUMN interfaces, DROP COLUMN owner", []);
  await database.execute("DELETE FROM mailcordon.migrations WHERE step > 4", []);
  await database.close();
  await folder.close();

  const after = await folder.open();
  expect(await after.keys.find(secret)).toEqual({ id, name: "old", grant });
  const limited = await after.keys.create({ name: "new", grant: { ...grant, interfaces: ["mcp"] } });
  expect((await after.keys.find(limited.secret))?.grant.interfaces).toEqual(["mcp"]);
  expect((await after.keys.list()).map((entry) => entry.grant.interfaces)).toEqual([undefined, ["mcp"]]);
  await expect(after.keys.create({ name: "none", grant: { ...grant, interfaces: [] } })).rejects.toMatchObject({ code: "invalid-input" });
});
