import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { runKeys } from "../../src/commands/keys-command.ts";
import type { Screen } from "../../src/faces/cli/screen.ts";
import { defaultAuditFile } from "../../src/settings/settings-paths.ts";

const folder = mkdtempSync(join(tmpdir(), "mailcordon-keys-"));
// For root, who lets another user have the database.
chmodSync(folder, 0o711);
const config = join(folder, "mailcordon.yaml");
beforeAll(() => {
  vi.stubEnv("DATABASE_URL", "");
  // State and audit log.
  vi.stubEnv("XDG_STATE_HOME", folder);
  const auth = { basic: { username: "soc@example.com", password: "env:NOWHERE" } };
  writeFileSync(config, JSON.stringify({ connections: { only: { ews: { url: "https://mail.example.com/EWS/Exchange.asmx" }, auth } } }));
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** On a terminal. */
async function shown(...words: readonly string[]): Promise<string> {
  let out = "";
  const screen: Screen = {
    stdin: new PassThrough(),
    stdout: { isTTY: true, columns: 100, write: (text) => (out += text) },
    stderr: { write: () => true },
    signal: new AbortController().signal,
  };
  expect(await runKeys([...words, "--config", config], screen)).toBe(0);
  return out;
}

test("an API key is printed once, when it is created", async () => {
  expect(await shown("list")).toBe("There are no API keys.\n");
  const made = await shown("add", "--name", "SOAR\u001b[2J", "--role", "read, contain", "--mailbox", "*@example.com");
  const [secret = "", id = ""] = /mck_([0-9a-f]{12})_[A-Za-z0-9_-]{43}/.exec(made) ?? [];
  expect(made).toContain(`API key ${id} for SOAR`);
  expect(made).not.toContain("\u001b");
  const list = await shown("list");
  for (const seen of [id, "SOAR", "read", "valid", "*@example.com"]) expect(list).toContain(seen);
  expect(list).not.toContain("\u001b");
  expect(list).not.toContain(secret.slice(17));
  expect(await shown("revoke", id)).toBe(`API key ${id} was revoked.\n`);
  expect(await shown("list")).toContain("revoked");
});

test("the audit log records who created and revoked an API key, with its rights and without its secret", async () => {
  const { key, id } = JSON.parse(await shown("add", "--name", "audited", "--role", "send", "--mailbox", "ann@example.com", "--json"));
  await shown("revoke", id);
  const log = readFileSync(defaultAuditFile(process.env), "utf8");
  const entries = log
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const actor = expect.any(String);
  const made = { name: "audited", roles: ["send"], mailboxes: ["ann@example.com"] };
  expect(entries.slice(-2)).toMatchObject([
    { phase: "began", action: "keys add", actor, targets: [made] },
    { phase: "began", action: "keys revoke", actor, targets: [{ id }] },
  ]);
  expect(log).not.toContain(key.slice(17));
});

test("an API key can be created without a working connection or a password", async () => {
  const { key } = JSON.parse(await shown("add", "--name", "x", "--role", "send", "--connection", "only", "--json"));
  expect(key).toMatch(/^mck_/);
});

test("an API key without an end of its own ends after the days in the settings", async () => {
  const before = readFileSync(config, "utf8");
  writeFileSync(config, JSON.stringify({ ...JSON.parse(before), serve: { key_days: 30 } }));
  const daysOf = async (...words: string[]) => {
    const { expires_at } = JSON.parse(await shown("add", "--name", "x", "--role", "send", "--json", ...words));
    return Math.round((Date.parse(expires_at) - Date.now()) / 86_400_000);
  };
  expect([await daysOf(), await daysOf("--expires-days", "90")]).toEqual([30, 90]);
  writeFileSync(config, before);
});

test("an API key for one interface is listed with it, and an unknown interface is refused", async () => {
  const made = JSON.parse(await shown("add", "--name", "agent", "--role", "read", "--interface", "mcp", "--json"));
  expect(made.interfaces).toEqual(["mcp"]);
  const { keys } = JSON.parse(await shown("list", "--json"));
  expect(keys.find(({ id }: { id: string }) => id === made.id)).toMatchObject({ interfaces: ["mcp"] });
  expect(keys.find(({ name }: { name: string }) => name === "x")).not.toHaveProperty("interfaces");
  const wrong = shown("add", "--name", "x", "--role", "read", "--interface", "mcp,ftp");
  await expect(wrong).rejects.toMatchObject({
    code: "invalid-input",
    message: expect.stringContaining("--interface must be one or more of http, mcp"),
  });
});
