// `npm run docs`: writes the files that follow from the code: docs/reference/, the tables of permissions in the guides, and src/actions/index.ts.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { actionNames, loadAction } from "../src/actions/load.ts";
import { catalogueFile } from "./catalogue-file.ts";
import { guidesWithPermissions, withPermissionRows } from "./guide-permissions.ts";
import { referencePages } from "./reference.ts";
import { protocolIndex, sourcesOf } from "./reference-protocol.ts";

// Read from the list, because this script writes src/actions/index.ts.
const actions = await Promise.all(actionNames.map(loadAction));
writeFileSync("src/actions/index.ts", catalogueFile(actionNames));
mkdirSync("docs/reference", { recursive: true });
for (const [name, text] of await referencePages(actions)) writeFileSync(join("docs/reference", name), text);
writeFileSync("docs/reference/protocol-index.md", protocolIndex(sourcesOf(".")));
for (const guide of guidesWithPermissions) {
  const file = join("docs", guide);
  writeFileSync(file, withPermissionRows(readFileSync(file, "utf8"), actions));
}
