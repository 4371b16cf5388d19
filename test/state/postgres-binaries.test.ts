import { execFileSync } from "node:child_process";
import { cpSync, existsSync, lstatSync, mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { findBinaries } from "../../src/state/postgres-binaries.ts";

const folder = mkdtempSync(join(tmpdir(), "mailcordon-binaries-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("the programs of this machine are found", () => {
  const { initdb, postgres, pgCtl } = findBinaries(join(folder, "home"));
  for (const path of [initdb, postgres, pgCtl]) expect(existsSync(path)).toBe(true);
});

test.each([
  ["aix", "ppc64"],
  ["linux", "riscv64"],
  ["win32", "arm64"],
] as const)("for %s on %s there are none, and another way is said", (platform, arch) => {
  expect(() => findBinaries(folder, platform, arch)).toThrow(
    expect.objectContaining({ code: "unsupported", hint: expect.stringContaining("DATABASE_URL") }),
  );
});

test("a package that is not installed, and one that is not whole, are said so", () => {
  for (const where of [join(folder, "nowhere"), folder]) {
    expect(() => findBinaries(folder, "linux", "x64", () => where)).toThrow(expect.objectContaining({ code: "unsupported" }));
  }
});

test.skipIf(process.platform !== "linux")("a package that was installed without its scripts runs all the same (on Linux only)", () => {
  const installed = join(realpathSync(findBinaries(folder).postgres), "../../..");
  const bare = join(folder, "bare");
  cpSync(installed, bare, { recursive: true, verbatimSymlinks: true });
  const lib = join(bare, "native/lib");
  for (const name of readdirSync(lib)) if (lstatSync(join(lib, name)).isSymbolicLink()) rmSync(join(lib, name));
  for (const _ of ["first", "again"]) {
    const { initdb, environment } = findBinaries(join(folder, "home"), process.platform, process.arch, () => bare);
    expect(execFileSync(initdb, ["--version"], { env: environment, encoding: "utf8" })).toMatch(/^initdb \(PostgreSQL\)/);
  }
});
