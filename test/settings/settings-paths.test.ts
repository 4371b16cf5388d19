import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { openEvidence } from "../../src/perform/evidence/hash-and-store.ts";
import { defaultAuditFile, defaultEvidenceDir, defaultStateDir, findSettings } from "../../src/settings/settings-paths.ts";

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

describe.skipIf(process.platform === "win32")("the default folder of the state", () => {
  const home = mkdtempSync(join(tmpdir(), "mailcordon-home-"));
  chmodSync(home, 0o711);
  afterAll(() => rmSync(home, { recursive: true }));
  const below = join(home, ".local/state/mailcordon-state");

  test("is below the home folder, also for root if others may enter that", () => {
    expect([defaultStateDir({ HOME: home }, 1000), defaultStateDir({ HOME: home }, 0)]).toEqual([below, below]);
  });

  test("of root is outside a home folder that others may not enter, unless the state is there already or a folder is chosen", () => {
    mkdirSync(join(home, ".local"), { mode: 0o700 });
    expect(defaultStateDir({ HOME: home }, 0)).toBe("/var/lib/mailcordon-state");
    expect(defaultStateDir({ HOME: home }, 1000)).toBe(below);
    expect(defaultStateDir({ HOME: home, XDG_STATE_HOME: "/chosen" }, 0)).toBe("/chosen/mailcordon-state");
    mkdirSync(join(below, "postgres/data"), { recursive: true });
    writeFileSync(join(below, "postgres/data/PG_VERSION"), "18");
    expect(defaultStateDir({ HOME: home }, 0)).toBe(below);
  });
});
