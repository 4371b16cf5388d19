import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readFileSetting } from "../src/file-setting.ts";

test("the bytes of a file are given as they are", () => {
  expect(readFileSetting(import.meta.filename, "ews.ca_file").toString("utf8")).toContain("the bytes of a file are given as they are");
});

test.each([
  ["that is not there", join(tmpdir(), "nowhere", "at-all.pem"), "ENOENT"],
  ["that is a folder", tmpdir(), "EISDIR"],
])("a file %s is a wrong setting, named with its path", (_what, path, code) => {
  expect(() => readFileSetting(path, "ews.ca_file")).toThrow(
    expect.objectContaining({ code: "invalid-settings", message: `ews.ca_file: the file ${path} cannot be read (${code}).` }),
  );
});
