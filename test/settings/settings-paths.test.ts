import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openEvidence } from "../../src/perform/evidence/hash-and-store.ts";
import { defaultAuditFile, defaultEvidenceDir, findSettings } from "../../src/settings/settings-paths.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mailcordon-places-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("without a setting", () => {
  test("evidence and audit go below the user's home, whatever the working directory is", () => {
    expect([defaultEvidenceDir({ HOME: "/home/ann" }), defaultAuditFile({ HOME: "/home/ann" })]).toEqual([
      "/home/ann/.local/share/mailcordon/evidence",
      "/home/ann/.local/state/mailcordon/audit.jsonl",
    ]);
    expect(defaultEvidenceDir({})).toBe(join(homedir(), ".local/share/mailcordon/evidence"));
  });

  test("they go to the XDG folders if those are absolute paths", () => {
    const environment = { HOME: "/home/ann", XDG_DATA_HOME: "/data", XDG_STATE_HOME: "state" };
    expect([defaultEvidenceDir(environment), defaultAuditFile(environment)]).toEqual([
      "/data/mailcordon/evidence",
      "/home/ann/.local/state/mailcordon/audit.jsonl",
    ]);
  });
});

describe("a settings file", () => {
  const find = (flag?: string, directory = folder) => findSettings(flag, { HOME: join(folder, "home") }, directory);

  test("is found in the working directory, then in the user's configuration", () => {
    const user = join(folder, "home/.config/mailcordon/mailcordon.yaml");
    mkdirSync(join(user, ".."), { recursive: true });
    writeFileSync(user, "");
    expect(find()).toEqual({ path: user, isFound: true });
    writeFileSync(join(folder, "mailcordon.yaml"), "");
    expect(find()).toEqual({ path: join(folder, "mailcordon.yaml"), isFound: true });
  });

  test("is not read from a folder of evidence or of its files unless it is named", async () => {
    async function* bytes() {
      yield Buffer.from("x");
    }
    await openEvidence(folder).keep(bytes(), { name: "a.txt" });
    for (const place of [folder, join(folder, "files")]) {
      const file = join(place, "mailcordon.yaml");
      writeFileSync(file, "");
      expect(() => find(undefined, place)).toThrow(`${file} is in a folder that contains evidence`);
      expect(find(file)).toEqual({ path: file, isFound: false });
    }
  });

  test("is not read through a link to a file of a message", async () => {
    async function* bytes() {
      yield Buffer.from("connections: {}");
    }
    const elsewhere = join(folder, "elsewhere");
    mkdirSync(elsewhere);
    const { file_ref = "" } = await openEvidence(join(folder, "evidence")).keep(bytes(), { name: "harmless.txt" });
    symlinkSync(file_ref, join(elsewhere, "mailcordon.yaml"));
    expect(() => find(undefined, elsewhere)).toThrow("is in a folder that contains evidence");
  });

  test("that is named and missing is an error", () => {
    expect(() => find("absent.yaml")).toThrow(`--config: there is no file ${join(folder, "absent.yaml")}.`);
  });
});
