import fc from "fast-check";
import { expect, test } from "vitest";
import { guidOf, IdMint, idOf, isWellFormedChangeKey, parseId, publicGuidOf } from "../../../src/lab/store/id.ts";

const mint = new IdMint(guidOf(7));

test("ids resemble Exchange's: AAMk, 120 characters for a folder and 152 for an item", () => {
  const folder = mint.folder();
  const item = mint.item(folder);
  expect(folder).toMatch(/^AAMk[A-Za-z0-9+/]+=*$/);
  expect(item).toMatch(/^AAMk[A-Za-z0-9+/]+=*$/);
  expect([folder.length, item.length]).toEqual([120, 152]);
  expect(mint.changeKey("item")).toMatch(/^CQAAABYA/);
  expect(mint.changeKey("folder")).toMatch(/^AQAAABYA/);
});

test("an id says its kind and its mailbox, and no two are the same", () => {
  const folder = mint.folder();
  const ids = [folder, ...Array.from({ length: 500 }, () => mint.item(folder))];
  expect(new Set(ids).size).toBe(501);
  expect(parseId(folder)).toMatchObject({ kind: "folder", mailbox: guidOf(7) });
  expect(parseId(ids[1] ?? "")).toMatchObject({ kind: "item", mailbox: guidOf(7), path: [] });
});

test("an attachment's id carries its item's, at every depth", () => {
  const item = mint.item(mint.folder());
  const entry = parseId(item)?.entry ?? new Uint8Array();
  const outerKey = mint.attachmentKey();
  const outer = idOf(mint.mailbox, entry, [outerKey]);
  const inner = idOf(mint.mailbox, entry, [outerKey, mint.attachmentKey()]);
  expect(parseId(inner)?.kind).toBe("attachment");
  expect(mint.rootOf(inner)).toBe(item);
  expect(mint.isAbove(outer, inner)).toBe(true);
  expect(mint.isAbove(inner, outer)).toBe(false);
});

test("a malformed id is distinguished from an unknown id", () => {
  const item = mint.item(mint.folder());
  expect(parseId(item)?.kind).toBe("item");
  for (const bad of ["", "AAMk", "not an id", item.slice(0, -4), `${item}AAAA`, item.replace("AAMk", "ABMk"), `${item} `])
    expect(parseId(bad), bad).toBeUndefined();
});

test("no text makes reading an id throw, and whatever is read is written the same", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.base64String({ maxLength: 400 })), (text) => {
      const id = parseId(text);
      if (id) expect(idOf(id.mailbox, id.entry, id.path)).toBe(text);
    }),
  );
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 20 }), { maxLength: 10 }), (path) => {
      const entry = parseId(mint.item(mint.folder()))?.entry ?? new Uint8Array();
      const read = parseId(idOf(mint.mailbox, entry, path));
      expect(read?.path.map((key) => [...key])).toEqual(path.map((key) => [...key]));
    }),
  );
});

test("a change key is known by its layout", () => {
  expect(isWellFormedChangeKey(mint.changeKey("contact"))).toBe(true);
  for (const bad of ["", "abc12345", "CQAAABYA", mint.folder()]) expect(isWellFormedChangeKey(bad)).toBe(false);
});

test("ids of public folders name no mailbox: a folder's are 50 bytes as on Microsoft's page, and an item's hold its folder's", () => {
  const open = new IdMint(publicGuidOf(0));
  const folder = open.folder();
  const item = open.item(folder);
  expect([folder.slice(0, 4), Buffer.from(folder, "base64").length]).toEqual(["AAEu", 50]);
  expect(item.slice(0, 3)).toBe("AAI");
  const folderBytes = Buffer.from(folder, "base64").subarray(4);
  expect(Buffer.from(item, "base64").subarray(-46)).toEqual(folderBytes);
  expect(parseId(folder)).toMatchObject({ kind: "folder", mailbox: publicGuidOf(0) });
  const parsed = parseId(item);
  expect(parsed).toMatchObject({ kind: "item", mailbox: publicGuidOf(0), path: [] });
  const attachment = idOf(open.mailbox, parsed?.entry ?? new Uint8Array(), [open.attachmentKey()]);
  expect(parseId(attachment)?.kind).toBe("attachment");
  expect(open.rootOf(attachment)).toBe(item);
  for (const bad of [folder.slice(0, -4), item.slice(0, -4), `${item}AAAA`, folder.replace("AAEu", "AAEv")])
    expect(parseId(bad), bad).toBeUndefined();
});
