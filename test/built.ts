import { execFileSync, spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");

/** The package as it is built from what is written now, apart from the working tree's own dist/. */
export interface Built {
  readonly folder: string;
  /** Path of the program. */
  readonly program: string;
  remove(): void;
}

export function build(): Built {
  // Below the repository, so that what the types import is found.
  mkdirSync(join(root, "node_modules/.cache"), { recursive: true });
  const folder = mkdtempSync(join(root, "node_modules/.cache/mailcordon-"));
  copyFileSync(join(root, "package.json"), join(folder, "package.json"));
  execFileSync(process.execPath, ["scripts/build.mjs", join(folder, "dist")], { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
  return { folder, program: join(folder, "dist/mailcordon.cjs"), remove: () => rmSync(folder, { recursive: true, force: true }) };
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
