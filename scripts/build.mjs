// Bundles the program and the library into dist/: one file to load per process start, since a playbook starts a process per action.
import { existsSync, rmSync } from "node:fs";
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
