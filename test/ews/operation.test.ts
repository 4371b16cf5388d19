import { readdirSync } from "node:fs";
import { expect, test } from "vitest";

const folder = new URL("../../src/ews/operations/", import.meta.url);

/** Returns every operation of a file, by Microsoft's name. A function that makes an operation is called with its most harmful input. */
async function operationsOf(file: string): Promise<[string, string][]> {
  const module: Record<string, unknown> = await import(new URL(file, folder).href);
  const values = Object.values(module).map((value) =>
    value === module.markAsJunk && typeof value === "function" ? value({ isJunk: true, move: true }) : value,
  );
  return values.flatMap((value): [string, string][] =>
    typeof value === "object" && value !== null && "safety" in value && "name" in value ? [[String(value.name), String(value.safety)]] : [],
  );
}

test("only reads are repeated freely, and no operation that creates, moves or sends is repeated blindly", async () => {
  const files = readdirSync(folder).filter((name) => name.endsWith(".ts"));
  const found = Object.fromEntries((await Promise.all(files.map(operationsOf))).flat());
  expect(found).toEqual({
    FindFolder: "read",
    FindItem: "read",
    GetAttachment: "read",
    GetFolder: "read",
    GetItem: "read",
    GetSearchableMailboxes: "read",
    GetUserOofSettings: "read",
    ExpandDL: "read",
    ExportItems: "read",
    DeleteItem: "idempotent",
    DeleteAttachment: "idempotent",
    UpdateItem: "idempotent",
    CreateFolder: "idempotent",
    CopyItem: "never",
    CreateAttachment: "never",
    CreateItem: "never",
    MarkAsJunk: "never",
    MoveItem: "never",
    SendItem: "never",
    UploadItems: "never",
  });
});
