import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Lab } from "../src/lab/lab.ts";
import { labToken } from "../src/lab/practice.ts";
import { socAddress } from "../src/lab/seed/seed.ts";
import { labPassword } from "../src/lab/store/store.ts";

const root = resolve(import.meta.dirname, "..");

/** The package as a user has it: built from the present sources, packed, and installed into its own folder, without development dependencies. */
export interface Built {
  /** The project that has it installed. */
  readonly project: string;
  /** The installed package. */
  readonly folder: string;
  /** Path of the program. */
  readonly program: string;
}

/** The inputs of a build and of the package. */
const sources = ["package.json", "tsconfig.json", "tsconfig.build.json", "src", "scripts", "bench"];
const pages = ["README.md", "LICENSE", "SECURITY.md", "CHANGELOG.md"];
/** Below the repository, so that what the types import is found. */
const builds = join(root, "node_modules/.cache");
/** Outside, where no package of the repository is found. Other users of the machine may have theirs. */
const projects = join(tmpdir(), `mailcordon-packed-${process.getuid?.() ?? 0}`);

/** Installs the package of the present sources, unless another test has installed the same one: the installation takes as long as many tests. */
export function build(): Built {
  // The database that `serve` starts as another user reads its programs below this folder.
  mkdirSync(projects, { recursive: true, mode: 0o755 });
  if (statSync(projects).uid !== process.getuid?.()) throw new Error(`${projects} belongs to another user: remove it`);
  const project = once(projects, (made) => {
    chmodSync(made, 0o755);
    run("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", made], buildPackage());
    const [packed = ""] = readdirSync(made);
    writeFileSync(join(made, "package.json"), '{ "private": true, "type": "module" }');
    run("npm", ["install", "--omit=dev", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error", `./${packed}`], made);
  });
  const folder = join(project, "node_modules/mailcordon");
  return { project, folder, program: join(folder, "dist/mailcordon.cjs") };
}

/** Builds the packed files, apart from the working tree's own dist/. The result also has the compiled code, which a build keeps and no package contains. */
export function buildPackage(): string {
  mkdirSync(builds, { recursive: true });
  return once(builds, (made) => {
    for (const file of ["package.json", ...pages]) copyFileSync(join(root, file), join(made, file));
    cpSync(join(root, "docs"), join(made, "docs"), { recursive: true });
    run(process.execPath, ["scripts/build.mjs", join(made, "dist")], root);
  });
}

function run(command: string, words: readonly string[], cwd: string): void {
  execFileSync(command, words, { cwd, stdio: ["ignore", "ignore", "inherit"] });
}

/** Makes a folder named after the present sources, unless it exists. */
function once(place: string, make: (folder: string) => void): string {
  // Each release of Node.js builds its own: the compiled code is of one release.
  const name = `mailcordon-${process.version}-${digestOf([...sources.flatMap(filesIn), ...pages]).slice(0, 16)}`;
  const folder = join(place, name);
  if (existsSync(folder)) {
    // It is in use: the removal below must not take it from this run.
    const now = new Date();
    utimesSync(folder, now, now);
    return folder;
  }
  const made = mkdtempSync(join(place, "making-"));
  make(made);
  keep(made, folder);
  // A run beside this one may still use the build of other sources, but not after an hour.
  for (const other of readdirSync(place)) {
    const path = join(place, other);
    // Another worker may have given it its name meanwhile.
    const made = statSync(path, { throwIfNoEntry: false });
    if (other !== name && made !== undefined && Date.now() - made.mtimeMs > 60 * 60 * 1000) rmSync(path, { recursive: true, force: true });
  }
  return folder;
}

/** Another worker may have been faster. */
function keep(made: string, folder: string): void {
  try {
    renameSync(made, folder);
  } catch (thrown) {
    if (!existsSync(folder)) throw thrown;
    rmSync(made, { recursive: true });
  }
}

function filesIn(path: string): string[] {
  const found = statSync(join(root, path));
  return found.isFile() ? [path] : readdirSync(join(root, path)).flatMap((name) => filesIn(join(path, name)));
}

function digestOf(files: readonly string[]): string {
  const hash = createHash("sha256");
  for (const file of files)
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update("\0");
  return hash.digest("hex");
}

export type Library = typeof import("../src/index.ts");

/**
 * The library: as it is installed where `npm test` runs everything (`--mode packed`); otherwise as it is written now, so that a test which is run
 * alone needs no build.
 */
export async function library(): Promise<Library> {
  return process.env.MAILCORDON_TEST_LIBRARY === "packed"
    ? await import(join(build().folder, "dist/index.js"))
    : await import("../src/index.ts");
}

/** Returns the environment with which the program reaches the lab and signs in. For "graph" the lab must know `labToken`. */
export function environmentOf(lab: Pick<Lab, "ewsUrl" | "graphUrl">, backend: "ews" | "graph"): Record<string, string> {
  const mailbox = { MAILCORDON_MAILBOX: socAddress };
  return backend === "ews"
    ? {
        ...mailbox,
        MAILCORDON_EWS_URL: lab.ewsUrl,
        MAILCORDON_AUTH: "basic",
        MAILCORDON_USERNAME: socAddress,
        MAILCORDON_PASSWORD: labPassword,
      }
    : { ...mailbox, MAILCORDON_BACKEND: "graph", MAILCORDON_GRAPH_URL: lab.graphUrl, MAILCORDON_TOKEN: labToken };
}

/** The result of one process. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Running {
  readonly ended: Promise<Ended>;
  /** Returns its output so far. */
  out(): string;
  /** Resolves when stderr or stdout holds the text. */
  said(text: string): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  /** Stops reading its output, as `head` does. */
  hangUp(): void;
}

/** Starts a process with exactly this environment, and the variables that find programs. */
export function start(
  command: string,
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
  cwd: string,
  stdin?: string,
): Running {
  const child = spawn(command, words, { cwd, env: { PATH: process.env.PATH, HOME: cwd, ...environment }, stdio: "pipe" });
  let out = "";
  let err = "";
  const waiting: (() => void)[] = [];
  const heard = () => {
    for (const look of waiting) look();
  };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
    heard();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
    heard();
  });
  child.stdin.on("error", () => {});
  if (stdin !== undefined) child.stdin.end(stdin);
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({ code, out, err });
      heard();
    });
  });
  return {
    ended,
    out: () => out,
    said: (text) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (out.includes(text) || err.includes(text)) resolve();
          else if (child.exitCode !== null) reject(new Error(`it ended without saying ${text}: ${out}${err}`));
        };
        waiting.push(look);
        look();
      }),
    kill: (signal) => child.kill(signal),
    hangUp: () => child.stdout.destroy(),
  };
}
