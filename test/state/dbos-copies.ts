import { createRequire } from "node:module";
import type { LoadDbos } from "../../src/state/queues.ts";

const require = createRequire(import.meta.url);

/** Loads a copy of DBOS of its own. DBOS exists once in a process, and a test plays several processes in one. */
export const loadOwnDbos: LoadDbos = async () => {
  for (const file of Object.keys(require.cache)) if (file.includes("/@dbos-inc/dbos-sdk/")) delete require.cache[file];
  return require("@dbos-inc/dbos-sdk");
};
