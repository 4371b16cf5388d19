import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { catalogueFile } from "../../scripts/catalogue-file.ts";
import { guidesWithPermissions, withPermissionRows } from "../../scripts/guide-permissions.ts";
import { referencePages } from "../../scripts/reference.ts";
import { catalogue } from "../../src/actions/index.ts";
import { actionNames } from "../../src/actions/load.ts";
import { allPermissions } from "../../src/graph/permissions.ts";

const textOf = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

test.each([...referencePages(catalogue)])(
  "docs/reference/%s is what the catalogue and the table say; `npm run docs` writes it",
  (name, text) => {
    expect(textOf(`docs/reference/${name}`)).toBe(text);
  },
);

test("src/actions/index.ts is what the list in load.ts says; `npm run docs` writes it", () => {
  expect(textOf("src/actions/index.ts")).toBe(catalogueFile(actionNames));
});

test.each(guidesWithPermissions)(
  "the table of docs/%s names for each permission the actions that need it; `npm run docs` writes it",
  (guide) => {
    const text = textOf(`docs/${guide}`);
    expect(text).toBe(withPermissionRows(text, catalogue));
  },
);

test("a guide that has not a row for each permission is refused, not left as it is", () => {
  const rows = allPermissions.map((permission) => `| \`${permission}\` | \`nothing\` |`);
  expect(withPermissionRows(rows.join("\n"), [])).not.toContain("nothing");
  expect(() => withPermissionRows(rows.slice(1).join("\n"), [])).toThrow("Mail.Read");
  expect(() => withPermissionRows([...rows, rows[0]].join("\n"), [])).toThrow("Mail.Read");
});
