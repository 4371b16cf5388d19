import { type ChildProcessByStdio, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { NtlmSignIn, ntlmChallenge } from "../../src/lab/sign-in/ntlm.ts";
import { authenticateMessage, channelBindingHash, type NtlmTarget, negotiateMessage, readChallenge } from "../../src/wire/sign-in/ntlm.ts";

// Servers and clients that are not ours judge our messages, and the lab's. Debian's own Python: its packages are for it.
const python = "/usr/bin/python3";
const hasNtlmAuth = spawnSync("ntlm_auth", ["--version"]).status === 0;
const hasGss = spawnSync(python, ["-c", "import gssapi; assert '1.3.6.1.4.1.311.2.2.10' in str(gssapi.raw.indicate_mechs())"]).status === 0;
const missing = (there: boolean, what: string): string => (there ? "" : ` (skipped: ${what} not installed)`);

const host = "mail.example.com";
const credentials = { username: "EXAMPLE\\anna", password: "pa55wörd" };
const hash = Buffer.alloc(32, 7);

/** A program that answers line by line. */
class Dialogue {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  constructor(program: string, words: readonly string[]) {
    this.#child = spawn(program, words, { stdio: ["pipe", "pipe", "ignore"] });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async read(): Promise<string> {
    const { value } = await this.#lines.next();
    return value ?? "(ended)";
  }

  ask(line: string): Promise<string> {
    this.#child.stdin.write(`${line}\n`);
    return this.read();
  }

  close(): void {
    this.#child.stdin.end();
    this.#child.kill();
  }
}

async function during<T>(dialogue: Dialogue, work: (dialogue: Dialogue) => Promise<T>): Promise<T> {
  try {
    return await work(dialogue);
  } finally {
    dialogue.close();
  }
}

describe.skipIf(!hasNtlmAuth)(`Samba's ntlm_auth verifies what we answer${missing(hasNtlmAuth, "winbind is")}`, () => {
  const signIn = (password: string, change: (message: Buffer) => void = () => undefined) =>
    during(
      new Dialogue("ntlm_auth", [
        "--helper-protocol=squid-2.5-ntlmssp",
        ...["--username=anna", "--domain=EXAMPLE", `--password=${credentials.password}`],
      ]),
      async (helper) => {
        const negotiate = negotiateMessage();
        const challenge = Buffer.from((await helper.ask(`YR ${negotiate.toString("base64")}`)).slice(3), "base64");
        const answer = authenticateMessage(negotiate, readChallenge(challenge), { ...credentials, password }, { host });
        change(answer);
        return helper.ask(`KK ${answer.toString("base64")}`);
      },
    );

  test("the right password signs in", async () => {
    expect(await signIn(credentials.password)).toBe("AF EXAMPLE\\anna");
  });

  test("a wrong password does not", async () => {
    expect(await signIn("wrong")).toBe("NA NT_STATUS_LOGON_FAILURE");
  });

  test("it finds our MIC right, since it refuses a changed one", async () => {
    expect(await signIn(credentials.password, (message) => message.writeUInt8(message.readUInt8(72) ^ 1, 72))).toMatch(/^NA|^BH/);
  });
});

describe.skipIf(!hasGss)(`gss-ntlmssp, as server and as client${missing(hasGss, "gss-ntlmssp and python3-gssapi are")}`, () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "mailcordon-gss-"));
    writeFileSync(join(folder, "users"), `EXAMPLE:anna:${credentials.password}\n`);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const gss = (role: "accept" | "initiate", binding?: string) =>
    new Dialogue(python, [
      fileURLToPath(new URL("drive_gss_ntlm.py", import.meta.url)),
      JSON.stringify({ role, users: join(folder, "users"), user: credentials.username, host, binding }),
    ]);
  const said = (line: string): { message: Buffer } => ({ message: Buffer.from(JSON.parse(line).message ?? "", "base64") });
  const application = Buffer.concat([Buffer.from("tls-server-end-point:"), hash]).toString("base64");

  const toServer = (password: string, target: NtlmTarget, binding?: string, change: (message: Buffer) => void = () => undefined) =>
    during(gss("accept", binding), async (server) => {
      const negotiate = negotiateMessage();
      const { message } = said(await server.ask(negotiate.toString("base64")));
      const answer = authenticateMessage(negotiate, readChallenge(message), { ...credentials, password }, target);
      change(answer);
      return JSON.parse(await server.ask(answer.toString("base64")));
    });

  test("it lets us in, with MIC and without a channel", async () => {
    expect(await toServer(credentials.password, { host })).toEqual({ signed_in: credentials.username });
  });

  test("it lets us in over the channel that both see", async () => {
    expect(await toServer(credentials.password, { host, channelBinding: channelBindingHash(hash) }, application)).toEqual({
      signed_in: credentials.username,
    });
  });

  test("it refuses us over another channel", async () => {
    const other = channelBindingHash(Buffer.alloc(32, 8));
    expect(await toServer(credentials.password, { host, channelBinding: other }, application)).toHaveProperty("error");
  });

  test("it refuses a wrong password", async () => {
    expect(await toServer("wrong", { host })).toHaveProperty("error");
  });

  test("it finds our MIC right, since it refuses a changed one", async () => {
    const change = (message: Buffer) => message.writeUInt8(message.readUInt8(72) ^ 1, 72);
    expect(await toServer(credentials.password, { host }, undefined, change)).toHaveProperty("error");
  });

  const toLab = (password: string, expected: Buffer) =>
    during(gss("initiate", application), async (client) => {
      const negotiate = said(await client.read()).message;
      const challenge = ntlmChallenge(negotiate, { domain: "EXAMPLE", computer: "MAIL", dnsDomain: "example.com" });
      const { message } = said(await client.ask(challenge.toString("base64")));
      return new NtlmSignIn(negotiate, challenge).verify(message, () => ({ password }), {
        extendedProtection: "Require",
        channelBinding: expected,
        host,
      });
    });

  test("the lab lets it in, and finds its channel right", async () => {
    expect(await toLab(credentials.password, channelBindingHash(hash))).toMatchObject({ ok: true, user: "anna" });
  });

  test("the lab refuses it over another channel, and with another password", async () => {
    expect(await toLab(credentials.password, Buffer.alloc(16, 1))).toMatchObject({ ok: false, reason: "wrong channel binding" });
    expect(await toLab("other", channelBindingHash(hash))).toMatchObject({ ok: false, reason: "wrong password" });
  });
});
