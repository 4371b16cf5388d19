import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeFolder, makeFolderSync } from "../../src/files/make-folder.ts";
import { openEvidence } from "../../src/perform/evidence/hash-and-store.ts";

const ways: [string, (folder: string, mode?: number) => Promise<void>][] = [
  ["makeFolder", makeFolder],
  ["makeFolderSync", async (folder, mode) => makeFolderSync(folder, mode)],
];

describe.each(ways)("%s", (way, make) => {
  let home: string;
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), "mailcordon-folders-"));
  });
  afterAll(() => rmSync(home, { recursive: true }));

  test.skipIf(process.platform === "win32")(
    "makes every missing folder with its mode, and leaves an existing one; parents that root makes let others through",
    async () => {
      mkdirSync(join(home, "there"), { mode: 0o755 });
      await make(join(home, "there/a/b/c/"), 0o700);
      await make(join(home, "there/a/b/c"), 0o755);
      const modes = ["there", "there/a", "there/a/b", "there/a/b/c"].map((name) => statSync(join(home, name)).mode & 0o777);
      const parents = process.getuid?.() === 0 ? 0o711 : 0o700;
      expect(modes).toEqual([0o755, parents, parents, 0o700]);
    },
  );

  test("succeeds if several processes make it concurrently", async () => {
    await Promise.all(Array.from({ length: 20 }, () => make(join(home, "at/once/often"))));
    expect(statSync(join(home, "at/once/often")).isDirectory()).toBe(true);
  });

  test("reports a file at its path or above it", async () => {
    writeFileSync(join(home, "file"), "");
    await expect(make(join(home, "file"))).rejects.toMatchObject({ code: "EEXIST" });
    await expect(make(join(home, "file/below/it"))).rejects.toMatchObject({ code: "ENOTDIR" });
    if (process.platform === "win32") return;
    symlinkSync(join(home, "nowhere"), join(home, "link"));
    await expect(make(join(home, "link/below"))).rejects.toMatchObject({ code: "EEXIST" });
  });

  test.runIf(existsSync("/proc/self"))("fails if a folder accepts no subfolder", { timeout: 5_000 }, async () => {
    await expect(make(`/proc/nope-${way}`)).rejects.toMatchObject({ code: "ENOENT" });
    await expect(make(`/proc/nope-${way}/a/b`)).rejects.toMatchObject({ code: "ENOENT" });
  });
});

test.runIf(existsSync("/proc/self"))("evidence that cannot be kept in such a folder fails immediately", { timeout: 5_000 }, async () => {
  async function* bytes() {
    yield Buffer.from("abc");
  }
  await expect(openEvidence("/proc/nope").keep(bytes(), { name: "a.txt" })).rejects.toMatchObject({ code: "evidence-failed" });
});

test("no file of the program uses Node's recursive mkdir, which may never end", () => {
  const src = join(import.meta.dirname, "../../src");
  const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  const looping = files.filter((file) => /\bmkdir(?:Sync)?\([^;]*recursive/.test(readFileSync(join(src, file), "utf8")));
  expect(looping).toEqual([]);
});
