#!/usr/bin/env node
// The door of the program, bundled as CommonJS beside `program.cjs`. A playbook starts one process per action, and half of what a start
// costs on Node 20 is compiling: what was compiled when the program was built is taken up again, where the same Node made it.
import { readFileSync } from "node:fs";
import * as module from "node:module";
import { join } from "node:path";
import { Script } from "node:vm";

/** What `program.cjs` exports. */
interface Program {
  main(words: readonly string[], packageFile: string): Promise<void>;
}
type Wrapper = (exports: object, require: NodeJS.Require, module: { exports: object }, filename: string, dirname: string) => void;

const file = join(__dirname, "program.cjs");
// V8 takes no cache of another version or other flags, but of another source of equal length: the build leaves no old one behind.
const compiled = join(__dirname, `program.${process.version}-${process.arch}.cache`);

function load(): Program {
  const cachedData = readIfThere(compiled);
  if (cachedData === undefined) return loadUncompiled();
  const script = new Script(module.wrap(readFileSync(file, "utf8")), { filename: file, cachedData });
  const program: { exports: object } = { exports: {} };
  const wrapper: Wrapper = script.runInThisContext();
  wrapper(program.exports, module.createRequire(file), program, file, __dirname);
  return program.exports as Program;
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

load().main(process.argv.slice(2), join(__dirname, "../package.json"));
