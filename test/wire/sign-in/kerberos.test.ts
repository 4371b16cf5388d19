import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openHttp } from "../../../src/wire/http/http-client.ts";
import { signInConnections } from "../../../src/wire/sign-in/connection-sign-in.ts";
import { kerberosScheme, loadKerberos } from "../../../src/wire/sign-in/kerberos.ts";
import { guardOf } from "../../../src/wire/sign-in/sign-in-guard.ts";
import { byteServer } from "../http/byte-server.ts";
import { ask, opened, outcome } from "./sign-in-stage.ts";

// A stand-in for the npm package, which needs a domain: it says what it is asked, and gives no ticket for the user "nobody".
const standIn = `
  exports.GSS_MECH_OID_SPNEGO = 6;
  exports.initializeClient = async (service, { mechOID }) => {
    if (service.includes("localhost")) throw new Error("No Kerberos credentials available");
    let steps = 0;
    return { step: async (challenge) => Buffer.from([service, mechOID, ++steps, challenge].join("|")).toString("base64") };
  };`;

let folder: string;
const at = (name: string) => pathToFileURL(join(folder, name)).href;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "mailcordon-kerberos-"));
  writeFileSync(join(folder, "kerberos.cjs"), standIn);
  writeFileSync(join(folder, "other.cjs"), "exports.something = 1;");
  writeFileSync(join(folder, "broken.cjs"), "throw new Error('built for another Node');");
});
afterAll(() => rmSync(folder, { recursive: true }));

async function client(url: string) {
  const kerberos = await loadKerberos(at("kerberos.cjs"));
  if (kerberos === undefined) throw new Error("The stand-in was not loaded.");
  return clientOf(kerberosScheme(kerberos), url);
}

function clientOf(scheme: ReturnType<typeof kerberosScheme>, url: string) {
  const timeouts = { connectMs: 5_000, replyMs: 5_000, idleMs: 5_000 };
  const guard = guardOf(new URL(url).origin, "Negotiate", "", "");
  const http = signInConnections(openHttp({ timeouts, maxConnections: 2 }), scheme, guard, 2);
  opened.push(http);
  return http;
}

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const refused = (challenge: string) => `HTTP/1.1 401 Sign in\r\nWWW-Authenticate: Negotiate ${challenge}\r\nContent-Length: 0\r\n\r\n`;
const sent = (requests: readonly string[]) =>
  requests.map((request) => Buffer.from(/Negotiate (\S+)/i.exec(request)?.[1] ?? "", "base64").toString());

test.each(["other.cjs", "broken.cjs", "missing.cjs"])("another package of this name (%s) counts as not installed", async (name) => {
  expect(await loadKerberos(at(name))).toBeUndefined();
});

test("the ticket goes with the request itself, and the connection stays signed in", async () => {
  const server = await byteServer(() => ({ bytes: ok }));
  const http = await client(server.ewsUrl);
  expect([await ask(http, server), await ask(http, server)]).toEqual([200, 200]);
  expect(sent(server.requests)).toEqual(["HTTP@127.0.0.1|6|1|", ""]);
});

test("a further challenge is answered on the same connection", async () => {
  const server = await byteServer((request) => ({ bytes: sent([request])[0]?.includes("|2|") ? ok : refused("bW9yZQ==") }));
  expect(await ask(await client(server.ewsUrl), server)).toBe(200);
  expect(sent(server.requests)).toEqual(["HTTP@127.0.0.1|6|1|", "HTTP@127.0.0.1|6|2|bW9yZQ=="]);
});

test("challenges without end are answered four times, and never again", async () => {
  const server = await byteServer(() => ({ bytes: refused("bW9yZQ==") }));
  const http = await client(server.ewsUrl);
  expect(await outcome(ask(http, server))).toMatchObject({ code: "unauthenticated" });
  expect(await outcome(ask(http, server))).toMatchObject({ code: "unauthenticated" });
  expect(server.requests).toHaveLength(4);
});

test("a refused ticket is unauthenticated", async () => {
  const server = await byteServer(() => ({ bytes: refused("") }));
  expect(await outcome(ask(await client(server.ewsUrl), server))).toMatchObject({ code: "unauthenticated" });
});

test("without a ticket nothing is sent, and the failure has a hint", async () => {
  const server = await byteServer(() => ({ bytes: ok }));
  const ewsUrl = server.ewsUrl.replace("127.0.0.1", "localhost");
  expect(await outcome(ask(await client(ewsUrl), { ewsUrl }))).toMatchObject({
    code: "unauthenticated",
    message: expect.stringContaining("No Kerberos credentials available"),
    hint: expect.stringContaining("kinit"),
  });
  expect(server.requests).toHaveLength(0);
});

describe("a token of NTLM, which Windows falls back to,", () => {
  const ntlm = Buffer.from("NTLMSSP\0\x01\0\0\0", "latin1");
  // SPNEGO, negTokenInit: https://www.rfc-editor.org/rfc/rfc4178#section-4.2.1
  const spnego = Buffer.concat([Buffer.from("601a06062b0601050502a010300ea20c040c", "hex"), ntlm]);
  // A Kerberos token may offer NTLM in its list of mechanisms: only a message of NTLM is refused.
  const offersNtlm = Buffer.from("6022060a2b06010401823702020a0414deadbeef", "hex");
  const scheme = (...tokens: readonly Buffer[]) => {
    let step = 0;
    const initializeClient = async () => ({ step: async () => (tokens[step++] ?? Buffer.alloc(0)).toString("base64") });
    return kerberosScheme({ GSS_MECH_OID_SPNEGO: 6, initializeClient });
  };

  test.each([
    ["bare", ntlm],
    ["inside SPNEGO", spnego],
  ])("is not sent as the first token: %s", async (_, token) => {
    const server = await byteServer(() => ({ bytes: ok }));
    expect(await outcome(ask(clientOf(scheme(token), server.ewsUrl), server))).toMatchObject({
      code: "unauthenticated",
      message: expect.stringContaining("NTLM instead"),
    });
    expect(server.requests).toHaveLength(0);
  });

  test("is not sent as the answer to a challenge", async () => {
    const server = await byteServer(() => ({ bytes: refused("bW9yZQ==") }));
    expect(await outcome(ask(clientOf(scheme(offersNtlm, spnego), server.ewsUrl), server))).toMatchObject({
      code: "unauthenticated",
      message: expect.stringContaining("NTLM instead"),
    });
    expect(server.requests).toHaveLength(1);
  });
});
