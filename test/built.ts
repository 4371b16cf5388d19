import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");

/** The package as it is built from what is written now, apart from the working tree's own dist/. */
export interface Built {
  readonly folder: string;
  /** Path of the program. */
  readonly program: string;
}

/** What a build reads. */
const sources = ["package.json", "tsconfig.json", "tsconfig.build.json", "src", "scripts", "bench"];
/** Below the repository, so that what the types import is found. */
const cache = join(root, "node_modules/.cache");

/** Builds, unless another test has built the same already: a build takes as long as many tests. */
export function build(): Built {
  const name = `mailcordon-${digestOf(sources.flatMap(filesIn)).slice(0, 16)}`;
  const folder = join(cache, name);
  if (!existsSync(folder)) {
    mkdirSync(cache, { recursive: true });
    const made = mkdtempSync(join(cache, "building-"));
    copyFileSync(join(root, "package.json"), join(made, "package.json"));
    execFileSync(process.execPath, ["scripts/build.mjs", join(made, "dist")], { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
    keep(made, folder);
    // One of another source may be in use by a run beside this one; not an hour later.
    for (const other of readdirSync(cache)) {
      const path = join(cache, other);
      if (other !== name && Date.now() - statSync(path).mtimeMs > 60 * 60 * 1000) rmSync(path, { recursive: true, force: true });
    }
  }
  return { folder, program: join(folder, "dist/mailcordon.cjs") };
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

/** What one process did. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Running {
  readonly ended: Promise<Ended>;
  /** What it wrote to stdout so far. */
  out(): string;
  /** Resolves when stderr or stdout holds the text. */
  said(text: string): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  /** Stops reading what it writes, as `head` does. */
  hangUp(): void;
}

/** Starts a process with exactly this environment besides what finds programs. */
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
