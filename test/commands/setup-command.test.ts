import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { runSetup } from "../../src/commands/setup-command.ts";

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
  const graph = ["entra", "--tenant", "example.onmicrosoft.com", "--backend", "graph"];

  test("grants the permissions for the finders of sweeps only with --sweeps", async () => {
    const finders = ["Group.ReadBasic.All", "ExchangeMessageTrace.Read.All"];
    const without = await printed(...graph);
    for (const permission of finders) expect(without).not.toContain(permission);
    const granted = await printed(...graph, "--sweeps", "--actions", "delete-email");
    for (const permission of [...finders, "Mail.ReadWrite", "User.ReadBasic.All"]) expect(granted).toContain(permission);
  });

  test("refuses --sweeps over EWS, where it would grant nothing", async () => {
    await expect(printed("entra", "--tenant", "example.onmicrosoft.com", "--sweeps")).rejects.toMatchObject({ code: "invalid-input" });
  });
});
