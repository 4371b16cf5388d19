import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readFileSetting, readOwnFile } from "../../src/settings/read-named-file.ts";

test("the bytes of a file are returned unchanged", () => {
  expect(readFileSetting(import.meta.filename, "ews.ca_file").toString("utf8")).toContain("the bytes of a file are returned unchanged");
});

test.each([
  ["that is not there", join(tmpdir(), "nowhere", "at-all.pem"), "ENOENT"],
  ["that is a folder", tmpdir(), "EISDIR"],
])("a file %s is a wrong setting, reported with its path", (_what, path, code) => {
  expect(() => readFileSetting(path, "ews.ca_file")).toThrow(
    expect.objectContaining({ code: "invalid-settings", message: `ews.ca_file: the file cannot be read (${code}).`, local: path }),
  );
});

describe.skipIf(process.platform === "win32")("a file that decides where secrets are sent (not on Windows)", () => {
  let folder = "";
  let file = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "mailcordon-own-"));
    file = join(folder, "secret");
    writeFileSync(file, "hunter2");
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each([0o600, 0o644, 0o444])("is read with the mode %o", (mode) => {
    chmodSync(file, mode);
    expect(readOwnFile(file, "auth").toString()).toBe("hunter2");
  });

  test.each([0o620, 0o602, 0o666])("is refused with the mode %o, since others can write it", (mode) => {
    chmodSync(file, mode);
    expect(() => readOwnFile(file, "auth")).toThrow(
      expect.objectContaining({
        code: "invalid-settings",
        message: `auth: other users can write the file ${file}, so mailcordon did not read it.`,
      }),
    );
    chmodSync(file, 0o600);
  });

  test.skipIf(process.getuid?.() !== 0)("is refused if it belongs to neither the user nor root (as root only)", () => {
    chownSync(file, 12_345, 0);
    expect(() => readOwnFile(file, file)).toThrow(`the file ${file} belongs to another user, so mailcordon did not read it.`);
    chownSync(file, 0, 0);
  });

  test("is refused with the field's name if it is missing", () => {
    expect(() => readOwnFile(join(folder, "absent"), "auth")).toThrow(`auth: the file ${join(folder, "absent")} cannot be read (ENOENT).`);
  });
});
