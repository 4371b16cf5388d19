import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Built, build, start } from "./built.ts";

// Whole processes: the lab as its command starts it, and the program as the lab says.
let built: Built;
const root = mkdtempSync(join(tmpdir(), "mailcordon-lab-command-"));
beforeAll(() => {
  built = build();
});
afterAll(() => {
  built.remove();
  rmSync(root, { recursive: true });
});
let home = root;
let running: ReturnType<typeof start> | undefined;
beforeEach(() => {
  home = mkdtempSync(join(root, "home-"));
});
afterEach(async () => {
  running?.kill("SIGTERM");
  await running?.ended;
  running = undefined;
});

const begin = (words: readonly string[], environment: Record<string, string> = {}) =>
  start(process.execPath, [built.program, ...words], environment, home);
const ask = async (environment: Record<string, string>, ...words: string[]) => {
  const { out, code } = await begin(["get-out-of-office", ...words], environment).ended;
  return { code, ...JSON.parse(out) };
};

/** Starts the lab, and puts the settings that it says beside whoever uses them. */
async function lab(...words: string[]) {
  const process = begin(["lab", ...words]);
  running = process;
  await process.said("}\n");
  const said = JSON.parse(process.out());
  writeFileSync(join(home, "lab.yaml"), said.mailcordon_yaml);
  return { ...said, url: new URL(said.ews_url).origin, file: { MAILCORDON_CONFIG: "lab.yaml" } };
}

const enter = async (page: string, form: Record<string, string>) => {
  const response = await fetch(page, { method: "POST", body: new URLSearchParams(form) });
  return { status: response.status, text: await response.text() };
};

describe("a lab with a tenant", () => {
  test("that gives tokens for that of another issuer writes it into a file of its owner, and is reached by it", async () => {
    const said = await lab("--entra-federated", "issued");
    expect(statSync(join(home, "issued")).mode & 0o777).toBe(0o600);
    expect(said.environment).toMatchObject({ MAILCORDON_FEDERATED_TOKEN_FILE: join(home, "issued") });
    expect(await ask(said.environment)).toMatchObject({ code: 0, success: true });
    expect(await ask(said.file)).toMatchObject({ code: 0, success: true });
    writeFileSync(join(home, "issued"), "another");
    rmSync(join(home, ".cache"), { recursive: true });
    expect(await ask(said.file)).toMatchObject({ code: 10, error: { code: "unauthenticated" } });
  });

  test("is reached by the identity of the machine", async () => {
    const said = await lab("--entra");
    writeFileSync(
      join(home, "mailcordon.yaml"),
      `connections: { c: { ews: { url: "${said.ews_url}" }, auth: { oauth: { managed_identity: true } }, mailbox: hr@example.com } }`,
    );
    expect(await ask({ AZURE_POD_IDENTITY_AUTHORITY_HOST: said.url })).toMatchObject({ code: 0, success: true, mailbox: "hr@example.com" });
  });

  test.skipIf(!existsSync("/usr/bin/script"))(
    "lets a person sign in who enters the code on its page (needs the program script)",
    async () => {
      const said = await lab("--entra");
      expect(said.device_login_url).toBe(`${said.url}/device`);
      const program = `"${process.execPath}" "${built.program}" get-out-of-office --connection person --json`;
      const person = start("script", ["-qefc", program, "/dev/null"], said.file, home);
      await person.said("enter the code");
      const [, code = "", page = ""] = /enter the code (\w+) at (\S+) to sign in/.exec(person.out()) ?? [];
      expect(page).toBe(said.device_login_url);
      const form = await (await fetch(page)).text();
      expect(form).toContain('name="code"');
      expect(await enter(page, { code: "no such code", account: "hr@example.com" })).toMatchObject({ status: 400 });
      expect(await enter(page, { code, account: "nobody@example.com" })).toMatchObject({ status: 400 });
      const done = await enter(page, { code: code.toLowerCase(), account: "soc@example.com" });
      expect(done).toMatchObject({ status: 200, text: expect.stringContaining("Signed in.") });
      expect(await person.ended).toMatchObject({ code: 0, out: expect.stringContaining("soc@example.com") });
      // The second process asks nobody.
      expect(await ask(said.file, "--connection", "person")).toMatchObject({ code: 0, success: true });
    },
  );

  test("is refused with two proofs at once", async () => {
    const { code, err, out } = await begin(["lab", "--entra-cert", "a.pem", "--entra-federated", "b"]).ended;
    expect([code, err + out]).toEqual([2, expect.stringContaining("--entra-cert and --entra-federated do not go together")]);
  });
});
