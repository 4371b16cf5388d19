import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { transformSync } from "esbuild";
import { expect, test } from "vitest";
import { openCollector } from "../../../src/wire/http/garbage-collection.ts";

/** The most bytes outside of V8's heap while 48 MiB are made and dropped, beyond what was there before. */
async function mostHeld(dropped: (bytes: number) => void): Promise<number> {
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  for (let count = 0; count < 48 * 16; count++) {
    const chunk = Buffer.allocUnsafeSlow(64 * 1024);
    dropped(chunk.length);
    if (count % 16 === 0) await setImmediate();
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }
  return most;
}

test("memory of read and dropped data never exceeds 16 MiB", async () => {
  expect(await mostHeld(openCollector())).toBeLessThan(16 * 1024 * 1024);
});

test("no context that is made later is given the collector", async () => {
  await mostHeld(openCollector());
  const { runInNewContext } = await import("node:vm");
  expect(runInNewContext("typeof gc")).toBe("undefined");
});

/** A process that reads so many bytes and then makes a list of 300 000 small objects: the bytes of its young generation, and what it complained of. */
function youngGeneration(expecting: string, read: number): { readonly bytes: number; readonly complaints: string } {
  const file = new URL("../../../src/wire/http/garbage-collection.ts", import.meta.url);
  const { code } = transformSync(readFileSync(file, "utf8"), { loader: "ts", format: "cjs" });
  const script = `${code}
    ${expecting}
    openCollector()(${read});
    const kept = Array.from({ length: 300_000 }, (_, at) => ({ at }));
    const space = require("node:v8").getHeapSpaceStatistics().find((each) => each.space_name === "new_space");
    console.log(kept.length > 0 ? space.space_size : 0);`;
  const { stdout, stderr } = spawnSync(process.execPath, ["-e", script], { encoding: "utf8" });
  return { bytes: Number(stdout), complaints: stderr };
}

test.skipIf(!process.version.startsWith("v20."))(
  "the young generation of a process that makes one call does not grow after a large reply, and that of any other does",
  () => {
    const small = youngGeneration("expectOneCall();", 64 * 1024);
    const grown = youngGeneration("", 64 * 1024);
    expect(small.bytes).toBeLessThan(grown.bytes / 2);
    expect(youngGeneration("expectOneCall();", 1000).bytes).toBe(grown.bytes);
  },
);

test("no version of Node warns about the garbage collection", () => {
  expect(youngGeneration("expectOneCall();", 64 * 1024).complaints).toBe("");
});
