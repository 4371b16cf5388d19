// `npm run soak`: every test with whole matrices instead of seeded samples (SOAK=1), then every test on the other releases of Node.js. Hours, not
// minutes. docs/testing.md states what its last whole run counted.
import { spawnSync } from "node:child_process";

const env = { ...process.env, SOAK: "1" };
const steps = [
  ["every test, whole matrices", ["node_modules/vitest/vitest.mjs", "run", "--mode", "packed"]],
  ["every test on other releases of Node.js", ["scripts/try-nodes.mjs", "--all"]],
];
let failed = false;
for (const [title, words] of steps) {
  console.log(`\n== ${title}`);
  // The whole matrices run on one release; the others run the samples.
  const { status } = spawnSync(process.execPath, words, {
    env: words.includes("--all") ? process.env : env,
    stdio: ["ignore", "inherit", "inherit"],
  });
  failed ||= status !== 0;
}
process.exit(failed ? 1 : 0);
