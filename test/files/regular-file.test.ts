import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openFile } from "../../src/catalogue/open-attached-file.ts";
import { readJson } from "../../src/faces/cli/json-input.ts";
import { openAudit } from "../../src/perform/audit/audit-log.ts";
import { openHeadFile } from "../../src/perform/audit/audit-log-end.ts";
import { doneBefore } from "../../src/perform/audit/done-before.ts";
import { verifyAudit } from "../../src/perform/audit/verify-audit.ts";
import { openEvidence } from "../../src/perform/evidence/hash-and-store.ts";
import { loadSettings } from "../../src/settings/load-settings.ts";
import { readFileSetting, readOwnFile } from "../../src/settings/read-named-file.ts";
import { readSecret } from "../../src/settings/secrets.ts";

const folder = mkdtempSync(join(tmpdir(), "mailcordon-regular-"));
let server: Server;
const kinds = ["pipe", "device", "socket", "folder"] as const;
const at = (kind: (typeof kinds)[number]) => join(folder, kind);

beforeAll(async () => {
  execFileSync("mkfifo", [at("pipe")]);
  symlinkSync("/dev/zero", at("device"));
  mkdirSync(at("folder"));
  server = createServer();
  await new Promise<void>((resolve) => server.listen(at("socket"), resolve));
});
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

const entry = {
  ...({ phase: "began", action: "delete-email", effect: "destroy", call_id: "1", actor: "ann" } as const),
  ...{ mailbox: "bob@example.com", backend: "ews", targets: [] },
};
const environment = { HOME: folder };
const uses: Readonly<Record<string, (path: string) => unknown>> = {
  "certificate of the settings": (path) => readFileSetting(path, "ews.ca_file"),
  "settings file that nobody named": (path) => readOwnFile(path, path),
  "settings file": (path) => loadSettings({ flags: { config: path }, environment }),
  secret: (path) => readSecret({ kind: "file", name: path }, "auth", environment),
  "file for --input": (path) => readJson(path, process.stdin, 1024),
  attachment: (path) => openFile(path),
  "audit log to write": (path) => openAudit(path).append(entry),
  "audit log to verify": (path) => verifyAudit(path),
};

describe.skipIf(process.platform === "win32").each(kinds)("a %s in the place of", (kind) => {
  const refusing = Object.keys(uses).filter((use) => kind !== "pipe" || use !== "file for --input");
  test.each(refusing)("a file is one clear error, without waiting: %s", { timeout: 5000 }, async (use) => {
    await expect((async () => uses[use]?.(at(kind)))()).rejects.toMatchObject({
      name: "Failure",
      code: expect.stringMatching(/^(?:invalid-settings|invalid-input|audit-failed)$/),
      message: expect.stringMatching(/not a regular file|neither a regular file|not a file|EISDIR|ENXIO|ELOOP/),
    });
  });

  test("a read of an audit log's stored end fails without waiting", { timeout: 5000 }, async () => {
    const heads = mkdtempSync(join(folder, "heads-"));
    const head = openHeadFile(heads, "log");
    symlinkSync(at(kind), head.place);
    await expect(head.read()).rejects.toThrow(/regular file|EISDIR|ENXIO/);
  });

  test("the audit log shows no earlier action", { timeout: 5000 }, async () => {
    expect(await doneBefore(at(kind), { action: "delete-email", mailbox: "bob@example.com", names: ["1"] })).toEqual(new Set());
  });

  test("a write of evidence whose index is one fails without waiting", { timeout: 5000 }, async () => {
    const store = mkdtempSync(join(folder, "evidence-"));
    symlinkSync(at(kind), join(store, "index.jsonl"));
    const wool = (async function* () {
      yield Buffer.from("wool");
    })();
    await expect(openEvidence(store).keep(wool, { name: "wool.eml" })).rejects.toMatchObject({ code: "evidence-failed" });
    expect(existsSync(at(kind))).toBe(true);
  });
});

describe.skipIf(process.platform === "win32")("a pipe given by --input", () => {
  function pipe(...name: string[]): string {
    const path = join(folder, ...name);
    execFileSync("mkfifo", [path]);
    return path;
  }

  test("is waited for, and read to its end", { timeout: 10_000 }, async () => {
    const path = pipe("late");
    const read = readJson(path, process.stdin, 1024);
    const writer = spawn("/bin/sh", [
      "-c",
      'sleep 0.2; { printf \'{"mailbox":\'; sleep 0.2; printf \'"soc@example.com"}\'; } > "$0"',
      path,
    ]);
    const closed = once(writer, "close");
    expect(await read).toEqual({ mailbox: "soc@example.com" });
    await closed;
  });

  test("is abandoned if it sends too much", { timeout: 10_000 }, async () => {
    const path = pipe("endless");
    const writer = spawn("/bin/sh", ["-c", 'yes > "$0" 2> /dev/null', path], { stdio: "ignore" });
    const closed = once(writer, "close");
    await expect(readJson(path, process.stdin, 1024)).rejects.toMatchObject({ code: "invalid-input" });
    // The pipe is closed, so the writer ends.
    await closed;
  });
});
