import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import * as z from "zod";
import { catalogue } from "../../src/actions/index.ts";
import { openapi } from "../../src/faces/openapi.ts";
import { ServeSettings } from "../../src/settings/serve-settings.ts";
import { SettingsFile } from "../../src/settings/settings-schema.ts";
import { build, type Running, start } from "../built.ts";
import { hasOpenssl, makeCertificate } from "../openssl.ts";
import { type Block, blocksOf, isShown, tableOf } from "./guide.ts";

const has = (program: string, ...words: string[]) => spawnSync(program, words).status === 0;
const blocks = blocksOf("serve.md");
/** As often as a sentence is compared with what came before. */
const places: Readonly<Record<string, string>> = {
  root: "it changes this machine: a user, a service",
  engine: "it takes a container engine; `npm run try-dockerfile` does what it would do",
};

let folder = "";
let environment: Record<string, string> = {};
let ports: Readonly<Record<string, string>> = {};
const running = new Map<string, Running>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mailcordon-guide-"));
  // As root, the database runs as somebody else, who has to get to its folder.
  chmodSync(folder, 0o711);
  mkdirSync(join(folder, "bin"));
  writeFileSync(join(folder, "bin/mailcordon"), `#!/bin/sh\nexec '${process.execPath}' '${build().program}' "$@"\n`, { mode: 0o755 });
  environment = { PATH: `${join(folder, "bin")}:${process.env.PATH}`, HOME: folder, XDG_STATE_HOME: folder };
  ports = { 8080: await freePort(), 8025: await freePort(), 443: await freePort() };
});
afterAll(async () => {
  for (const { kill, ended } of running.values()) {
    kill("SIGTERM");
    await ended;
  }
  rmSync(folder, { recursive: true });
});

async function freePort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  return String(typeof address === "object" && address !== null ? address.port : 0);
}

/** With the ports that are free here. */
const here = (text: string) => text.replaceAll(/\b(8080|8025)\b/g, (port) => ports[port] ?? port);

async function begin(name: string, command: string): Promise<void> {
  const server = start("bash", ["-c", `exec env ${command}`], environment, folder);
  running.set(name, server);
  await server.said(name === "lab" ? "ews_url" : "serves on");
}

/** In a shell that knows what the one before it has exported. */
async function run(command: string): Promise<string> {
  const known = join(folder, "exported");
  const script = `set -euo pipefail\n[ ! -e ${known} ] || . ${known}\n${here(command)}\nexport -p > ${known}\n`;
  const { code, out, err } = await start("bash", ["-c", script], environment, folder).ended;
  // Each process names the settings file that it found, and says nothing else.
  expect({ code, err: err.replaceAll(`Settings: ${join(folder, "mailcordon.yaml")}\n`, "") }).toEqual({ code: 0, err: "" });
  return out;
}

async function stopServer(): Promise<void> {
  const server = running.get("serve");
  server?.kill("SIGTERM");
  expect((await server?.ended)?.code).toBe(0);
  running.delete("serve");
}

describe.runIf(has("curl", "--version") && has("bash", "--version"))("the guide docs/serve.md, in its order (needs bash and curl)", () => {
  let said = "";
  for (const [at, block] of blocks.entries()) {
    const { language, place, note, text } = block;
    const [line = ""] = text.trim().split("\n");
    if (language === "sh" && place !== "") test.skip(`\`${line.slice(0, 80)}\`: ${places[place]}`);
    else if (language === "sh") {
      test(`\`${line.slice(0, 80)}\` does what it shows`, async () => {
        if (note === "after: stop the server") await stopServer();
        else expect(note).toBe("");
        const [, name] = /^(?:\w+=\S+ )?mailcordon (lab|serve)\b/.exec(line) ?? [];
        if (name !== undefined) return await begin(name, here(line));
        said = await run(text);
        const shown = blocks[at + 1];
        if (shown !== undefined && (shown.language === "json" || shown.language === "")) {
          expect({ said, shown: isShown(here(shown.text), said) }).toMatchObject({ shown: true });
        }
      });
    } else if (language === "yaml" && text.startsWith("# mailcordon.yaml\n")) {
      test("mailcordon.yaml is written as printed", () => writeFileSync(join(folder, "mailcordon.yaml"), here(text)));
    }
  }
  const proxied = hasOpenssl && has("nginx", "-v");
  test.runIf(proxied)("nginx accepts the configuration and passes calls, events and bytes with their hash (needs nginx)", async () => {
    const port = ports[443] ?? "";
    const server = insideOf("nginx").replace("listen 443", `listen 127.0.0.1:${port}`);
    const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${folder}/nginx-${name};`);
    const whole = `daemon off; pid ${folder}/nginx.pid; error_log stderr; worker_processes 1; events {}
http { access_log off; ${paths.join(" ")}\n${server} }\n`;
    writeFileSync(join(folder, "nginx.conf"), whole);
    const words = ["-e", "stderr", "-p", folder, "-c", join(folder, "nginx.conf")];
    execFileSync("nginx", [...words, "-t"], { stdio: "pipe" });
    await through("nginx", words, port);
  });
  test.runIf(hasOpenssl && has("caddy", "version"))("Caddy accepts the configuration and passes the same (needs caddy)", async () => {
    const port = ports[443] ?? "";
    const site = insideOf("caddyfile").replace("mailcordon.example.com {", `https://127.0.0.1:${port} {`);
    writeFileSync(join(folder, "Caddyfile"), `{\n\tadmin off\n\tauto_https disable_redirects\n}\n${site}`);
    const words = ["--config", join(folder, "Caddyfile"), "--adapter", "caddyfile"];
    execFileSync("caddy", ["validate", ...words], { stdio: "pipe", env: environment });
    await through("caddy", ["run", ...words], port);
  });

  /** What the guide has for a proxy, with a certificate and ports of ours. */
  function insideOf(language: string): string {
    const { key, cert } = makeCertificate(["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], ["-sha256"]);
    writeFileSync(join(folder, "key.pem"), key);
    writeFileSync(join(folder, "cert.pem"), cert);
    const text = blocks.find((block) => block.language === language)?.text ?? "";
    return here(text).replaceAll("/etc/ssl/mailcordon", folder);
  }

  async function through(program: string, words: readonly string[], port: string): Promise<void> {
    writeFileSync(join(folder, "proxied.yaml"), `${readFileSync(join(folder, "mailcordon.yaml"), "utf8")}  behind_proxy: true\n`);
    await begin("serve", "MAILCORDON_PASSWORD=lab-password mailcordon serve --config proxied.yaml");
    running.set("proxy", start(program, words, environment, folder));
    try {
      const curl = `curl -s --cacert cert.pem --max-time 20`;
      const url = `https://127.0.0.1:${port}`;
      await run(`for i in $(seq 100); do ${curl} -o alive ${url}/healthz && break; sleep 0.1; done; grep ok alive`);
      const key = `-H "Authorization: Bearer $KEY"`;
      const away = await run(`${curl} ${url}/v1/actions/get-out-of-office ${key} --json '{"mailbox":"user04@example.com"}'`);
      expect(JSON.parse(away)).toMatchObject({ is_active_now: true });
      const events =
        await run(`${curl} ${url}/v1/actions/search-emails-extended ${key} -H "Prefer: respond-async" --json '{"mailboxes":"all"}' > job.json
${curl} -N "${url}$(node -p 'require("./job.json").events_url')" ${key}`);
      expect(events).toContain("event: finished");
      const hello = {
        jsonrpc: "2.0",
        id: 1,
        method: "initialize",
        params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo },
      };
      const accept = `-H "Accept: application/json, text/event-stream"`;
      expect(await run(`${curl} ${url}/mcp ${key} ${accept} --json '${JSON.stringify(hello)}'`)).toContain('"serverInfo"');
      // The address that counts is the one that the proxy saw, whatever its client says.
      const bad = `${curl} -o /dev/null -w '%{http_code} ' -H "X-Forwarded-For: 192.0.2.$i" ${url}/v1/actions`;
      expect((await run(`for i in $(seq 11); do ${bad}; done`)).trim()).toBe(`${"401 ".repeat(10)}429`);
    } finally {
      running.get("proxy")?.kill("SIGTERM");
      await running.get("proxy")?.ended;
      running.delete("proxy");
      await stopServer();
    }
  }
});

const clientInfo = { name: "guide", version: "1" };

test("the table of requests has every path of the server's OpenAPI description", () => {
  const cells = tableOf("serve.md", "request").map(([cell = ""]) => cell.replaceAll("`", ""));
  const paths = Object.keys(z.record(z.string(), z.unknown()).parse(openapi(catalogue, { version: "1" }).paths)).map((path) =>
    path.startsWith("/v1/actions/")
      ? "/v1/actions/<action>"
      : path.replace("{job_id}", "<id>").replace("{sha256}", "<sha256>").replace("{sweep}", "<sweep>"),
  );
  expect(paths.length).toBeGreaterThan(7);
  expect(paths.filter((path) => !cells.some((cell) => cell.split(/[\s,?]+/).includes(path)))).toEqual([]);
});

test("the table of settings has every setting with its default and limits", () => {
  const rows = tableOf("serve.md", "setting");
  const written = Object.fromEntries(
    rows.flatMap(([names = "", byDefault = "", meaning = ""]) => namesIn(names).map((name) => [name, { byDefault, meaning }])),
  );
  const { properties } = Schema.parse(z.toJSONSchema(ServeSettings, { io: "input" }));
  const known = Object.entries(properties).flatMap(([name, schema]) =>
    schema.properties === undefined
      ? [[name, schema] as const]
      : Object.entries(schema.properties).map(([inner, field]) => [`${name}.${inner}`, field] as const),
  );
  expect(Object.keys(written).sort()).toEqual(known.map(([name]) => name).sort());
  for (const [name, field] of known) {
    const { byDefault = "", meaning = "" } = written[name] ?? {};
    expect([name, byDefault]).toEqual([name, field.default === undefined ? "" : `\`${field.default}\``]);
    if (field.minimum !== undefined)
      expect([name, meaning]).toEqual([name, expect.stringContaining(`${field.minimum} to ${field.maximum}`)]);
  }
});

const Field = z.object({ default: z.unknown().optional(), minimum: z.number().optional(), maximum: z.number().optional() });
const Schema = z.object({ properties: z.record(z.string(), Field.extend({ properties: z.record(z.string(), Field).optional() })) });

function namesIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
}

test.each(
  blocks.filter(({ language }) => language === "yaml").map((block): [string, Block] => [block.text.split("\n", 2).join(" "), block]),
)("the settings that begin with %s are accepted", (_, { text }) => {
  const { serve, ...rest } = z.record(z.string(), z.unknown()).parse(parse(text));
  expect(ServeSettings.safeParse(serve).error).toBeUndefined();
  if (Object.keys(rest).length > 0) expect(SettingsFile.safeParse({ ...rest, serve }).error).toBeUndefined();
});

test.runIf(has("systemd-analyze", "--version"))("systemd accepts the unit and rates it as well protected (needs systemd-analyze)", () => {
  const unit = blocks.find(({ language }) => language === "ini")?.text ?? "";
  const made = mkdtempSync(join(tmpdir(), "mailcordon-unit-"));
  try {
    const path = join(made, "mailcordon.service");
    writeFileSync(path, unit);
    const { status, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", path], { encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    // From 0 to 100; a unit that says nothing has 96.
    const { status: exposed, stdout } = spawnSync("systemd-analyze", ["security", "--offline=true", "--threshold=20", "--no-pager", path], {
      encoding: "utf8",
    });
    expect({ exposed, stdout }).toMatchObject({ exposed: 0 });
  } finally {
    rmSync(made, { recursive: true });
  }
});
