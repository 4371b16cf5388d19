import fc from "fast-check";
import { expect, test } from "vitest";
import { joinPath, parseFolderName, splitPath } from "../../../src/exchange/folders/folder-names.ts";

test("any names are read back from their path", () => {
  const name = fc
    .string({ minLength: 1, unit: "grapheme" })
    .map((text) => text.trim())
    .filter((text) => text !== "");
  fc.assert(
    fc.property(fc.array(name, { minLength: 1, maxLength: 5 }), (names) => {
      expect(splitPath(joinPath(names))).toEqual(names);
    }),
  );
});

test.each([
  ["Inbox/Reports", ["Inbox", "Reports"]],
  ["\\Inbox\\Reports\\", ["Inbox", "Reports"]],
  ["/Inbox//Reports/", ["Inbox", "Reports"]],
  ["Inbox/AC\\/DC", ["Inbox", "AC/DC"]],
  ["a\\\\b", ["a\\b"]],
  ["", []],
])("the names %j are the path %j", (path, parts) => {
  expect(splitPath(path)).toEqual(parts);
});

test.each(["inbox", "INBOX", "Inbox"])("%s is the well-known inbox", (name) => {
  expect(parseFolderName(name)).toMatchObject({ kind: "well-known", name: "inbox", certain: true });
});

test.each([
  ["Deleted Items", "deleteditems"],
  ["Junk E-mail", "junkemail"],
  ["Sent Items", "sentitems"],
  ["RecoverableItemsDeletions", "recoverableitemsdeletions"],
])("%s means the same as %s", (name, known) => {
  expect(parseFolderName(name)).toMatchObject({ kind: "well-known", name: known });
});

test("a name that people also give to their own folders may not mean the well-known folder", () => {
  expect(parseFolderName("Archive")).toMatchObject({ kind: "well-known", name: "archive", certain: false });
});

test("an id with slashes is recognised as an id", () => {
  const id = `AAMkAGE1/M2+Q${"A".repeat(100)}==`;
  expect(parseFolderName(id)).toEqual({ kind: "id", id });
});

test("a long path is not an id", () => {
  expect(parseFolderName(`${"Inbox/Reports of the year ".repeat(5)}`).kind).toBe("path");
});
