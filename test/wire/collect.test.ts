import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { openCollector } from "../../src/wire/collect.ts";

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

test("what is read and dropped never grows beyond 16 MiB", async () => {
  expect(await mostHeld(openCollector())).toBeLessThan(16 * 1024 * 1024);
});

test("no context that is made later is given the collector", async () => {
  await mostHeld(openCollector());
  const { runInNewContext } = await import("node:vm");
  expect(runInNewContext("typeof gc")).toBe("undefined");
});
