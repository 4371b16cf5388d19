import fc from "fast-check";
import { expect, test } from "vitest";
import { type FoundFolder, treeOf, walk } from "../../../src/exchange/folders/folder-tree.ts";

function folder(folderId: string, parentFolderId: string, displayName: string, distinguished?: string): FoundFolder {
  return { folderId, parentFolderId, displayName, distinguished, isSearchFolder: false };
}

const found = [
  folder("c", "b", "2026"),
  folder("a", "root", "Posteingang", "inbox"),
  folder("b", "a", "Berichte"),
  folder("d", "root", "Deleted/Things", "deleteditems"),
];

test("parents come before their children, whatever the server's order, each with its path", () => {
  expect(treeOf(found).map(({ path, depth }) => [path, depth])).toEqual([
    ["Posteingang", 0],
    ["Posteingang/Berichte", 1],
    ["Posteingang/Berichte/2026", 2],
    ["Deleted\\/Things", 0],
  ]);
});

test("a folder on two pages is in the tree once", () => {
  expect(treeOf([...found, ...found])).toHaveLength(4);
});

test("folders that are each other's parent end in the tree, without a loop", () => {
  const tree = treeOf([folder("x", "y", "X"), folder("y", "x", "Y"), folder("a", "root", "A"), folder("s", "s", "S")]);
  expect(tree.map(({ path }) => path)).toEqual(["A", "X", "X/Y", "S"]);
});

test("a tree deeper than Exchange allows has every folder, with paths of limited length", () => {
  const deep = Array.from({ length: 5000 }, (_, index) => folder(`f${index}`, `f${index - 1}`, "x"));
  const tree = treeOf(deep);
  expect(tree).toHaveLength(5000);
  expect(tree[299]?.path).toBe(Array(300).fill("x").join("/"));
  expect(tree.at(-1)?.path).toBe([...Array(300).fill("x"), "…", "x"].join("/"));
});

// A call takes some hundred thousand arguments at most: a list that is spread into one ends it with a RangeError.
test("two hundred thousand folders in one folder are all in the tree", () => {
  const top = folder("top", "root", "Top");
  const below = Array.from({ length: 200_000 }, (_, at) => folder(`f${at}`, "top", "x"));
  expect(treeOf([top, ...below])).toHaveLength(200_001);
});

test("a well-known folder is found by its English name in a mailbox of another language", () => {
  const { node, missing } = walk(treeOf(found), ["Inbox", "berichte"]);
  expect([node?.folderId, missing]).toEqual(["b", []]);
});

test("a walk along a path ends with the missing part", () => {
  const { node, missing } = walk(treeOf(found), ["posteingang", "Berichte", "2025", "Mai"]);
  expect([node?.folderId, missing]).toEqual(["b", ["2025", "Mai"]]);
});

test("every folder of a tree is found by walking its own names", () => {
  const parents = fc.array(fc.nat(), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(parents, (numbers) => {
      const tree = treeOf(numbers.map((number, index) => folder(`f${index}`, index === 0 ? "root" : `f${number % index}`, `n${index}`)));
      for (const node of tree) expect(walk(tree, node.path.split("/")).node).toBe(node);
      expect(tree).toHaveLength(numbers.length);
    }),
  );
});
