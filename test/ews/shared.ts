import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Returns the path of schemas and samples that are not part of this repository but next to it. */
export function shared(path: string): string {
  return fileURLToPath(new URL(`../../../shared/${path}`, import.meta.url));
}

/** The reason why a test cannot run without them, or undefined. */
export function absent(path: string): string | undefined {
  return existsSync(shared(path)) ? undefined : `../shared/${path} is not here`;
}
