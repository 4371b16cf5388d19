import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { runInit } from "../../src/commands/init-command.ts";
import { asFailure } from "../../src/failure.ts";
import { startLab } from "../../src/lab/lab.ts";
import { loadSettings } from "../../src/settings/load-settings.ts";

const root = mkdtempSync(join(tmpdir(), "mailcordon-init-"));
afterAll(() => rmSync(root, { recursive: true }));
let folder = root;
let file = "";
beforeEach(() => {
  folder = mkdtempSync(join(root, "case-"));
  file = join(folder, "mailcordon.yaml");
});

async function init(words: readonly string[], replies?: string) {
  const written = { out: "", err: "" };
  const isTTY = replies !== undefined;
  const stdin = Object.assign(new PassThrough(), { isTTY });
  if (replies !== undefined) stdin.end(replies);
  const screen = {
    stdin,
    stdout: { write: (text: string) => (written.out += text) },
    stderr: { isTTY, columns: 80, write: (text: string) => (written.err += text) },
    signal: new AbortController().signal,
  };
  const code = await runInit(["--config", file, ...words], screen).catch((thrown) => asFailure(thrown));
  return { code, ...written };
}
const application = [
  "--tenant",
  "example.onmicrosoft.com",
  "--client-id",
  "11111111-2222-3333-4444-555555555555",
  "--mailbox",
  "soc@example.com",
];

describe("init", () => {
  test.each([
    [
      "Exchange Online with a secret",
      ["online", ...application, "--client-secret", "env:TOKEN"],
      { backend: "graph", access: "impersonation" },
    ],
    [
      "Exchange Online with a person",
      ["online", ...application, "--device-code", "--cloud", "us-dod"],
      { backend: "graph", access: "delegate" },
    ],
    ["EWS online, by name", ["online", ...application, "--client-secret", "env:TOKEN", "--backend", "ews"], { backend: "ews" }],
    [
      "a server with a URL",
      [
        "onprem",
        "--account",
        "EXAMPLE\\soc",
        "--password",
        "env:TOKEN",
        "--mailbox",
        "soc@example.com",
        "--url",
        "https://mail.example.com/EWS/Exchange.asmx",
        "--delegate",
      ],
      { backend: "ews", access: "delegate" },
    ],
    [
      "a server found by Autodiscover",
      ["onprem", "--account", "soc@example.com", "--password", "env:TOKEN", "--mailbox", "soc@example.com"],
      { backend: "ews", access: "impersonation" },
    ],
    ["the lab", ["--lab"], { backend: "ews" }],
  ])("writes settings for %s that mailcordon accepts, for its owner alone and without a secret", async (_, words, expected) => {
    expect(await init([...words, "--no-check"])).toMatchObject({ code: 0, out: "" });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const environment = { TOKEN: "t0p-secret", MAILCORDON_PASSWORD: "lab-password" };
    const { connection } = await loadSettings({
      environment: words[0] === "--lab" ? environment : { TOKEN: environment.TOKEN },
      flags: { config: file },
    });
    expect(connection).toMatchObject({ ...expected, mailbox: "soc@example.com" });
    expect(readFileSync(file, "utf8")).not.toMatch(/t0p-secret|lab-password/);
  });

  test("asks on a terminal for what no flag names, again after a wrong reply", async () => {
    const { code, err } = await init(
      ["--no-check", "--client-secret", "env:TOKEN"],
      "cloud\nonline\nexample.com\nnot an id\n11111111-2222-3333-4444-555555555555\nsoc@example.com\n",
    );
    expect(code).toBe(0);
    expect(err).toContain("Which Exchange: online or onprem?: ");
    expect(err).toContain("--client-id is not valid");
    expect(readFileSync(file, "utf8")).toContain("11111111-2222-3333-4444-555555555555");
  });

  test.each([
    ["a missing value without a terminal", ["online", "--tenant", "example.com"], "Name --client-id"],
    ["no kind without a terminal", [], "Name the kind, online or onprem"],
    [
      "a secret in place of its place",
      ["onprem", "--account", "soc@example.com", "--mailbox", "soc@example.com", "--password", "hunter2"],
      "--password is not valid",
    ],
    ["plain http to another machine", ["--lab", "--url", "http://lab.example.com/EWS/Exchange.asmx"], "--url is not valid"],
    ["a flag of the other kind", ["onprem", "--tenant", "example.com"], "--tenant does not apply"],
    ["two credentials", ["online", ...application, "--device-code", "--client-secret", "env:TOKEN"], "exclude each other"],
    [
      "a value that would be a line of the file",
      ["onprem", "--account", "soc@example.com\nauth: {}", "--mailbox", "soc@example.com"],
      "--account is not valid",
    ],
  ])("refuses %s and writes nothing", async (_, words, message) => {
    const { code } = await init(words);
    expect(code).toMatchObject({ code: "invalid-input", message: expect.stringContaining(message) });
    expect(JSON.stringify(code)).not.toContain("hunter2");
    expect(existsSync(file)).toBe(false);
  });

  test("writes nothing if the questions are not all answered, or none of five replies is valid", async () => {
    expect((await init(["--no-check"], "online\nexample.com\n")).code).toMatchObject({ code: "cancelled" });
    expect((await init(["--no-check"], "one\n".repeat(9))).code).toMatchObject({
      code: "invalid-input",
      message: expect.stringContaining("no reply was valid"),
    });
    expect(existsSync(file)).toBe(false);
  });

  test("leaves a file that is there, unless --force", async () => {
    writeFileSync(file, "mine", { mode: 0o644 });
    expect((await init(["--lab", "--no-check"])).code).toMatchObject({
      code: "invalid-input",
      message: expect.stringContaining("--force"),
    });
    expect(readFileSync(file, "utf8")).toBe("mine");
    expect((await init(["--lab", "--no-check", "--force"])).code).toBe(0);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test("runs doctor, whose exit code is its own, and then names the administrator's commands", async () => {
    const lab = await startLab();
    process.env.INIT_TEST_PASSWORD = "lab-password";
    const words = ["onprem", "--account", "soc@example.com", "--mailbox", "soc@example.com", "--url", lab.ewsUrl];
    const right = await init([...words, "--password", "env:INIT_TEST_PASSWORD", "--json"]);
    expect(JSON.parse(right.out)).toMatchObject({ success: true });
    expect(right.code).toBe(0);
    process.env.INIT_TEST_PASSWORD = "wrong";
    const wrong = await init([...words, "--password", "env:INIT_TEST_PASSWORD", "--json", "--force"]);
    expect(JSON.parse(wrong.out)).toMatchObject({ success: false });
    expect(wrong.code).not.toBe(0);
    expect(wrong.err).toContain("mailcordon setup onprem --account soc@example.com");
    delete process.env.INIT_TEST_PASSWORD;
    await lab.close();
  });
});
