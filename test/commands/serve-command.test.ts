import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { program } from "../../src/commands/program.ts";
import { runCli } from "../../src/faces/cli/cli.ts";
import type { Screen } from "../../src/faces/cli/screen.ts";
import { type Lab, startLab } from "../../src/lab/lab.ts";
import { socAddress } from "../../src/lab/seed/seed.ts";
import { labPassword } from "../../src/lab/store/store.ts";
import { defaultAuditFile } from "../../src/settings/settings-paths.ts";
import { openDatabase } from "../../src/state/postgres.ts";
import { openState } from "../../src/state/state.ts";
import { build, type Running as Process, start } from "../built.ts";
import { soon } from "../soon.ts";
import { makeCertificate } from "../wire/sign-in/tenant.ts";

let lab: Lab;
const folder = mkdtempSync(join(tmpdir(), "mailcordon-serve-"));
chmodSync(folder, 0o711); // For root, who lets another user have the database.
const config = join(folder, "mailcordon.yaml");
const mailbox = "user03@example.com";

beforeAll(async () => {
  lab = await startLab({});
  for (const name of ["HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"]) vi.stubEnv(name, folder);
  vi.stubEnv("LAB_PASSWORD", labPassword);
  vi.stubEnv("DATABASE_URL", "");
  configure({});
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await lab.close();
  rmSync(folder, { recursive: true, force: true });
});

function configure(serve: object): void {
  const auth = { basic: { username: socAddress, password: "env:LAB_PASSWORD" } };
  const connections = { lab: { ews: { url: lab.ewsUrl }, mailbox, auth }, other: { ews: { url: lab.ewsUrl }, mailbox, auth } };
  writeFileSync(config, JSON.stringify({ default: "lab", evidence_dir: join(folder, "evidence"), connections, serve }));
}

interface Running {
  readonly written: { out: string; err: string };
  readonly code: Promise<number>;
  readonly stop: AbortController;
}
const all: Running[] = [];
afterEach(async () => {
  for (const { stop, code } of all.splice(0)) {
    stop.abort();
    await code;
  }
});

/** The program in this process. */
function run(...words: readonly string[]): Running {
  const written = { out: "", err: "" };
  const stop = new AbortController();
  const screen: Screen = {
    stdin: new PassThrough(),
    stdout: { write: (text) => (written.out += text) },
    stderr: { write: (text) => (written.err += text) },
    signal: stop.signal,
  };
  const packageFile = join(import.meta.dirname, "../../package.json");
  const running = { written, code: runCli([...words, "--config", config], program(packageFile), screen), stop };
  all.push(running);
  return running;
}

async function serve(...words: readonly string[]): Promise<{ readonly url: string } & Running> {
  const running = run("serve", "--port", "0", ...words);
  await Promise.race([soon(() => expect(running.written.out).toContain("\n")), running.code]);
  const { url, message } = JSON.parse(running.written.out);
  if (url === undefined) throw new Error(message);
  return { ...running, url };
}

async function keys(...words: readonly string[]) {
  const { code, written } = run("keys", ...words);
  return { code: await code, ...JSON.parse(written.out) };
}

async function call(url: string, key: string, path: string, body?: object) {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const reply = await fetch(`${url}${path}`, body === undefined ? { headers } : { method: "POST", headers, body: JSON.stringify(body) });
  return { status: reply.status, json: JSON.parse(await reply.text()) };
}

describe("`serve`, from an empty folder to an answer:", () => {
  test("an API key is created, used, listed and revoked while the server runs", async () => {
    const words = ["--name", "soar", "--role", "read,contain", "--mailbox", mailbox, "--connection", "lab", "--expires-days", "1"];
    const made = await keys("add", ...words);
    expect(made).toMatchObject({ code: 0, roles: ["read", "contain"], mailboxes: [mailbox], connections: ["lab"], status: "valid" });
    const { url, written, stop, code } = await serve();
    expect(await call(url, made.key, "/v1/actions/get-out-of-office", {})).toMatchObject({ status: 200, json: { success: true, mailbox } });
    expect(await call(url, made.key, "/v1/actions/get-out-of-office", { mailbox: socAddress })).toMatchObject({ status: 403 });
    expect(await call(url, made.key, "/v1/actions/get-out-of-office?connection=other", {})).toMatchObject({ status: 403 });
    expect(await call(url, made.key, "/v1/connection/test", {})).toMatchObject({ status: 200, json: { checks: expect.any(Array) } });

    // A second process, while the first runs.
    const listed = await keys("list");
    expect(listed.keys).toMatchObject([{ id: made.id, name: "soar", status: "valid", last_used_at: expect.any(String) }]);
    expect(JSON.stringify(listed)).not.toContain(made.key.slice(17));
    expect(await keys("revoke", made.id)).toMatchObject({ code: 0, id: made.id });
    await soon(async () => expect(await call(url, made.key, "/v1/actions")).toMatchObject({ status: 401 }));
    expect((await keys("list")).keys).toMatchObject([{ status: "revoked" }]);
    expect(await keys("revoke", made.id)).toMatchObject({ code: 13 });

    stop.abort();
    expect(await code).toBe(0);
    for (const line of written.err.trim().split("\n")) expect(JSON.parse(line)).toMatchObject({ time: expect.any(String), msg: "request" });
    expect(written.err).not.toContain(made.key.slice(17));
    expect(existsSync(join(folder, "mailcordon-state/postgres/data/postmaster.pid"))).toBe(false);
  });

  test("a change waits for the database's lock on the audit log and holds it briefly", async () => {
    const { key } = await keys("add", "--name", "soar", "--role", "admin");
    const { url } = await serve();
    const other = await openState({ directory: join(folder, "mailcordon-state") });
    const name = `audit ${defaultAuditFile(process.env)}`;
    let sent: ReturnType<typeof call> | undefined;
    await other.exclusively(name, async () => {
      sent = call(url, key, "/v1/actions/send-email", { to: "user05@example.com", subject: "waits for the lock", body_text: "x" });
      expect(await Promise.race([sent, new Promise((resolve) => setTimeout(() => resolve("waits"), 1000))])).toBe("waits");
    });
    expect(await sent).toMatchObject({ status: 200, json: { success: true } });
    expect(await other.exclusively(name, async () => "free")).toBe("free");
    await other.close();
  });

  test("a log that was rotated, or accepted after a cut, is continued, and the database knows its end", async () => {
    const { key } = await keys("add", "--name", "soar", "--role", "admin");
    const { url } = await serve();
    const send = () => call(url, key, "/v1/actions/send-email", { to: "user05@example.com", subject: "audited", body_text: "x" });
    expect(await run("audit", "rotate").code).toBe(0);
    expect(await send()).toMatchObject({ status: 200 });
    truncateSync(defaultAuditFile(process.env), 0);
    expect((await send()).json).toMatchObject({ type: "urn:mailcordon:failure:audit-failed" });
    expect(await run("audit", "accept", "--reason", "the disk was full").code).toBe(0);
    expect(await send()).toMatchObject({ status: 200 });
  });

  test("evidence of the server, and of the command line while it runs, is linked, streamed, and found by lines in the database", async () => {
    const { key } = await keys("add", "--name", "soar", "--role", "admin");
    const { url } = await serve();
    const found = await call(url, key, "/v1/actions/search-emails-extended", { mailboxes: "all", limit: 2 });
    const [{ item_id, mailbox: owner }, other] = found.json.items;
    const saving = run("download-mail-as-eml", "--item-id", other.item_id, "--mailbox", other.mailbox);
    expect(await saving.code).toBe(0);
    const kept = await call(url, key, "/v1/actions/download-mail-as-eml", { item_id, mailbox: owner });
    const [ours, theirs] = [kept.json, JSON.parse(saving.written.out)].map(({ results: [result] }) => result.evidence ?? result);
    expect(ours.file_ref).toBe(`/v1/evidence/${ours.sha256}`);
    for (const { sha256, size } of [ours, theirs]) {
      const reply = await fetch(`${url}/v1/evidence/${sha256}`, { headers: { authorization: `Bearer ${key}` } });
      expect((await reply.arrayBuffer()).byteLength).toBe(size);
    }
    const database = await openDatabase({ directory: join(folder, "mailcordon-state") });
    const { rows } = await database.execute("SELECT line FROM mailcordon.evidence_lines ORDER BY at", []);
    await database.close();
    expect(rows.map(({ line }) => JSON.parse(line).mailbox)).toEqual([other.mailbox, owner]);
  });

  test("an answer is returned over TLS", async () => {
    const { key, cert } = makeCertificate(folder);
    writeFileSync(join(folder, "serve-key.pem"), key);
    writeFileSync(join(folder, "serve-cert.pem"), cert);
    configure({ tls: { cert_file: "serve-cert.pem", key_file: "serve-key.pem" } });
    const { url } = await serve();
    configure({});
    expect(url).toMatch(/^https:/);
    const status = await new Promise((resolve, reject) => {
      request(`${url}/healthz`, { rejectUnauthorized: false }, (reply) => resolve(reply.resume().statusCode))
        .on("error", reject)
        .end();
    });
    expect(status).toBe(200);
  });

  test("a health check over HTTP/1.0 without a host is answered", async () => {
    const { url } = await serve();
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.end("GET /healthz HTTP/1.0\r\n\r\n");
    expect((await text(socket)).split("\r\n", 1)).toEqual(["HTTP/1.1 200 OK"]);
  });

  describe("a client that asks before it sends a body", () => {
    const asks = async (url: string, key: string, length: number) => {
      const socket = connect(Number(new URL(url).port), "127.0.0.1");
      const head = [
        "POST /v1/actions/get-out-of-office HTTP/1.1",
        "Host: localhost",
        `Authorization: Bearer ${key}`,
        "Expect: 100-continue",
      ];
      socket.write(`${[...head, "Content-Type: application/json", `Content-Length: ${length}`, "Connection: close"].join("\r\n")}\r\n\r\n`);
      const [first] = await once(socket, "data");
      return { socket, first: String(first) };
    };

    test("is told to continue if it has an API key, and receives the answer", async () => {
      const { key } = await keys("add", "--name", "large", "--role", "read");
      const { url } = await serve();
      const { socket, first } = await asks(url, String(key), 2);
      expect(first).toBe("HTTP/1.1 100 Continue\r\n\r\n");
      socket.write("{}");
      expect((await text(socket)).split("\r\n", 1)).toEqual(["HTTP/1.1 200 OK"]);
    });

    test("is refused before a byte of the body without an API key or with a body that is too large", async () => {
      const { key } = await keys("add", "--name", "larger", "--role", "read");
      const { url } = await serve();
      for (const [word, length, refusal] of [
        ["mck_none", 2, 401],
        [String(key), 2 ** 40, 413],
      ] as const) {
        const { socket, first } = await asks(url, word, length);
        expect(first.split(" ", 2)).toEqual(["HTTP/1.1", String(refusal)]);
        socket.destroy();
      }
    });
  });

  test("an agent can begin and end a session", async () => {
    const { key } = await keys("add", "--name", "agent", "--role", "read");
    const { url } = await serve();
    const client = new Client({ name: "agent", version: "1" });
    const headers = { authorization: `Bearer ${key}` };
    const transport = new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit: { headers } });
    // The SDK's own types do not agree about a session that has no id yet.
    await client.connect(transport as Transport);
    expect((await client.listTools()).tools.length).toBeGreaterThan(1);
    const session = String(transport.sessionId);
    await transport.terminateSession();
    await client.close();
    const late = await fetch(`${url}/mcp`, { method: "DELETE", headers: { ...headers, "mcp-session-id": session } });
    expect(late.status).toBe(404);
  });
});

describe("`serve` as a process of its own", () => {
  const words = () => [build().program, "serve", "--port", "0", "--config", config, "--quiet"];
  const started: Process[] = [];
  afterEach(async () => {
    lab.clearFaults();
    for (const process of started.splice(0)) {
      process.kill("SIGTERM");
      await process.ended;
    }
  });

  async function launched() {
    const running = start(process.execPath, words(), { LAB_PASSWORD: labPassword, XDG_STATE_HOME: folder }, folder);
    started.push(running);
    await running.said('"url"');
    const { url } = JSON.parse(running.out());
    return { running, url: String(url) };
  }

  const post = (url: string, key: string, action: string, body: object, headers: Readonly<Record<string, string>> = {}) =>
    fetch(`${url}/v1/actions/${action}`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
  const get = (url: string, key: string, path: string) => fetch(`${url}${path}`, { headers: { authorization: `Bearer ${key}` } });

  test("answers running calls after a signal, accepts no more, and stops its database", async () => {
    const { key } = await keys("add", "--name", "soar", "--role", "admin");
    const { running, url } = await launched();
    lab.addFault({ kind: "delay", operation: "GetUserOofSettings", delayMs: 1500 });
    const held = post(url, key, "get-out-of-office", {});
    await soon(async () => expect(await (await get(url, key, "/metrics")).text()).toContain("mailcordon_calls_running 1"));
    running.kill("SIGTERM");
    expect(await (await held).json()).toMatchObject({ success: true });
    expect(await running.ended).toMatchObject({ code: 0, err: "" });
    expect(existsSync(join(folder, "mailcordon-state/postgres/data/postmaster.pid"))).toBe(false);
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  });

  test("gives calls and jobs twenty seconds after a signal, refuses new connections with 503, stops the rest, and exits with 0", async () => {
    const { key } = await keys("add", "--name", "soar", "--role", "admin");
    const { running, url } = await launched();
    // The first call to a server proves the credentials, and the others wait for it.
    expect((await post(url, key, "get-out-of-office", {})).status).toBe(200);
    // Longer than the five seconds that a command without an end of its own has, and one that never ends.
    lab.addFault({ kind: "delay", operation: "GetUserOofSettings", delayMs: 7000, times: 2 });
    lab.addFault({ kind: "delay", operation: "FindItem", delayMs: 60_000 });
    const held = post(url, key, "get-out-of-office", {});
    const endless = post(url, key, "get-contacts", {});
    const job = (await post(url, key, "get-out-of-office", {}, { prefer: "respond-async" })).headers.get("location") ?? "";
    await soon(async () => expect(await (await get(url, key, "/metrics")).text()).toContain("mailcordon_calls_running 3"));
    const told = Date.now();
    running.kill("SIGTERM");
    await soon(async () => {
      const socket = connect(Number(new URL(url).port), "127.0.0.1");
      socket.end(`GET /v1/actions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${key}\r\nConnection: close\r\n\r\n`);
      const refused = await text(socket);
      expect(refused).toMatch(/^HTTP\/1\.1 503 /);
      expect(refused).toContain("The server is stopping.");
      expect(refused).toMatch(/^retry-after: 5\r$/im);
    });
    expect(await (await held).json()).toMatchObject({ success: true });
    const stopped = await endless;
    expect([stopped.status, await stopped.json()]).toEqual([499, expect.objectContaining({ code: "cancelled" })]);
    expect(Date.now() - told).toBeGreaterThan(19_000);
    expect(await running.ended).toMatchObject({ code: 0, err: "" });
    expect(existsSync(join(folder, "mailcordon-state/postgres/data/postmaster.pid"))).toBe(false);
    const next = await launched();
    expect(await (await get(next.url, key, job)).json()).toMatchObject({ status: "finished", answer: { success: true } });
  });

  test("killed while it sends, has a successor that does not send again and continues the repeatable job", async () => {
    const { key } = await keys("add", "--name", "soar", "--role", "admin");
    const first = await launched();
    lab.addFault({ kind: "delay", delayMs: 60_000, times: 1000 });
    const mail = { to: "user05@example.com", subject: "sent once at most", body_text: "x" };
    const once = { "idempotency-key": "one-mail" };
    const lost = post(first.url, key, "send-email", mail, once).catch(() => undefined);
    const later = await post(first.url, key, "get-out-of-office", {}, { prefer: "respond-async" });
    const job = later.headers.get("location") ?? "";
    await soon(async () => {
      expect((await post(first.url, key, "send-email", mail, once)).status).toBe(409);
      expect(await (await get(first.url, key, job)).json()).toMatchObject({ status: "running" });
    });
    first.running.kill("SIGKILL");
    await first.running.ended;
    await lost;
    lab.clearFaults();
    const second = await launched();
    for (const _ of [1, 2]) {
      const again = await post(second.url, key, "send-email", mail, once);
      expect([again.status, await again.json()]).toEqual([502, expect.objectContaining({ code: "unknown-outcome" })]);
    }
    await soon(async () => {
      const asked = await (await get(second.url, key, job)).json();
      expect(asked).toMatchObject({ status: "finished", answer: { success: true, mailbox } });
    });
  });
});

describe("`serve` does not start", () => {
  test("open to a network without TLS", async () => {
    const { code, written } = run("serve", "--host", "0.0.0.0");
    expect(await code).toBe(3);
    expect(JSON.parse(written.out).message).toContain("serve.host");
  });

  test("on a port in use, and leaves no database running", async () => {
    const { url } = await serve();
    const { code, written } = run("serve", "--port", new URL(url).port);
    expect(await code).toBe(3);
    expect(JSON.parse(written.out).message).toContain("EADDRINUSE");
  });

  test("with a wrong connection", async () => {
    writeFileSync(config, readFileSync(config, "utf8").replace("env:LAB_PASSWORD", "env:NOWHERE"));
    const { code, written } = run("serve", "--port", "0");
    expect(await code).toBe(3);
    expect(JSON.parse(written.out).message).toContain("NOWHERE");
    configure({});
  });

  test.each([["--port", "x"], ["--port", "70000"], ["--nothing"]])("with %s %s", async (...words) => {
    expect(await run("serve", ...words).code).toBe(2);
  });
});

describe("`keys`", () => {
  test.each([
    ["nothing", []],
    ["another word", ["give"]],
    ["a key without a name", ["add", "--role", "read"]],
    ["a key without a role", ["add", "--name", "x"]],
    ["a role that is none", ["add", "--name", "x", "--role", "read,owner"]],
    ["a mailbox that is none", ["add", "--name", "x", "--role", "read", "--mailbox", "everything"]],
    ["a pattern that is wider than a domain", ["add", "--name", "x", "--role", "read", "--mailbox", "*"]],
    ["a connection that is none", ["add", "--name", "x", "--role", "read", "--connection", "nowhere"]],
    ["days that are none", ["add", "--name", "x", "--role", "read", "--expires-days", "soon"]],
    ["a key to revoke without its id", ["revoke"]],
  ])("refuses %s", async (_, words) => {
    expect(await run("keys", ...words).code).toBe(2);
  });

  test("prints its usage", async () => {
    const { code, written } = run("keys", "--help");
    expect([await code, written.out]).toEqual([0, expect.stringContaining("keys revoke ID")]);
  });
});
