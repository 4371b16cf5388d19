import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import type { Lab } from "../../../src/lab/lab.ts";

// Microsoft's types are not part of this repository but next to it. Without them, these checks do nothing.

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

interface Exchanged {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly reply: unknown;
}

/** A request of a batch with its answer, each as if it had come alone. */
function insideBatch(request: string, reply: string): readonly Exchanged[] {
  const { requests } = JSON.parse(request) as {
    readonly requests: readonly { readonly id: string; readonly method: string; readonly url: string }[];
  };
  const { responses } = JSON.parse(reply) as {
    readonly responses: readonly { readonly id: string; readonly status: number; readonly body?: unknown }[];
  };
  return responses.flatMap(({ id, status, body }): readonly Exchanged[] => {
    const asked = requests.find((one) => one.id === id);
    if (asked === undefined) return [{ method: "", path: `an answer to ${id}, which was not asked`, status: 200, reply: undefined }];
    return [{ method: asked.method, path: `/v1.0/${asked.url.replace(/^\//, "")}`, status, reply: typeof body === "object" ? body : {} }];
  });
}

/** Every JSON reply that the lab's Graph has given is one of the type that its path has. Does nothing where the types are absent. */
export async function expectValidReplies(lab: Lab): Promise<void> {
  if (!hasTypes) return;
  const { checkValue, resolvePath } = await load();
  const all = lab.requests.flatMap(({ path, method, status, requestBody = "", replyBody }): readonly Exchanged[] => {
    // The types there have no subscriptions.
    if (replyBody === undefined || !path.startsWith("/v1.0/") || path.startsWith("/v1.0/subscriptions")) return [];
    if (!path.startsWith("/v1.0/$batch")) return [{ method, path, status, reply: JSON.parse(replyBody) }];
    return status === 200 ? insideBatch(requestBody, replyBody) : [];
  });
  const errors = all.flatMap(({ method, path, status, reply }) => {
    if (status >= 300) return [];
    if (typeof reply !== "object" || reply === null) return [`${path}: no object`];
    const { type = "" } = resolvePath(path.replace(/\?.*/, "").replace(/\('([^']*)'\)/g, "/$1"));
    const element = /^Collection\((.*)\)$/.exec(type)?.[1];
    if ("value" in reply) return checkValue(reply.value, type);
    return checkValue(reply, element ?? type).map((error) => `${method} ${path.slice(0, 60)} ${error}`);
  });
  expect(errors).toEqual([]);
}
