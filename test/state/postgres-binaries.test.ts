import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { copiedTo, findBinaries } from "../../src/state/postgres-binaries.ts";

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
] as const)("for %s on %s no programs exist, and an alternative is named", (platform, arch) => {
  expect(() => findBinaries(folder, platform, arch)).toThrow(
    expect.objectContaining({ code: "unsupported", hint: expect.stringContaining("DATABASE_URL") }),
  );
});

test("a missing or incomplete package is reported", () => {
  for (const where of [join(folder, "nowhere"), folder]) {
    expect(() => findBinaries(folder, "linux", "x64", () => where)).toThrow(expect.objectContaining({ code: "unsupported" }));
  }
});

test.skipIf(process.platform !== "linux")("a package that was installed without its scripts still runs (on Linux only)", () => {
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

test("programs are copied once for each version, with links resolved, to a folder where another user can start them", () => {
  const installed = join(folder, "installed");
  mkdirSync(join(installed, "native/bin"), { recursive: true });
  writeFileSync(join(installed, "package.json"), '{"version": "1.2.3"}');
  writeFileSync(join(installed, "native/bin/postgres"), "one", { mode: 0o755 });
  symlinkSync(join(installed, "native/bin/postgres"), join(installed, "native/bin/link"));
  symlinkSync("bin", join(installed, "native/lib"));
  const copy = copiedTo(folder, installed);
  expect(readFileSync(join(copy, "native/bin/link"), "utf8")).toBe("one");
  expect(lstatSync(join(copy, "native/bin/link")).isSymbolicLink()).toBe(false);
  expect(lstatSync(join(copy, "native/lib")).isSymbolicLink()).toBe(false);
  expect(statSync(join(copy, "native/bin/postgres")).mode & 0o777).toBe(0o755);
  expect(statSync(copy).mode & 0o777).toBe(0o711);
  writeFileSync(join(installed, "native/bin/postgres"), "two");
  expect(copiedTo(folder, installed)).toBe(copy);
  expect(readFileSync(join(copy, "native/bin/postgres"), "utf8")).toBe("one");
  writeFileSync(join(installed, "package.json"), '{"version": "1.2.4"}');
  expect(readFileSync(join(copiedTo(folder, installed), "native/bin/postgres"), "utf8")).toBe("two");
});
