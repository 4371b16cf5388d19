import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { catalogueFile } from "../../scripts/catalogue-file.ts";
import { guidesWithPermissions, withPermissionRows } from "../../scripts/guide-permissions.ts";
import { referencePages } from "../../scripts/reference.ts";
import { protocolIndex, sourcesOf } from "../../scripts/reference-protocol.ts";
import { catalogue } from "../../src/actions/index.ts";
import { actionNames } from "../../src/actions/load.ts";
import { allPermissions } from "../../src/graph/permissions.ts";

const textOf = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

test.each([...(await referencePages(catalogue))])(
  "docs/reference/%s matches the catalogue and the table; `npm run docs` writes it",
  (name, text) => {
    expect(textOf(`docs/reference/${name}`)).toBe(text);
  },
);

describe("docs/reference/protocol-index.md", () => {
  const sources = sourcesOf(fileURLToPath(new URL("../../", import.meta.url)));

  test("matches the links in the code; `npm run docs` writes it", () => {
    expect(textOf("docs/reference/protocol-index.md")).toBe(protocolIndex(sources));
  });

  test("names every file of an EWS operation and of a Graph request", () => {
    const page = protocolIndex(sources).split("## From the file")[0] ?? "";
    const files = sources.filter(({ path }) => /^src\/(?:ews\/operations|graph\/requests)\//.test(path));
    expect(files.length).toBeGreaterThan(30);
    expect(files.filter(({ path }) => !page.includes(`../../${path})`)).map(({ path }) => path)).toEqual([]);
  });

  test("cannot be written while an operation has no link to Microsoft's page", () => {
    const path = "src/ews/operations/archive-item.ts";
    expect(() => protocolIndex([{ path, text: "// no link" }])).toThrow("archiveitem-operation");
  });

  test("leads from an RFC section to the files that name it", () => {
    const page = protocolIndex([{ path: "src/wire/a.ts", text: "// src/wire/: Bytes.\n// RFC 9110, 15.5.2 and message/rfc822" }]);
    expect(page).toContain(
      "| [RFC 9110, 15.5.2](https://www.rfc-editor.org/rfc/rfc9110#section-15.5.2) | [wire/a.ts](../../src/wire/a.ts) |",
    );
    expect(page).not.toContain("rfc822");
  });
});

test("src/actions/index.ts matches the list in load.ts; `npm run docs` writes it", () => {
  expect(textOf("src/actions/index.ts")).toBe(catalogueFile(actionNames));
});

test.each(guidesWithPermissions)(
  "the table of docs/%s names for each permission the actions that need it; `npm run docs` writes it",
  (guide) => {
    const text = textOf(`docs/${guide}`);
    expect(text).toBe(withPermissionRows(text, catalogue));
  },
);

test("a guide without a row for each permission is refused, not left unchanged", () => {
  const rows = allPermissions.map((permission) => `| \`${permission}\` | \`nothing\` |`);
  expect(withPermissionRows(rows.join("\n"), [])).not.toContain("nothing");
  expect(() => withPermissionRows(rows.slice(1).join("\n"), [])).toThrow("Mail.Read");
  expect(() => withPermissionRows([...rows, rows[0]].join("\n"), [])).toThrow("Mail.Read");
});
