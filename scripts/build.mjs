// Makes dist/: the program and the library, bundled, since a playbook starts a process per action and every file costs; and the library's types.
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { build } from "esbuild";

const entries = { mailcordon: "src/main.ts", index: "src/index.ts", demo: "scripts/demo.ts", bench: "bench/bench.ts" };
rmSync("dist", { recursive: true, force: true });
await build({
  entryPoints: Object.fromEntries(Object.entries(entries).filter(([, file]) => existsSync(file))),
  outdir: "dist",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20.19",
  chunkNames: "chunks/[name]-[hash]",
  logLevel: "warning",
});
chmodSync("dist/mailcordon.js", 0o755);

const typescript = createRequire(import.meta.url).resolve("typescript/package.json");
execFileSync(process.execPath, [join(dirname(typescript), "bin/tsc"), "-p", "tsconfig.build.json"], { stdio: "inherit" });
