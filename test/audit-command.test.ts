import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { openAudit } from "../src/audit.ts";
import { runAudit } from "../src/audit-command.ts";

let folder: string;
let file: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "mailcordon-audit-command-"));
  file = join(folder, "a\u001b[2J.jsonl");
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(async () => {
  rmSync(file, { force: true });
  const log = openAudit(file);
  for (const phase of ["began", "ended"] as const) {
    const what = {
      action: "delete-email",
      effect: "destroy",
      actor: "ann",
      mailbox: "bob@example.com",
      backend: "ews",
      call_id: "1",
    } as const;
    await log.append({ phase, ...what, targets: [{ subject: "Invoice" }] });
  }
});

async function run(words: readonly string[], isTTY = false): Promise<string> {
  let out = "";
  const write = (text: string) => {
    out += text;
    return true;
  };
  const none = { isTTY, columns: 80, write };
  const signal = new AbortController().signal;
  const code = await runAudit(words, { stdin: new PassThrough(), stdout: none, stderr: none, signal });
  expect(code).toBe(0);
  return out;
}

test("an audit file that nobody changed is said to be whole, with the hash that its end can be known by", async () => {
  const said = JSON.parse(await run(["verify", file]));
  expect(said).toMatchObject({ success: true, entries: 2, torn_lines: [], last_hash: expect.stringMatching(/^[0-9a-f]{64}$/) });
  const text = await run(["verify", file], true);
  expect(text).toContain(said.last_hash);
  expect(text).not.toContain("\u001b");
});

test("one in which a word was changed fails and names the line", async () => {
  writeFileSync(file, readFileSync(file, "utf8").replace("Invoice", "invoice"));
  await expect(run(["verify", file])).rejects.toMatchObject({
    code: "audit-failed",
    message: expect.stringContaining("Line 2"),
    local: file,
  });
});

test("a line torn by a crash is told and is no fault", async () => {
  writeFileSync(file, `${readFileSync(file, "utf8")}{"previous":"0`);
  expect(JSON.parse(await run(["verify", file]))).toMatchObject({ success: true, entries: 2, torn_lines: [3] });
  expect(await run(["verify", file], true)).toContain("Torn by a crash");
});

test.each([[[]], [["frob", "x"]], [["verify", "a", "b"]], [["verify", "--frob", "x"]]])("%j is refused with what to say", async (words) => {
  await expect(run(words)).rejects.toMatchObject({ code: "invalid-input", hint: expect.stringContaining("mailcordon audit --help") });
});

test("a file that is not there is said so", async () => {
  await expect(run(["verify", join(folder, "absent")])).rejects.toMatchObject({ code: "audit-failed" });
});

test("--help shows how", async () => {
  expect(await run(["--help"])).toContain("mailcordon audit verify [FILE]");
});
