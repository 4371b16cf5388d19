#!/usr/bin/env node
// The door of the program, bundled as CommonJS beside `program.cjs`. A playbook starts one process per action, and half of what a start
// costs on Node 20 is compiling: what was compiled when the program was built is taken up again, where the same Node made it.
import { readFileSync } from "node:fs";
import * as module from "node:module";
import { join } from "node:path";
import { Script } from "node:vm";

/** What `program.cjs` exports; and `server.cjs`, which is the same program with the libraries of the commands that make other faces. */
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

/** The commands that are only in `server.cjs`: what they take to start is not taken from the process of an action. */
const serving = ["audit", "export", "keys", "mcp", "serve", "sweep", "worker"];

const words = process.argv.slice(2);
const file = join(__dirname, serving.includes(words[0] ?? "") ? "server.cjs" : "program.cjs");
const loaded = new Map<string, { exports: object }>();

/** A file of ours with the code that was compiled for it; undefined where there is none. */
function compiledModule(path: string): object | undefined {
  const known = loaded.get(path);
  if (known !== undefined) return known.exports;
  // V8 takes no cache of another version or other flags, but of another source of equal length: the build leaves no old one behind.
  const cachedData = readIfThere(`${path}.${process.version}-${process.arch}.cache`);
  if (cachedData === undefined) return undefined;
  const made = { exports: {} };
  loaded.set(path, made);
  // The build sees to it that it is all ASCII, which is read in a tenth of the time and takes half the memory of anything else.
  const script = new Script(module.wrap(readFileSync(path, "latin1")), { filename: path, cachedData });
  const wrapper: Wrapper = script.runInThisContext();
  const require = module.createRequire(path);
  const ours = (name: string): unknown => (name.startsWith("./") ? compiledModule(join(__dirname, name)) : undefined) ?? require(name);
  wrapper(made.exports, ours, made, path, __dirname);
  return made.exports;
}

/** Node 22.1 and later keep compiled code by themselves. Not in the common temporary folder, where others could put code in its place. */
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
