import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { defaultBehaviour } from "../../src/graph/unpromised.ts";
import { GraphSettings, graphBehaviour, readGraphBehaviour, readMailboxList } from "../../src/settings/graph-settings.ts";

const names = Object.keys(graphBehaviour);

test("without settings Graph has the back end's defaults in the worldwide cloud", () => {
  expect(readGraphBehaviour(GraphSettings.parse({}), "worldwide")).toEqual(defaultBehaviour);
});

test.each(["us-gcc-high", "us-dod", "china"] as const)(
  "features of the worldwide cloud are treated as absent in %s unless the settings enable them",
  (cloud) => {
    const without = readGraphBehaviour(GraphSettings.parse({}), cloud);
    expect(without).toEqual({ ...defaultBehaviour, permanentDelete: false, importExport: false });
    const said = readGraphBehaviour(GraphSettings.parse({ permanent_delete: true, import_export: true }), cloud);
    expect([said.permanentDelete, said.importExport]).toEqual([true, true]);
  },
);

describe.each(names)("graph.%s", (name) => {
  test("reaches the back end", () => {
    const known: Readonly<Record<string, unknown>> = { ...readGraphBehaviour(GraphSettings.parse({}), "worldwide") };
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
    const seen = new Set(
      allowed.map((position) => JSON.stringify(readGraphBehaviour(GraphSettings.parse({ [name]: position }), "worldwide"))),
    );
    expect(allowed.length).toBeGreaterThan(1);
    expect(seen.size).toBe(allowed.length);
    expect(seen.has(JSON.stringify(known))).toBe(true);
  });

  test("names the accepted values if it is wrong", () => {
    const refused = GraphSettings.safeParse({ [name]: "perhaps" });
    expect(refused.error?.issues[0]?.message).toMatch(/is not valid; put .+ or /);
  });

  test("has its uncertainty documented in the schema, the reference and the guide", () => {
    const { properties = {} } = z.toJSONSchema(z.object(graphBehaviour), { io: "input" });
    const property = properties[name];
    const doubt = typeof property === "object" ? property.description : undefined;
    expect(doubt).toMatch(/no page|promised nowhere|does not say|may have|there are reports|pages say both|Microsoft shows only/i);
    const page = (path: string) => readFileSync(new URL(`../../docs/${path}`, import.meta.url), "utf8");
    expect(page("reference/backends.md")).toContain(doubt);
    expect(page("leave-ews.md")).toContain(`\`${name}`);
  });
});

test.each([
  [{}, "worldwide", "auto", "https://outlook.office365.com"],
  [{}, "us-dod", "auto", "https://outlook-dod.office365.us"],
  [{ mailbox_list: "directory" }, "worldwide", "directory", "https://outlook.office365.com"],
  [{ url: "https://graph.microsoft.com/v1.0" }, "worldwide", "auto", "https://outlook.office365.com"],
  [{ url: "https://graph.example.com/v1.0" }, "worldwide", "auto", undefined],
  [{ url: "https://graph.example.com/v1.0", mailbox_list: "admin_api" }, "china", "admin_api", "https://outlook.office365.cn"],
  [
    { url: "https://graph.example.com/v1.0", admin_api_url: "https://exchange.example.com/x" },
    "china",
    "auto",
    "https://exchange.example.com",
  ],
] as const)("with %j in the cloud %s the list of mailboxes comes from %s, with the Admin API at %s", (settings, cloud, from, origin) => {
  const list = readMailboxList(GraphSettings.parse(settings), cloud);
  expect([list.from, list.adminApi?.origin]).toEqual([from, origin]);
});

test("an Admin API without TLS is refused with a hint", () => {
  const refused = GraphSettings.safeParse({ admin_api_url: "http://outlook.example.com" });
  expect(refused.error?.issues[0]?.message).toContain("https://outlook.office365.com");
});
