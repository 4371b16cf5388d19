import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openZip } from "../../../src/sweeps/report/zip-file.ts";

const megabyte = 1024 * 1024;

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "mailcordon-zip-"));
  onTestFinished(() => rmSync(made, { recursive: true }));
  return made;
}

test("an archive of many messages holds only some of them in memory", async () => {
  const path = join(folder(), "case.zip");
  const zip = await openZip(path);
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  for (let number = 0; number < 500; number += 1) {
    const held = Buffer.alloc(megabyte, number);
    await zip.add(
      `evidence/${number}.eml`,
      (async function* () {
        yield held;
      })(),
    );
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }
  await zip.end();
  await zip.keep();
  expect(statSync(path).size).toBeGreaterThan(0);
  expect(most / megabyte).toBeLessThan(250);
});

test("an archive whose bytes fail ends with that failure, and leaves nothing behind when it is abandoned", async () => {
  const made = folder();
  const zip = await openZip(join(made, "case.zip"));
  const failing = (async function* () {
    yield "begun";
    throw Object.assign(new Error("the store is gone"), { code: "ECONNRESET" });
  })();
  await expect(zip.add("evidence/1.eml", failing)).rejects.toMatchObject({
    ...{ code: "evidence-failed", message: expect.stringContaining("ECONNRESET") },
  });
  await zip.abandon();
  expect(readdirSync(made)).toEqual([]);
});
