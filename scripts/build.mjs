// Builds dist/ (or the given folder): the library and its types, and the program in few files, because a playbook starts a process per action and
// every file costs time.
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { build } from "esbuild";
import { billOfMaterials } from "./bill-of-materials.mjs";
import { programFiles, splitProgram } from "./split-program.mjs";

const out = process.argv[2] ?? "dist";
const common = { bundle: true, platform: "node", target: "node20.19", logLevel: "warning" };
rmSync(out, { recursive: true, force: true });

// The library imports its packages by name: they are installed with it, some are CommonJS, which an ESM bundle cannot contain, and the user of the
// library shares its zod.
const library = { ...common, outdir: out, splitting: true, format: "esm", packages: "external" };
// The program is CommonJS, whose files know their folder by this name.
const banner = { js: "const __dirname = import.meta.dirname;" };
await build({ ...library, banner, entryPoints: { index: "src/index.ts" }, chunkNames: "chunks/[name]-[hash]" });
// Only this repository runs these files: they and their chunks are not packed.
const entries = { demo: "scripts/demo.ts", bench: "bench/bench.ts" };
const here = Object.fromEntries(Object.entries(entries).filter(([, file]) => existsSync(file)));
await build({ ...library, entryPoints: here, chunkNames: "repository/[name]-[hash]" });

// The lab and some libraries are separate files, because most calls do not need them. The files of the program share their parts, so a class exists once.
const libraries = readdirSync("src/libraries")
  .filter((file) => !file.endsWith(".d.ts"))
  .map((file) => file.replace(/\.ts$/, ""));
const practice = { "../lab/practice.ts": "./lab.cjs" };
const servingCommands = [
  "./audit-command.ts",
  "./export-command.ts",
  "./keys-command.ts",
  "./mcp-command.ts",
  "./serve-command.ts",
  "./sweep/sweep-command.ts",
  "./sweep/worker-command.ts",
];
const serving = Object.fromEntries(servingCommands.map((file) => [file, "./server.cjs"]));
const commonJs = {
  ...common,
  format: "cjs",
  outdir: out,
  outExtension: { ".js": ".cjs" },
  // CommonJS starts some 4 ms faster than ESM on Node 20. Names are kept, so stack traces are readable.
  supported: { "dynamic-import": false },
  minifyWhitespace: true,
  minifySyntax: true,
};
// The same interop everywhere: a library is loaded late through its file in src/libraries, which names each export, never by its own name. What
// `default` means depends on the importer (https://esbuild.github.io/content-types/#default-interop), so no file of src/libraries has one.
const leaving = (files) => ({
  name: "apart",
  setup(plugin) {
    plugin.onResolve({ filter: /.*/ }, ({ importer, kind, path }) => {
      if (kind !== "dynamic-import" || path.startsWith("node:")) return undefined;
      const [, library] = /^(?:\.\.?\/)+libraries\/([\w-]+)\.ts$/.exec(path) ?? [];
      const file = files[path] ?? (library === undefined ? undefined : `./${library}.cjs`);
      if (file !== undefined) return { path: file, external: true };
      if (path.startsWith(".")) return undefined;
      return { errors: [{ text: `${importer} imports ${path} late: give it a file in src/libraries` }] };
    });
  },
});
await build({ ...commonJs, entryPoints: { mailcordon: "src/main.ts" } });
const plugins = [leaving({ ...practice, ...serving })];
const metafile = await splitProgram({ ...commonJs, entry: "src/commands/program.ts", out, plugins });
const packages = Object.values(metafile.outputs).flatMap(({ inputs }) =>
  Object.keys(inputs).flatMap((path) => /node_modules\/.*/.exec(path) ?? []),
);
const heavy = packages.filter((path) => !path.startsWith("node_modules/zod/"));
if (heavy.length > 0) {
  throw new Error(
    `program.cjs would hold ${heavy[0]} and ${heavy.length - 1} more files of packages: load them late, or name the command in \`servingCommands\``,
  );
}
// The same program with the libraries of the server commands, which `src/main.ts` lists.
await build({ ...commonJs, entryPoints: { server: "src/commands/program.ts" }, plugins: [leaving(practice)] });
const libraryFiles = Object.fromEntries(libraries.map((name) => [name, `src/libraries/${name}.ts`]));
// DBOS looks for parts of its own package and for optional packages: it stays as installed.
await build({ ...commonJs, entryPoints: { lab: "src/lab/practice.ts", ...libraryFiles }, external: ["@dbos-inc/dbos-sdk"] });

const require = createRequire(import.meta.url);
for (const name of libraries) {
  const built = require(resolve(out, `${name}.cjs`));
  if ("default" in built) throw new Error(`src/libraries/${name}.ts has a default export: name it`);
  const missing = Object.keys(built).filter((key) => built[key] === undefined);
  if (missing.length > 0) throw new Error(`${name}.cjs exports ${missing.join(", ")} as undefined`);
}
chmodSync(join(out, "mailcordon.cjs"), 0o755);

// esbuild escapes non-ASCII characters except in regular expressions. With one such character V8 stores the whole program in two bytes per character.
for (const file of [...programFiles, "yaml.cjs"]) {
  const [odd] = /.{0,60}[^\0-\x7f]/.exec(readFileSync(join(out, file), "latin1")) ?? [];
  if (odd !== undefined) throw new Error(`${file} is not all ASCII; write \\u and four digits here: ${odd}`);
}

// One call compiles the code that every call needs; `src/main.ts` loads it.
const practised = spawnSync(process.execPath, ["scripts/compile-cache.cjs", out], { stdio: ["ignore", "ignore", "inherit"] });
if (practised.status !== 0) console.warn("The compiled code could not be kept: the program works, but starts some 18 ms later.");

// The man page, from the texts of the help. `server.cjs` describes every command.
const print = "require(process.argv[1]).main(['completion', 'man'], process.argv[2])";
// A build may be made away from its package.json, which names the version.
const man = spawnSync(process.execPath, ["-e", print, resolve(out, "server.cjs"), resolve("package.json")], { encoding: "utf8" });
if (man.status !== 0) throw new Error(`The man page could not be written: ${man.stderr}`);
writeFileSync(join(out, "mailcordon.1"), man.stdout);
writeFileSync(join(out, "sbom.cdx.json"), billOfMaterials());

// Every start reads these files, and pays a millisecond for each 200 KB of compiled code. The limits are some 10 % above the sizes when this was
// written: a library that is bundled whole (zod has 300 KB more than we use of it) must not pass unnoticed. Raise a limit only with its reason in the
// commit. Other releases of Node.js write compiled code of other sizes.
const largest = {
  "program.cjs": { kilobytes: 341, compiled: 492 },
  "program-graph.cjs": { kilobytes: 50, compiled: 96 },
  "program-ews.cjs": { kilobytes: 147, compiled: 250 },
};
for (const [file, { kilobytes, compiled }] of Object.entries(largest)) {
  const cache = `${file}.${process.version}-${process.arch}.cache`;
  for (const [name, most] of [
    [file, kilobytes],
    [cache, compiled],
  ]) {
    if (!existsSync(join(out, name)) || (name === cache && !process.version.startsWith("v20."))) continue;
    const size = Math.ceil(statSync(join(out, name)).size / 1000);
    if (size > most)
      throw new Error(`${name} has ${size} KB, more than the ${most} KB of \`largest\`: load late what a start does not need`);
  }
}

const typescript = require.resolve("typescript/package.json");
execFileSync(process.execPath, [join(dirname(typescript), "bin/tsc"), "-p", "tsconfig.build.json", "--outDir", join(out, "types")], {
  stdio: "inherit",
});
