import { spawnSync } from "node:child_process";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { tarGz } from "../../../src/faces/automation-service/archive.ts";

const hasTar = spawnSync("tar", ["--version"]).status === 0;

describe("the archive of the Automation Service", () => {
  test("contains the bytes of each file unchanged, whatever their number", async () => {
    for (const size of [0, 1, 511, 512, 513, 10_240 - 512, 65_535, 200_000]) {
      const bytes = Buffer.alloc(size, "abc");
      const tar = gunzipSync(await tarGz([{ name: "one.yaml", bytes }]));
      expect(tar.length % 512).toBe(0);
      expect(tar.toString("latin1", 0, 8)).toBe("one.yaml");
      expect(Number.parseInt(tar.toString("latin1", 124, 135), 8)).toBe(size);
      expect(tar.subarray(512, 512 + size).equals(bytes)).toBe(true);
      expect(tar.subarray(-1024).every((byte) => byte === 0)).toBe(true);
    }
  });

  test.skipIf(!hasTar)(
    `is listed by tar with its names, without an owner or a time${hasTar ? "" : " (skipped: no tar here)"}`,
    async () => {
      const input = await tarGz([
        { name: "a.yaml", bytes: Buffer.from("x") },
        { name: "b.yaml", bytes: Buffer.alloc(3000) },
      ]);
      const { stdout } = spawnSync("tar", ["-tvzf", "-"], { input, encoding: "utf8", env: { ...process.env, TZ: "UTC", LC_ALL: "C" } });
      expect(stdout.replace(/ +/g, " ")).toBe("-rw-r--r-- 0/0 1 1970-01-01 00:00 a.yaml\n-rw-r--r-- 0/0 3000 1970-01-01 00:00 b.yaml\n");
    },
  );

  test("has no time of its own in the header of gzip", async () => {
    const archive = await tarGz([{ name: "a", bytes: Buffer.from("x") }]);
    expect(Buffer.from(archive).toString("hex", 4, 8)).toBe("00000000");
  });

  test("refuses a name that needs an extension of tar", async () => {
    for (const name of ["", "a b", "ü", "x".repeat(101)])
      await expect(tarGz([{ name, bytes: Buffer.alloc(0) }])).rejects.toThrow(RangeError);
  });
});
