import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

/** Stands for the build: notes that it ran, and writes what the source says. */
const fakeBuild = `
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
const text = readFileSync("src/text", "utf8");
appendFileSync("runs", "x");
await new Promise((resolve) => setTimeout(resolve, 200));
if (text === "broken") process.exit(1);
mkdirSync(process.argv[2], { recursive: true });
writeFileSync(process.argv[2] + "/text", text);
`;

describe("a build where it is needed", () => {
  let root = "";
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "mailcordon-build-"));
    for (const folder of ["src", "scripts"]) mkdirSync(join(root, folder));
    copyFileSync(resolve("scripts/build-if-stale.mjs"), join(root, "scripts/build-if-stale.mjs"));
    writeFileSync(join(root, "scripts/build.mjs"), fakeBuild);
    write("one");
  });
  afterEach(() => rmSync(root, { recursive: true }));
  const write = (text: string) => writeFileSync(join(root, "src/text"), text);
  const script = () => join(root, "scripts/build-if-stale.mjs");
  const build = () => spawnSync(process.execPath, [script()], { encoding: "utf8" }).status;
  const runs = () => (existsSync(join(root, "runs")) ? readFileSync(join(root, "runs"), "utf8").length : 0);
  const built = () => readFileSync(join(root, "dist/text"), "utf8");

  test("runs once for the same sources, and again when one has changed", () => {
    expect([build(), build(), runs(), built()]).toEqual([0, 0, 1, "one"]);
    write("two");
    expect([build(), build(), runs(), built()]).toEqual([0, 0, 2, "two"]);
  });

  test("runs once for two terminals, and both wait for it", async () => {
    const ended = await Promise.all(
      [1, 2].map(
        () =>
          new Promise((done) => {
            spawn(process.execPath, [script()], { stdio: "ignore" }).once("exit", () => done(existsSync(join(root, "dist/text"))));
          }),
      ),
    );
    expect([ended, runs()]).toEqual([[true, true], 1]);
  });

  test("leaves what was built before if it fails, and is tried again", () => {
    expect(build()).toBe(0);
    write("broken");
    expect([build(), build(), runs(), built()]).toEqual([1, 1, 3, "one"]);
  });

  test("does not wait for a process that is gone", () => {
    mkdirSync(join(root, "node_modules/.cache"), { recursive: true });
    const { pid } = spawnSync(process.execPath, ["-e", ""]);
    writeFileSync(join(root, "node_modules/.cache/build.lock"), String(pid));
    expect([build(), built()]).toEqual([0, "one"]);
  });
});
