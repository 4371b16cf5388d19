import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";
import { buildPackage } from "../built.ts";

const root = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "mailcordon-compile-cache-"));
afterAll(() => rmSync(folder, { recursive: true }));

// Its calls read messages, and reads have audit entries.
test("a build writes nothing into the folders of the person who builds: no audit log, no end of it, no evidence, no token", () => {
  const dist = join(folder, "dist");
  cpSync(join(buildPackage(), "dist"), dist, { recursive: true });
  for (const file of readdirSync(dist)) if (file.endsWith(".cache")) rmSync(join(dist, file));
  const home = join(folder, "home");
  const places = ["state", "data", "cache", "config"].map((name) => join(home, name));
  for (const place of places) mkdirSync(place, { recursive: true });
  const [XDG_STATE_HOME, XDG_DATA_HOME, XDG_CACHE_HOME, XDG_CONFIG_HOME] = places;
  const environment = { PATH: process.env.PATH, HOME: home, XDG_STATE_HOME, XDG_DATA_HOME, XDG_CACHE_HOME, XDG_CONFIG_HOME };
  const made = spawnSync(process.execPath, [join(root, "scripts/compile-cache.cjs"), dist], { env: environment, encoding: "utf8" });
  expect(made).toMatchObject({ status: 0 });
  // The calls were made, so they had something to write.
  expect(readdirSync(dist).filter((file) => file.endsWith(".cache")).length).toBeGreaterThan(5);
  expect(readdirSync(home, { recursive: true }).sort()).toEqual(["cache", "config", "data", "state"]);
});
