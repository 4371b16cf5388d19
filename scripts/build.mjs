// Makes dist/ (or the folder that is named): the library and its types; and the program, in one file, since a playbook starts a process per
// action and every file costs.
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { build } from "esbuild";

const out = process.argv[2] ?? "dist";
const common = { bundle: true, platform: "node", target: "node20.19", logLevel: "warning" };
rmSync(out, { recursive: true, force: true });

// The library imports what it needs by name: it is installed with us, some of it is CommonJS, which an ESM bundle cannot take in, and who
// uses the library shares its zod.
const library = { ...common, outdir: out, splitting: true, format: "esm", packages: "external" };
await build({ ...library, entryPoints: { index: "src/index.ts" }, chunkNames: "chunks/[name]-[hash]" });
// Only this repository runs these: they and their chunks are not packed.
const entries = { demo: "scripts/demo.ts", bench: "bench/bench.ts" };
const here = Object.fromEntries(Object.entries(entries).filter(([, file]) => existsSync(file)));
await build({ ...library, entryPoints: here, chunkNames: "repository/[name]-[hash]" });

// What most calls do not need stays apart: the lab, and some libraries. Everything of ours is in one file, so that a class is there once.
const libraries = readdirSync("src/libraries").map((file) => file.replace(/\.ts$/, ""));
const practice = { "../lab/practice.ts": "./lab.cjs" };
const servingCommands = [
  "./audit-command.ts",
  "./export-command.ts",
  "./keys-command.ts",
  "./mcp-command.ts",
  "./serve-command.ts",
  "./sweep-command.ts",
];
const serving = Object.fromEntries(servingCommands.map((file) => [file, "./server.cjs"]));
const commonJs = {
  ...common,
  format: "cjs",
  outdir: out,
  outExtension: { ".js": ".cjs" },
  // CommonJS starts some 4 ms faster than ESM on Node 20; names are kept, so that a stack trace can be read.
  supported: { "dynamic-import": false },
  minifyWhitespace: true,
  minifySyntax: true,
};
// One interop for all: a library is loaded late through its file in src/libraries, which names each export, and never by its own name. What
// `default` means depends on who asks (https://esbuild.github.io/content-types/#default-interop), so no file of src/libraries has one.
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
const entryPoints = { mailcordon: "src/main.ts", program: "src/commands/program.ts" };
const plugins = [leaving({ ...practice, ...serving })];
const { metafile } = await build({ ...commonJs, entryPoints, plugins, metafile: true });
const packages = Object.values(metafile.outputs).flatMap(({ inputs }) =>
  Object.keys(inputs).flatMap((path) => /node_modules\/.*/.exec(path) ?? []),
);
const heavy = packages.filter((path) => !path.startsWith("node_modules/zod/"));
if (heavy.length > 0) {
  throw new Error(
    `program.cjs would hold ${heavy[0]} and ${heavy.length - 1} more files of packages: load them late, or name the command in \`servingCommands\``,
  );
}
// The same program with what the commands take that serve others: `src/main.ts` says which.
await build({ ...commonJs, entryPoints: { server: "src/commands/program.ts" }, plugins: [leaving(practice)] });
const libraryFiles = Object.fromEntries(libraries.map((name) => [name, `src/libraries/${name}.ts`]));
// The engine of sweeps looks for parts of its own package, and for packages that are there or not: it stays as it is installed.
await build({ ...commonJs, entryPoints: { lab: "src/lab/practice.ts", ...libraryFiles }, external: ["@dbos-inc/dbos-sdk"] });

const require = createRequire(import.meta.url);
for (const name of libraries) {
  const built = require(resolve(out, `${name}.cjs`));
  if ("default" in built) throw new Error(`src/libraries/${name}.ts has a default export: name it`);
  const missing = Object.keys(built).filter((key) => built[key] === undefined);
  if (missing.length > 0) throw new Error(`${name}.cjs exports ${missing.join(", ")} as undefined`);
}
chmodSync(join(out, "mailcordon.cjs"), 0o755);

// esbuild calls the function that starts a module by the path of its file, which nothing uses and every start reads.
for (const file of ["program.cjs", "server.cjs"]) {
  const whole = readFileSync(join(out, file), "utf8");
  writeFileSync(join(out, file), whole.replace(/(\b__esm\(\{)"src\/[^"]+"/g, "$1m"));
}

// esbuild escapes what is not ASCII, but for regular expressions: one such character, and V8 holds the whole program in two bytes each.
for (const file of ["program.cjs", "yaml.cjs"]) {
  const [odd] = /.{0,60}[^\0-\x7f]/.exec(readFileSync(join(out, file), "latin1")) ?? [];
  if (odd !== undefined) throw new Error(`${file} is not all ASCII; write \\u and four digits here: ${odd}`);
}

// One call compiles what every call needs; the door takes it up again.
const practised = spawnSync(process.execPath, ["scripts/compile-cache.cjs", out], { stdio: ["ignore", "ignore", "inherit"] });
if (practised.status !== 0) console.warn("The compiled code could not be kept: the program works, but starts some 18 ms later.");

const typescript = require.resolve("typescript/package.json");
execFileSync(process.execPath, [join(dirname(typescript), "bin/tsc"), "-p", "tsconfig.build.json", "--outDir", join(out, "types")], {
  stdio: "inherit",
});
