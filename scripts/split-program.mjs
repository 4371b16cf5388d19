// Writes the program as a few CommonJS files. esbuild splits ESM only, into a chunk for each set of files that are needed together; their imports and
// exports are rewritten here, and the chunks of a group become one file, since each file costs a start a third of a millisecond.
import { writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { build, transform } from "esbuild";

/**
 * The groups, in order: a file for each, with its entry points. It contains their chunks that no group above contains. A start reads the first file
 * and those of its back end and action; code that few starts need is in the last one.
 */
const groups = {
  "program.cjs": [
    "src/commands/program.ts",
    "src/faces/cli/run-action.ts",
    "src/settings/load-settings.ts",
    "src/connection/open-connection.ts",
    "src/perform/audit/audit-log.ts",
    "src/perform/audit/audit-log-end.ts",
    "src/actions/get-out-of-office.ts",
  ],
  "program-graph.cjs": ["src/graph/graph.ts", "src/graph/mailboxes/out-of-office.ts"],
  "program-ews.cjs": [
    "src/ews/ews.ts",
    "src/ews/operations/get-user-oof-settings.ts",
    "src/connection/on-premises-sign-in.ts",
    "src/wire/sign-in/authenticate.ts",
  ],
  "program-tokens.cjs": ["src/connection/connection-tokens.ts", "src/wire/sign-in/bearer-token.ts", "src/wire/sign-in/token-claims.ts"],
  "program-log.cjs": ["src/perform/audit/follow-chain.ts", "src/perform/audit/void-lock.ts"],
  "program-search.cjs": ["src/actions/search-emails-extended.ts"],
  "program-search-graph.cjs": ["src/graph/search/search.ts"],
  "program-search-ews.cjs": ["src/ews/search/search.ts"],
  "program-items.cjs": ["src/perform/run-items.ts"],
  "program-content.cjs": [
    "src/actions/download-mail-as-eml.ts",
    "src/actions/get-attachments.ts",
    "src/perform/evidence/hash-and-store.ts",
    "src/perform/evidence/preserve.ts",
  ],
  "program-content-graph.cjs": [
    "src/graph/search/locate-messages.ts",
    "src/graph/messages/message-content.ts",
    "src/graph/messages/attachments.ts",
  ],
  "program-content-ews.cjs": [
    "src/ews/search/locate-messages.ts",
    "src/ews/messages/message-content.ts",
    "src/ews/session/id-ownership.ts",
  ],
};
/** Chunks that two groups need go to a group that every start with either of them reads. */
const shared = {
  "program.cjs": ["program-graph.cjs", "program-ews.cjs"],
  "program-search.cjs": ["program-search-graph.cjs", "program-search-ews.cjs"],
};
const rest = "program-rest.cjs";

/** The files that `splitProgram` writes. */
export const programFiles = [...Object.keys(groups), rest];

/** Builds `entry` into the files above in `out`, and returns esbuild's account of what is in them. */
export async function splitProgram({ entry, out, ...options }) {
  const { minifyWhitespace, minifySyntax, supported, outExtension, ...common } = options;
  const built = await build({
    ...common,
    entryPoints: { program: entry },
    format: "esm",
    splitting: true,
    chunkNames: "[name]-[hash]",
    outdir: out,
    metafile: true,
    write: false,
  });
  const { outputs } = built.metafile;
  const named = (path) => Object.keys(outputs).find((file) => outputs[file].entryPoint === path);
  const codes = new Map(built.outputFiles.map(({ path, text }) => [basename(path), text]));
  const needed = (files, found = new Set()) => {
    for (const file of files) {
      if (found.has(file)) continue;
      found.add(file);
      needed(
        outputs[file].imports.flatMap(({ path, kind, external }) => (kind === "import-statement" && !external ? [path] : [])),
        found,
      );
    }
    return found;
  };
  const neededBy = (file) =>
    needed(
      groups[file].map((path) => {
        if (named(path) === undefined)
          throw new Error(`${path} in the groups of scripts/split-program.mjs is not loaded late: name the file that is`);
        return named(path);
      }),
    );
  const group = new Map();
  const take = (files, into) => {
    for (const file of files) if (!group.has(basename(file))) group.set(basename(file), into);
  };
  for (const file of Object.keys(groups)) {
    const [first, second] = (shared[file] ?? []).map(neededBy);
    take(neededBy(file), file);
    if (first !== undefined)
      take(
        [...first].filter((each) => second.has(each)),
        file,
      );
  }
  take(Object.keys(outputs), rest);

  const names = new Map([...group.keys()].map((name, at) => [name, at]));
  for (const file of programFiles) {
    const own = [...group.keys()].filter((name) => group.get(name) === file);
    const members = own.map((name) => `${names.get(name)}(require,chunk){${rewritten(name, codes.get(name), names)}}`);
    const table = `{${members.join(",\n")}}`;
    const text = file === "program.cjs" ? starting(table, names, group) : `"use strict";module.exports=${table};`;
    const { code } = await transform(text, { minifyWhitespace, minifySyntax, target: common.target, charset: "ascii" });
    writeFileSync(join(out, file), code);
  }
  return built.metafile;
}

/** Returns the first file, which runs each chunk once, on its first request. */
function starting(table, names, group) {
  const fileOf = [...names.keys()].map((name) => group.get(name));
  const own = programFiles.map((file) => [file, fileOf.flatMap((each, at) => (each === file ? [at] : []))]);
  return `"use strict";
const chunks=${table};
const made=[];
const files=${JSON.stringify(Object.fromEntries(own.filter(([file]) => file !== "program.cjs").flatMap(([file, ats]) => ats.map((at) => [at, `./${file}`]))))};
function chunk(at){
  if(made[at]===undefined){
    if(chunks[at]===undefined)Object.assign(chunks,require(files[at]));
    made[at]=chunks[at](require,chunk);
  }
  return made[at];
}
module.exports=chunk(${names.get("program.js")});`;
}

/**
 * Returns one chunk as the body of a function that returns its exports. The values are copied when the chunk runs: there are no import cycles
 * (test/house.test.ts), so a chunk is complete before another imports it, and no file of ours exports a value that changes later.
 */
function rewritten(name, code, names) {
  const source = (from) =>
    names.has(basename(from)) && from.startsWith("./") ? `chunk(${names.get(basename(from))})` : `require(${JSON.stringify(from)})`;
  const pairs = (list) => list.replace(/\s+/g, " ").replace(/([\w$]+) as ([\w$]+)/g, "$1: $2");
  let body = code
    .replace(/^import \{([^}]*)\} from "([^"]+)";$/gm, (_, list, from) => `const {${pairs(list)}} = ${source(from)};`)
    .replace(/^import \* as ([\w$]+) from "([^"]+)";$/gm, (_, local, from) => `const ${local} = ${source(from)};`)
    .replace(/^import "([^"]+)";$/gm, (_, from) => `${source(from)};`)
    .replace(/\bimport\("([^"]+)"\)/g, (_, from) => `Promise.resolve().then(() => ${source(from)})`)
    // A package that the user installs, imported by a name in a variable.
    .replace(/\bimport\(([\w$]+)\)/g, "Promise.resolve().then(() => require($1))");
  const exported = [];
  body = body.replace(/^export \{([^}]*)\};$/gm, (_, list) => {
    exported.push(list.replace(/\s+/g, " ").replace(/([\w$]+) as ([\w$]+)/g, "$2: $1"));
    return "";
  });
  const [left] = /^(?:import|export)\b.*|\bimport\(.*/m.exec(body) ?? [];
  if (left !== undefined) throw new Error(`scripts/split-program.mjs cannot rewrite this line of ${name}: ${left}`);
  return `${body}\nreturn {${exported.join(",")}};`;
}
