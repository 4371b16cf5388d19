import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { runSetup } from "../../src/commands/setup-command.ts";
import { loadSettings } from "../../src/settings/load-settings.ts";

async function printed(...words: readonly string[]): Promise<string> {
  let out = "";
  const screen = {
    stdin: new PassThrough(),
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: () => true },
    signal: new AbortController().signal,
  };
  await runSetup(words, screen);
  return out;
}

describe("setup entra for Microsoft Graph", () => {
  const graph = ["entra", "--tenant", "example.onmicrosoft.com"];

  test("grants the permissions for the finders of sweeps only with --sweeps", async () => {
    const finders = ["Group.ReadBasic.All", "ExchangeMessageTrace.Read.All"];
    const without = await printed(...graph);
    for (const permission of finders) expect(without).not.toContain(permission);
    const granted = await printed(...graph, "--sweeps", "--actions", "delete-email");
    for (const permission of [...finders, "Mail.ReadWrite", "User.ReadBasic.All"]) expect(granted).toContain(permission);
  });

  test("refuses --sweeps over EWS, where it would grant nothing", async () => {
    await expect(printed("entra", "--tenant", "example.onmicrosoft.com", "--backend", "ews", "--sweeps")).rejects.toMatchObject({
      code: "invalid-input",
    });
  });

  test("is the default; EWS is requested by name, and its end is shown", async () => {
    expect(await printed(...graph)).toContain("Mail.ReadWrite");
    const overEws = await printed(...graph, "--backend", "ews");
    expect(overEws).toContain("EwsAllowedAppIDs");
    expect(overEws).toContain("on 2027-04-01 it ends EWS");
    expect(overEws).not.toContain("Mail.ReadWrite");
  });
});

describe.each([
  ["entra", ["--tenant", "example.onmicrosoft.com", "--client-id", "11111111-2222-3333-4444-555555555555"], "graph", {}],
  [
    "entra",
    [
      "--tenant",
      "example.onmicrosoft.com",
      "--client-id",
      "11111111-2222-3333-4444-555555555555",
      "--backend",
      "ews",
      "--secret",
      "--cloud",
      "china",
    ],
    "ews",
    { MAILCORDON_CLIENT_SECRET: "secret" },
  ],
  ["onprem", ["--account", "EXAMPLE\\soc", "--mailboxes", "ann@example.com", "--delegate"], "ews", { MAILCORDON_PASSWORD: "secret" }],
])("setup %s %j", (kind, words, backend, environment) => {
  test("prints settings that mailcordon accepts as they are", async () => {
    const script = await printed(kind, ...words);
    const yaml = script
      .split("\n")
      .filter((line) => line.startsWith("#     "))
      .map((line) => line.slice(6))
      .join("\n");
    const folder = mkdtempSync(join(tmpdir(), "mailcordon-setup-"));
    writeFileSync(join(folder, "mailcordon.yaml"), yaml.replace("/etc/mailcordon/mailcordon.pem", "mailcordon.pem"), { mode: 0o600 });
    writeFileSync(join(folder, "mailcordon.pem"), "unused here", { mode: 0o600 });
    const { connection } = await loadSettings({ environment, directory: folder });
    expect(connection).toMatchObject({ backend, mailbox: kind === "onprem" ? "ann@example.com" : "soc@example.com" });
    rmSync(folder, { recursive: true });
  });
});
