import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { openHttp } from "../../src/wire/http/http-client.ts";
import { signInConnections } from "../../src/wire/sign-in/connection-sign-in.ts";
import { kerberosScheme, loadKerberos } from "../../src/wire/sign-in/kerberos.ts";
import { guardOf } from "../../src/wire/sign-in/sign-in-guard.ts";
import { soon } from "../soon.ts";

// The real package, a real key distribution centre, and a server that is not ours. KERBEROS_PACKAGE: where the package is, if not with us.
const kerberos = await loadKerberos(process.env.KERBEROS_PACKAGE);
const python = "/usr/bin/python3";
const path = `${process.env.PATH}:/usr/sbin`;
const has = (program: string) => spawnSync("which", [program], { env: { PATH: path } }).status === 0;
const missing = [
  ...(kerberos === undefined ? ["the npm package kerberos"] : []),
  ...["krb5kdc", "kinit"].filter((program) => !has(program)),
  ...(spawnSync(python, ["-c", "import gssapi"]).status === 0 ? [] : ["python3-gssapi"]),
];
const because = missing.length === 0 ? "" : ` (skipped: ${missing.join(" and ")} not installed)`;

const realm = "EXAMPLE.TEST";
const host = "localhost";
const password = "pa55word of anna";

async function freePort(): Promise<number> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(resolve));
  return port;
}

describe.skipIf(missing.length > 0)(`With a ticket of a Kerberos realm${because}`, () => {
  const folder = join(tmpdir(), `mailcordon-kerberos-${process.pid}`);
  const at = (name: string) => join(folder, name);
  const running: ChildProcess[] = [];
  const environment: Record<string, string> = {
    PATH: path,
    KRB5_CONFIG: at("krb5.conf"),
    KRB5_KDC_PROFILE: at("kdc.conf"),
    KRB5CCNAME: `FILE:${at("tickets")}`,
    KRB5_KTNAME: at("keytab"),
  };
  const run = (program: string, words: readonly string[], input = "") =>
    execFileSync(program, words, { env: environment, input, stdio: ["pipe", "ignore", "ignore"] });
  let url: URL;
  const seen: string[] = [];

  beforeAll(async () => {
    mkdirSync(folder, { mode: 0o700 });
    const port = await freePort();
    const libdefaults = "dns_lookup_kdc = false\n dns_canonicalize_hostname = false\n rdns = false";
    writeFileSync(
      at("krb5.conf"),
      `[libdefaults]\n default_realm = ${realm}\n ${libdefaults}\n[realms]\n ${realm} = {\n  kdc = 127.0.0.1:${port}\n }\n[domain_realm]\n ${host} = ${realm}\n`,
    );
    const places = `database_name = ${at("principals")}\n  key_stash_file = ${at("stash")}\n  acl_file = ${at("acl")}`;
    writeFileSync(
      at("kdc.conf"),
      `[realms]\n ${realm} = {\n  ${places}\n  kdc_listen = 127.0.0.1:${port}\n  kdc_tcp_listen = 127.0.0.1:${port}\n }\n[logging]\n kdc = FILE:${at("kdc.log")}\n`,
    );
    run("kdb5_util", ["create", "-s", "-r", realm, "-P", "a password of the database"]);
    run("kadmin.local", ["-q", `addprinc -pw "${password}" anna`]);
    run("kadmin.local", ["-q", `addprinc -randkey HTTP/${host}`]);
    run("kadmin.local", ["-q", `ktadd -k ${at("keytab")} HTTP/${host}`]);
    running.push(spawn("krb5kdc", ["-n"], { env: environment, stdio: "ignore" }));
    const server = spawn(python, [fileURLToPath(new URL("kerberos_server.py", import.meta.url)), host], {
      env: environment,
      stdio: ["ignore", "pipe", "inherit"],
    });
    running.push(server);
    const said = await new Promise<string>((resolve) => {
      createInterface({ input: server.stdout }).on("line", (line) => {
        resolve(line);
        seen.push(line);
      });
    });
    seen.splice(0);
    url = new URL(`http://${host}:${said}/EWS/Exchange.asmx`);
    // The library of the package reads them, too.
    vi.stubEnv("KRB5_CONFIG", environment.KRB5_CONFIG);
    vi.stubEnv("KRB5CCNAME", environment.KRB5CCNAME);
  });
  afterAll(() => {
    for (const child of running) child.kill();
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  });

  const client = () => {
    if (kerberos === undefined) throw new Error("The package was not loaded.");
    const timeouts = { connectMs: 5_000, replyMs: 5_000, idleMs: 5_000 };
    return signInConnections(
      openHttp({ timeouts, maxConnections: 2 }),
      kerberosScheme(kerberos),
      guardOf(url.origin, "Negotiate", "", ""),
      2,
    );
  };
  const asks = async (http: ReturnType<typeof client>) => {
    const response = await http.send({ url, method: "POST", headers: {} });
    await response.text(1000);
    return response.status;
  };

  test("without one nothing is sent, and it is said to get one", async () => {
    const http = client();
    await expect(asks(http)).rejects.toThrow(expect.objectContaining({ code: "unauthenticated", hint: expect.stringContaining("kinit") }));
    http.close();
    expect(seen).toEqual([]);
  });

  test("a server of others lets us in, once for each connection", async () => {
    run("kinit", ["anna"], `${password}\n`);
    const http = client();
    expect([await asks(http), await asks(http)]).toEqual([200, 200]);
    http.close();
    await soon(() => expect(seen).toEqual([`anna@${realm} with a ticket`, `anna@${realm} on the connection`]));
  });
});
