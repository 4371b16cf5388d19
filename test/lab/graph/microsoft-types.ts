import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import type { Lab } from "../../../src/lab/lab.ts";

// Microsoft's types are no part of this repository: they lie beside it, or what needs them does nothing.

const validator = fileURLToPath(new URL("../../../../shared/graph-schema/validate-example.mjs", import.meta.url));

export const hasTypes = existsSync(validator);

/** For the title of a test that cannot run. */
export const without = hasTypes ? "" : " (skipped: Microsoft's types are not in ../shared)";

interface Validator {
  checkValue(value: unknown, type: string): string[];
  resolvePath(path: string): { readonly type: string | undefined };
}

async function load(): Promise<Validator> {
  const loaded: unknown = await import(validator);
  return loaded as Validator;
}

/** Every JSON reply that the lab's Graph has given is one of the type that its path has. Does nothing where the types are absent. */
export async function expectValidReplies(lab: Lab): Promise<void> {
  if (!hasTypes) return;
  const { checkValue, resolvePath } = await load();
  const errors = lab.requests.flatMap(({ path, method, status, replyBody }) => {
    if (replyBody === undefined || status >= 300 || !path.startsWith("/v1.0/") || path.startsWith("/v1.0/$batch")) return [];
    const { type = "" } = resolvePath(path.replace(/\?.*/, "").replaceAll("('", "/").replaceAll("')", ""));
    const reply: unknown = JSON.parse(replyBody);
    if (typeof reply !== "object" || reply === null) return [`${path}: no object`];
    const element = /^Collection\((.*)\)$/.exec(type)?.[1];
    // A collection, a list of results or a single value stands in a member of this name.
    const found = "value" in reply ? checkValue(reply.value, type) : checkValue(reply, element ?? type);
    return found.map((error) => `${method} ${path} ${error}`);
  });
  expect(errors).toEqual([]);
}
