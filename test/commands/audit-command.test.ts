import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { runAudit } from "../../src/commands/audit-command.ts";
import { openAudit } from "../../src/perform/audit/audit-log.ts";
import { verifyAudit } from "../../src/perform/audit/verify-audit.ts";
import { temporaryState } from "../state/temporary.ts";

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

test("an unchanged audit log is reported as complete, with the hash of its end", async () => {
  const said = JSON.parse(await run(["verify", file]));
  expect(said).toMatchObject({ success: true, entries: 2, torn_lines: [], last_hash: expect.stringMatching(/^[0-9a-f]{64}$/) });
  const text = await run(["verify", file], true);
  expect(text).toContain(said.last_hash);
  expect(text).not.toContain("\u001b");
});

test("an audit log with a changed word fails with the line number", async () => {
  writeFileSync(file, readFileSync(file, "utf8").replace("Invoice", "invoice"));
  await expect(run(["verify", file])).rejects.toMatchObject({
    code: "audit-failed",
    message: expect.stringContaining("Line 2"),
    local: file,
  });
});

test("a line torn by a crash is reported but is not a failure", async () => {
  writeFileSync(file, `${readFileSync(file, "utf8")}{"previous":"0`);
  expect(JSON.parse(await run(["verify", file]))).toMatchObject({ success: true, entries: 2, torn_lines: [3] });
  expect(await run(["verify", file], true)).toContain("Incomplete because of a crash");
});

test.each([[[]], [["frob", "x"]], [["verify", "a", "b"]], [["verify", "--frob", "x"]]])(
  "the arguments %j are refused with the right usage",
  async (words) => {
    await expect(run(words)).rejects.toMatchObject({ code: "invalid-input", hint: expect.stringContaining("mailcordon audit --help") });
  },
);

test("a missing file is reported", async () => {
  await expect(run(["verify", join(folder, "absent")])).rejects.toMatchObject({ code: "audit-failed" });
});

test("--help prints the usage", async () => {
  expect(await run(["--help"])).toContain("mailcordon audit verify [FILE]");
});

describe("`audit verify`, with the end of the log kept by `serve`,", () => {
  const kept = temporaryState();
  const config = () => join(folder, "served.yaml");
  const address = () => {
    const home = join(kept.directory, "postgres");
    const password = readFileSync(join(home, "data/mailcordon-password"), "utf8");
    return `postgresql://mailcordon:${password}@/postgres?host=${encodeURIComponent(home)}&port=5432`;
  };
  const written = () => verifyAudit(file).then(({ entries, lastHash: hash }) => ({ entries, hash, bytes: statSync(file).size }));
  beforeAll(async () => {
    chmodSync(kept.directory, 0o711);
    vi.stubEnv("XDG_STATE_HOME", folder);
    writeFileSync(config(), JSON.stringify({ serve: { state_dir: kept.directory } }), { mode: 0o600 });
    await kept.open();
  });
  beforeEach(() => {
    vi.stubEnv("DATABASE_URL", "");
    rmSync(join(folder, "mailcordon"), { recursive: true, force: true });
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await kept.remove();
  });

  test("finds by the database a cut that the file of ends does not show", async () => {
    await (await kept.open()).auditHead(file).write(await written());
    expect(JSON.parse(await run(["verify", file, "--config", config()]))).toMatchObject({
      end: "as_left",
      compared_with: ["the database"],
    });
    writeFileSync(file, readFileSync(file, "utf8").split("\n").slice(0, 1).join("\n").concat("\n"));
    await expect(run(["verify", file, "--config", config()])).rejects.toMatchObject({ message: expect.stringContaining("the database") });
    // Without the database nothing shows.
    expect(JSON.parse(await run(["verify", file]))).toMatchObject({ end: "unknown", compared_with: [] });
  });

  test("finds the database by DATABASE_URL alone, as does `audit accept`, which stores the new end", async () => {
    await (await kept.open()).auditHead(file).write({ ...(await written()), entries: 3, bytes: 100_000 });
    vi.stubEnv("DATABASE_URL", address());
    await expect(run(["verify", file])).rejects.toMatchObject({ message: expect.stringContaining("left it with entry 3") });
    const { last_hash } = JSON.parse(await run(["accept", file, "--reason", "disk restored"]));
    expect(await (await kept.open()).auditHead(file).read()).toMatchObject({ hash: last_hash, entries: 3 });
    expect(JSON.parse(await run(["verify", file])).compared_with).toContain("the database");
  });

  test("creates nothing in a database that is not mailcordon's", async () => {
    const client = new pg.Client(address());
    await client.connect();
    await client.query("CREATE DATABASE stranger");
    await client.end();
    vi.stubEnv("DATABASE_URL", address().replace("/postgres?", "/stranger?"));
    expect(JSON.parse(await run(["verify", file])).compared_with).not.toContain("the database");
    const stranger = new pg.Client(address().replace("/postgres?", "/stranger?"));
    await stranger.connect();
    const { rows } = await stranger.query("SELECT schema_name FROM information_schema.schemata WHERE schema_name ~ 'mailcordon'");
    await stranger.end();
    expect(rows).toEqual([]);
  });

  test("reports a database that does not reply", async () => {
    vi.stubEnv("DATABASE_URL", "postgresql://nobody:x@127.0.0.1:1/x");
    const said = JSON.parse(await run(["verify", file]));
    expect(said.compared_with).not.toContain("the database");
    expect(said.cannot_know).toContainEqual(expect.stringContaining("What the database records as the end of this log:"));
  });
});
