import { createConfig, lintFromString } from "@redocly/openapi-core";
import { describe, expect, test } from "vitest";
import { catalogue } from "../../src/actions/index.ts";
import { type OpenApiVersion, openapi } from "../../src/faces/openapi.ts";
import { countSheep, shearSheep } from "./toy.ts";

const toys = [countSheep, shearSheep];
const about = { version: "1.2.3" };
const versions: readonly OpenApiVersion[] = ["3.0", "3.1"];

describe.each(versions)("OpenAPI %s", (version) => {
  test.each([
    ["a toy catalogue", toys],
    ["the catalogue", catalogue],
  ])("of %s passes a separate linter", async (_, actions) => {
    const problems = await problemsOf(openapi(actions, about, version));
    expect(problems).toEqual([]);
  });

  test("of a toy catalogue equals the golden file", async () => {
    const text = `${JSON.stringify(openapi(toys, about, version), null, 2)}\n`;
    await expect(text).toMatchFileSnapshot(`golden/openapi-${version}.json`);
  });
});

test("the linter finds a reference to a missing schema", async () => {
  const document = JSON.parse(JSON.stringify(openapi(toys, about)));
  delete document.components.schemas.CountSheepInput;
  expect(await problemsOf(document)).toContainEqual(expect.stringMatching(/^(no-unresolved-refs|.*resolve)/));
});

test("every operation has its own id, which for an action is the name of its tool", () => {
  const ids = JSON.stringify(openapi(catalogue, about)).match(/"operationId":"[^"]*"/g) ?? [];
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids).toEqual(expect.arrayContaining(catalogue.map(({ name }) => `"operationId":"${name.replaceAll("-", "_")}"`)));
});

test("an idempotency key is offered for changes and not for reads", () => {
  const { paths } = JSON.parse(JSON.stringify(openapi(toys, about)));
  const offered = (name: string) => JSON.stringify(paths[`/v1/actions/${name}`].post.parameters);
  expect(offered("shear-sheep")).toContain("idempotencyKey");
  expect(offered("count-sheep")).not.toContain("idempotencyKey");
});

test("the description names the public address of the server", () => {
  expect(openapi(toys, { ...about, url: "https://mailcordon.example.com" }).servers).toEqual([{ url: "https://mailcordon.example.com" }]);
});

async function problemsOf(document: unknown): Promise<string[]> {
  // Whether the process lives is not a thing that a caller can ask wrongly.
  const rules = { "operation-4xx-response": "off", "no-server-example.com": "off" } as const;
  const config = await createConfig({ extends: ["spec", "recommended-strict"], rules });
  const found = await lintFromString({ source: JSON.stringify(document), absoluteRef: "openapi.json", config });
  return found.map(({ ruleId, message, location }) => `${ruleId} ${message} ${location[0]?.pointer}`);
}
