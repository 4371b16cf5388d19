// `npm run try-nodes -- [RELEASE…] [--all]`: checks mailcordon on other releases of Node.js (default: 22 and 24): types, build, and a sample of the
// tests of the installed package; with `--all` every test.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const words = process.argv.slice(2);
const releases = words.filter((word) => /^\d+$/.test(word));
const all = words.includes("--all");
// Tests of features that differ between releases of Node.js: start of programs and modules, TLS, character sets, streams, command line and `serve`.
const sample = ["test/packed", "test/index.test.ts", "test/main.test.ts", "test/commands/serve-command.test.ts", "test/wire"];

/** Returns the program of the newest Node.js of a release, from the registry, whose packages contain it unchanged. */
function programOf(release) {
  const platform = process.platform === "win32" ? "win" : process.platform;
  const folder = join(tmpdir(), `mailcordon-node-${release}`);
  const program = join(folder, `node_modules/node-${platform}-${process.arch}/bin`);
  if (!existsSync(program)) {
    mkdirSync(folder, { recursive: true });
    const words = [
      "install",
      "--no-audit",
      "--no-fund",
      "--loglevel=error",
      "--prefix",
      folder,
      `node-${platform}-${process.arch}@${release}`,
    ];
    execFileSync("npm", words, { stdio: ["ignore", "ignore", "inherit"] });
  }
  return program;
}

let failed = false;
for (const release of releases.length > 0 ? releases : ["22", "24"]) {
  const folder = programOf(release);
  const node = join(folder, "node");
  // Programs that start `node` by its name, such as npm, find this one.
  const env = { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}` };
  const version = execFileSync(node, ["--version"], { encoding: "utf8" }).trim();
  const made = mkdtempSync(join(root, "node_modules/.cache-"));
  const steps = {
    types: ["node_modules/typescript/bin/tsc", "--noEmit"],
    build: ["scripts/build.mjs", join(made, "dist")],
    tests: ["node_modules/vitest/vitest.mjs", "run", "--mode", "packed", ...(all ? [] : sample)],
  };
  for (const [step, words] of Object.entries(steps)) {
    console.log(`\n-- Node.js ${version}: ${step}`);
    const { status } = spawnSync(node, words, { cwd: root, env, stdio: ["ignore", "inherit", "inherit"] });
    if (status !== 0) {
      console.error(`Node.js ${version}: ${step} failed.`);
      failed = true;
    }
  }
  rmSync(made, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);
