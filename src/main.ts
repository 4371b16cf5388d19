#!/usr/bin/env node
import * as module from "node:module";
import { join } from "node:path";
import * as z from "zod";

// A playbook starts one process per action: what is done here is paid each time. Schemas are used once, so compiling them costs more than it
// saves; and where Node can keep compiled code (22.1 and later), it need not compile ours again. Not in the common temporary folder, where
// others could put code in its place.
z.config({ jitless: true });
const { XDG_CACHE_HOME, HOME } = process.env;
const cache = XDG_CACHE_HOME || (HOME ? join(HOME, ".cache") : undefined);
if (cache !== undefined && "enableCompileCache" in module && typeof module.enableCompileCache === "function") {
  module.enableCompileCache(join(cache, "mailcordon"));
}

const { main } = await import("./program.ts");
await main(process.argv.slice(2), new URL("../package.json", import.meta.url));
