// Builds dist/ unless it was built from the same sources by the same release of Node.js. A build that runs already is waited for, so two terminals may
// begin at the same time. What is built takes the place of dist/ at once: a program that runs from there meanwhile finds its files.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const root = resolve(import.meta.dirname, "..");
process.chdir(root);
const sources = ["package.json", "package-lock.json", "tsconfig.json", "tsconfig.build.json", "src", "scripts", "bench"];
const stamp = "dist/sources.sha256";
const cache = "node_modules/.cache";
const lock = join(cache, "build.lock");

const filesIn = (path) => (statSync(path).isFile() ? [path] : readdirSync(path).flatMap((name) => filesIn(join(path, name))));

function stampOf() {
  const hash = createHash("sha256").update(process.version);
  for (const file of sources.filter(existsSync).flatMap(filesIn)) hash.update(`${file}\0`).update(readFileSync(file)).update("\0");
  return `${hash.digest("hex")}\n`;
}

const isFresh = () => existsSync(stamp) && readFileSync(stamp, "utf8") === stampOf();

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return thrown.code === "EPERM";
  }
}

/** Takes the lock; false if a process that is alive has it. */
function takeLock() {
  try {
    writeFileSync(lock, String(process.pid), { flag: "wx" });
    return true;
  } catch (thrown) {
    if (thrown.code !== "EEXIST") throw thrown;
    const owner = Number(readFileSync(lock, "utf8"));
    // A file without a number is of a process that has just made it, or died there.
    const isYoung = Date.now() - statSync(lock).mtimeMs < 10_000;
    if (owner > 0 ? !isAlive(owner) : !isYoung) rmSync(lock, { force: true });
    return false;
  }
}

if (isFresh()) process.exit(0);
mkdirSync(cache, { recursive: true });
let isTold = false;
while (!takeLock()) {
  if (!isTold) console.error("Waiting for another build of mailcordon to end.");
  isTold = true;
  await pause(200);
}
try {
  if (!isFresh()) {
    console.error("Building mailcordon: half a minute.");
    const made = join(cache, `build-${process.pid}`);
    const before = `${made}-before`;
    const built = stampOf();
    try {
      execFileSync(process.execPath, ["scripts/build.mjs", made], { stdio: ["ignore", "inherit", "inherit"] });
      writeFileSync(join(made, "sources.sha256"), built);
      if (existsSync("dist")) renameSync("dist", before);
      renameSync(made, "dist");
    } finally {
      for (const folder of [made, before]) rmSync(folder, { recursive: true, force: true });
    }
  }
} finally {
  rmSync(lock, { force: true });
}
