#!/usr/bin/env node
// The start of the program, bundled as CommonJS beside `program.cjs`. A playbook starts one process per action, and half of a start's cost on
// Node 20 is compiling. The build keeps the compiled code, and the same version of Node uses it again.
import { readFileSync } from "node:fs";
import * as module from "node:module";
import { join } from "node:path";
import { Script } from "node:vm";

/** The exports of `program.cjs`, and of `server.cjs`: the same program with the libraries of the server commands. */
interface Program {
  main(words: readonly string[], packageFile: string): Promise<void>;
}
type Wrapper = (
  exports: object,
  require: (name: string) => unknown,
  module: { exports: object },
  filename: string,
  dirname: string,
) => void;

/** The commands that need `server.cjs`. An action does not pay for their libraries. */
const serving = ["audit", "export", "keys", "mcp", "serve", "sweep", "worker"];

const words = process.argv.slice(2);
// Completion and the man page describe the commands: `completion words sweep …`, `completion man`.
const [first = "", second, third = ""] = words;
const command = first !== "completion" ? first : second === "words" ? third : "serve";
const file = join(__dirname, serving.includes(command) ? "server.cjs" : "program.cjs");
const loaded = new Map<string, { exports: object }>();

/** Loads a file of ours with its compiled code. Returns undefined if there is none. */
function compiledModule(path: string): object | undefined {
  const known = loaded.get(path);
  if (known !== undefined) return known.exports;
  // V8 refuses a cache of another version or of other flags, but accepts one of another source of equal length: the build removes old ones.
  const cachedData = readIfThere(`${path}.${process.version}-${process.arch}.cache`);
  if (cachedData === undefined) return undefined;
  const made = { exports: {} };
  loaded.set(path, made);
  // The build checks that the file is ASCII, which takes a tenth of the time to read and half the memory.
  const script = new Script(module.wrap(readFileSync(path, "latin1")), { filename: path, cachedData });
  const wrapper: Wrapper = script.runInThisContext();
  const require = module.createRequire(path);
  const ours = (name: string): unknown => (name.startsWith("./") ? compiledModule(join(__dirname, name)) : undefined) ?? require(name);
  wrapper(made.exports, ours, made, path, __dirname);
  return made.exports;
}

/** Node 22.1 and later can keep compiled code. Not in the shared temporary folder, where other users could replace it. */
function loadUncompiled(): Program {
  const { XDG_CACHE_HOME, HOME } = process.env;
  const cache = XDG_CACHE_HOME || (HOME ? join(HOME, ".cache") : undefined);
  if (cache !== undefined && "enableCompileCache" in module && typeof module.enableCompileCache === "function") {
    module.enableCompileCache(join(cache, "mailcordon"));
  }
  return module.createRequire(file)(file);
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") return undefined;
    throw thrown;
  }
}

const program = (compiledModule(file) as Program | undefined) ?? loadUncompiled();
program.main(words, join(__dirname, "../package.json"));
