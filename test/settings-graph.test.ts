import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { defaultHabits } from "../src/graph/habits.ts";
import { GraphSettings, graphHabits, readHabits } from "../src/settings-graph.ts";

const names = Object.keys(graphHabits);

test("without settings Graph is taken as the back end takes it by itself, in the worldwide cloud", () => {
  expect(readHabits(GraphSettings.parse({}), "worldwide")).toEqual(defaultHabits);
});

test.each(["us-gcc-high", "us-dod", "china"] as const)(
  "what only the worldwide cloud has is taken for absent in %s, unless it is said to be there",
  (cloud) => {
    const without = readHabits(GraphSettings.parse({}), cloud);
    expect(without).toEqual({ ...defaultHabits, permanentDelete: false, importExport: false });
    const said = readHabits(GraphSettings.parse({ permanent_delete: true, import_export: true }), cloud);
    expect([said.permanentDelete, said.importExport]).toEqual([true, true]);
  },
);

describe.each(names)("graph.%s", (name) => {
  test("reaches the back end", () => {
    const known: Readonly<Record<string, unknown>> = { ...readHabits(GraphSettings.parse({}), "worldwide") };
    const positions = [
      true,
      false,
      "move",
      "delete",
      "delete_twice",
      "try",
      "drafts_only",
      "never",
      "translate",
      "rewrite",
      "restId",
      "ewsId",
    ];
    const allowed = positions.filter((position) => GraphSettings.safeParse({ [name]: position }).success);
    const seen = new Set(allowed.map((position) => JSON.stringify(readHabits(GraphSettings.parse({ [name]: position }), "worldwide"))));
    expect(allowed.length).toBeGreaterThan(1);
    expect(seen.size).toBe(allowed.length);
    expect(seen.has(JSON.stringify(known))).toBe(true);
  });

  test("says what to put when it is wrong", () => {
    const refused = GraphSettings.safeParse({ [name]: "perhaps" });
    expect(refused.error?.issues[0]?.message).toMatch(/is not right; put .+ or /);
  });

  test("has its doubt beside it, in the schema, in the reference and in the guide", () => {
    const { properties = {} } = z.toJSONSchema(z.object(graphHabits), { io: "input" });
    const property = properties[name];
    const doubt = typeof property === "object" ? property.description : undefined;
    expect(doubt).toMatch(/not (promised|said)|no page|promised nowhere|possible|reported both|pages say both|Microsoft shows only/i);
    const page = (path: string) => readFileSync(new URL(`../docs/${path}`, import.meta.url), "utf8");
    expect(page("reference/backends.md")).toContain(doubt);
    expect(page("leave-ews.md")).toContain(`\`${name}`);
  });
});
