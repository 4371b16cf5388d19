import fc from "fast-check";
import { expect, test } from "vitest";
import { publicFolderOf } from "../../../src/ews/folders/public-folder-ids.ts";
import { guidOf, IdMint, idOf, parseId, publicGuidOf } from "../../../src/lab/store/id.ts";

// Both stand on Microsoft's page: the first is compressed, the second is not.
// https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/how-to-route-public-folder-content-requests
const compressed = "AQEuAAADy/LIWjRCp0GFb0W6aGPbwwEARg5aCLUc8k6wLfl1c0a/2AAAAwIAAAA=";
const plain = "AAEuAAAAAADL8shaNEKnQYVvRbpoY9vDAQBGDloItRzyTrAt+XVzRr/YAABdofPkAAA=";

test("a public folder's id is recognised in one form, compressed or not", () => {
  expect(publicFolderOf(plain)).toBe(plain);
  expect(publicFolderOf(compressed)).toBe("AAEuAAAAAADL8shaNEKnQYVvRbpoY9vDAQBGDloItRzyTrAt+XVzRr/YAAAAAAACAAA=");
  expect(publicFolderOf("publicfoldersroot")).toBe("publicfoldersroot");
});

test("the id of an item or attachment names its public folder", () => {
  const mint = new IdMint(publicGuidOf(3));
  const folder = mint.folder();
  const item = mint.item(folder);
  const attachment = idOf(mint.mailbox, parseId(item)?.entry ?? new Uint8Array(), [mint.attachmentKey()]);
  expect([folder, item, attachment].map(publicFolderOf)).toEqual([folder, folder, folder]);
});

test("an id of a mailbox, or invalid text, belongs to no public folder", () => {
  const mint = new IdMint(guidOf(3));
  const folder = mint.folder();
  for (const name of [folder, mint.item(folder), "inbox", "", "AAE", "AAEu", "AAIARgA=", "AQIA", plain.slice(0, 20)])
    expect(publicFolderOf(name), name).toBeUndefined();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(0, 1), fc.constantFrom(1, 2), (bytes, packing, kind) => {
      const found = publicFolderOf(Buffer.concat([Uint8Array.of(packing, kind), bytes]).toString("base64"));
      expect(found === undefined || /^AAEu/.test(found)).toBe(true);
    }),
  );
});
