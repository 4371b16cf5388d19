import { describe, expect, test } from "vitest";
import { ntlmChallenge } from "../../../src/lab/sign-in/ntlm.ts";
import type { HttpEvent } from "../../../src/wire/http/observe-http.ts";
import { testCertificate } from "../../lab/certificate.ts";
import { anna } from "../../lab/ews/soap-client.ts";
import { byteServer } from "../http/byte-server.ts";
import { ask, client, ntlm, outcome, seen, startLab, wayTo } from "./sign-in-stage.ts";

describe("NTLM", () => {
  test.each(["EXAMPLE\\anna", "anna", anna])("signs %s in over TLS with a channel binding, which the server requires", async (username) => {
    const lab = await startLab({ tls: testCertificate, signIn: { schemes: ["NTLM"], extendedProtection: "Require" } });
    expect(await ask(client({ kind: "ntlm", username, password: "anna-secret" }), lab)).toBe(200);
    expect(lab.requests.at(-1)?.caller).toBe(anna);
  });

  test("asks for the challenge with an empty request, and the real one goes once and carries the answer", async () => {
    const lab = await startLab({ signIn: { schemes: ["NTLM"] } });
    await ask(client(ntlm()), lab);
    expect(seen(lab)).toEqual([
      ["POST", 401, "NTLM: challenged", "empty"],
      ["POST", 200, "NTLM", "body"],
    ]);
  });

  test("signs in once for all requests of a connection", async () => {
    const lab = await startLab({ signIn: { schemes: ["NTLM"] } });
    const http = client(ntlm());
    for (let count = 0; count < 3; count++) expect(await ask(http, lab)).toBe(200);
    expect(seen(lab).map(([, , how]) => how)).toEqual(["NTLM: challenged", "NTLM", "connection", "connection"]);
  });

  test("signs in for each request if the server does not keep the sign-in", async () => {
    const lab = await startLab({ signIn: { schemes: ["NTLM"], persistent: false } });
    const http = client(ntlm());
    await ask(http, lab);
    await ask(http, lab);
    expect(seen(lab).map(([, , how]) => how)).toEqual(["NTLM: challenged", "NTLM", "NTLM: challenged", "NTLM"]);
  });

  test("signs in anew when the server has closed the connection", async () => {
    const lab = await startLab({ tls: testCertificate, signIn: { schemes: ["NTLM"], extendedProtection: "Require" } });
    const http = client(ntlm());
    const way = await wayTo(lab);
    await ask(http, way);
    way.cut();
    // The end of the connection needs a moment to arrive.
    await expect.poll(() => ask(http, way).catch(() => 0)).toBe(200);
    expect(seen(lab).filter(([, , how]) => how === "NTLM")).toHaveLength(2);
  });

  test("signs in anew, and says nothing of a wrong password, when the server has forgotten the connection", async () => {
    const lab = await startLab({ signIn: { schemes: ["NTLM"] } });
    const http = client(ntlm());
    await ask(http, lab);
    lab.addFault({ kind: "401", times: 1 });
    expect(await ask(http, lab)).toBe(200);
    expect(seen(lab).map(([, status]) => status)).toEqual([401, 200, 401, 401, 200]);
  });

  test("gives parallel requests connections of their own, no more than allowed, after the first has proven the password", async () => {
    const lab = await startLab({ signIn: { schemes: ["NTLM"] } });
    const order: string[] = [];
    const observe = ({ kind, number }: HttpEvent) => void order.push(`${kind} ${number}`);
    const http = client(ntlm(), 3, { observe });
    lab.addFault({ kind: "delay", delayMs: 30 });
    expect(await Promise.all(Array.from({ length: 12 }, () => ask(http, lab)))).toEqual(Array(12).fill(200));
    expect(seen(lab).filter(([, , how]) => how === "NTLM")).toHaveLength(3);
    // The first asks for the challenge, the second answers it.
    expect(order.filter((one) => /^(?:request|reply) [12]$/.test(one))).toEqual(["request 1", "reply 1", "request 2", "reply 2"]);
    expect(order.indexOf("request 3")).toBeGreaterThan(order.indexOf("reply 2"));
  });

  test("sends a wrong password once, however many ask at the same time and afterwards", async () => {
    const lab = await startLab({ signIn: { schemes: ["NTLM"], lockoutThreshold: 2 } });
    const http = client(ntlm("wrong"));
    const failures = await Promise.all(Array.from({ length: 5 }, () => outcome(ask(http, lab))));
    expect(failures).toEqual(Array(5).fill(expect.objectContaining({ code: "unauthenticated", wireCode: "HTTP 401" })));
    expect(await outcome(ask(client(ntlm("wrong")), lab))).toMatchObject({ code: "unauthenticated" });
    expect(seen(lab).filter(([, , how]) => how === "NTLM: wrong password")).toHaveLength(1);
    expect(await ask(client(ntlm()), lab)).toBe(200);
  });

  test("reports the server's methods if it does not reply to NTLM, and sends nothing secret", async () => {
    const lab = await startLab({ signIn: { schemes: ["Negotiate", "Basic"] } });
    const failure = await outcome(ask(client(ntlm()), lab));
    expect(failure).toMatchObject({ code: "unauthenticated", message: expect.stringContaining("it offers negotiate, basic") });
    expect(lab.requests).toHaveLength(1);
  });

  test("is refused by a server that requires a channel binding if TLS ends before it", async () => {
    const lab = await startLab({ signIn: { schemes: ["NTLM"], extendedProtection: "Require" } });
    const failure = await outcome(ask(client(ntlm()), lab));
    expect(failure).toMatchObject({ code: "unauthenticated", hint: expect.stringContaining("Extended Protection") });
    expect(seen(lab).at(-1)).toContain("NTLM: no channel binding");
  });

  test("stops waiting for a connection, or for another sign-in, when it is cancelled", async () => {
    const lab = await startLab({ signIn: { schemes: ["NTLM"] } });
    const http = client(ntlm(), 1);
    lab.addFault({ kind: "delay", delayMs: 300, times: 1 });
    const first = ask(http, lab);
    const controller = new AbortController();
    const second = outcome(ask(http, lab, controller.signal));
    const elsewhere = outcome(ask(client(ntlm()), lab, controller.signal));
    setTimeout(() => controller.abort(), 20);
    expect(await Promise.all([second, elsewhere])).toEqual([
      expect.objectContaining({ code: "cancelled" }),
      expect.objectContaining({ code: "cancelled" }),
    ]);
    expect(await first).toBe(200);
    expect(await ask(http, lab)).toBe(200);
  });
});

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const challenged = (request: string, headers = ""): string => {
  const negotiate = Buffer.from(/NTLM (\S+)/.exec(request)?.[1] ?? "", "base64");
  const challenge = ntlmChallenge(negotiate, { domain: "EXAMPLE", computer: "MAIL", dnsDomain: "example.com" });
  return `HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: NTLM ${challenge.toString("base64")}\r\nContent-Length: 5\r\n${headers}\r\nno no`;
};
const closing = "Connection: close\r\n";
const asksForChallenge = (request: string): boolean => request.includes("NTLM TlRMTVNTUAAB");
const hasBody = (request: string): boolean => request.includes("GetFolder");

describe("a server that is not as it should be", () => {
  test("closes the connection after its challenge once: the next connection is signed in, and the request is sent once", async () => {
    const server = await byteServer((request, connection) =>
      asksForChallenge(request) ? { bytes: challenged(request, connection === 1 ? closing : "") } : { bytes: ok },
    );
    expect(await ask(client(ntlm()), server)).toBe(200);
    expect(server.requests.map(hasBody)).toEqual([false, false, true]);
  });

  test("closes the connection after each challenge is reported, and the request is never sent", async () => {
    const server = await byteServer((request) => ({ bytes: challenged(request, closing) }));
    expect(await outcome(ask(client(ntlm()), server))).toMatchObject({
      code: "broken-reply",
      hint: expect.stringContaining("load balancer"),
    });
    expect(server.requests.map(hasBody)).toEqual([false, false]);
  });

  test("drops the signed-in connection when the request has gone: it is not sent again", async () => {
    const server = await byteServer((request) => {
      if (asksForChallenge(request)) return { bytes: challenged(request) };
      return request.includes("NTLM TlRM") ? { bytes: ok } : { bytes: "", close: true };
    });
    const http = client(ntlm());
    expect(await ask(http, server)).toBe(200);
    expect(await outcome(ask(http, server))).toMatchObject({ code: "broken-reply" });
    expect(server.requests.filter(hasBody)).toHaveLength(2);
  });

  test("drops the connection when the answer has gone with the request: it is not sent again", async () => {
    const server = await byteServer((request) => (asksForChallenge(request) ? { bytes: challenged(request) } : { bytes: "", close: true }));
    expect(await outcome(ask(client(ntlm()), server))).toMatchObject({ code: "broken-reply" });
    expect(server.requests.filter(hasBody)).toHaveLength(1);
  });

  test("sends an invalid challenge gives a broken reply, and nothing secret is sent", async () => {
    const server = await byteServer(() => ({
      bytes: "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: NTLM TlRMTVNTUAACAAAA\r\nContent-Length: 0\r\n\r\n",
    }));
    expect(await outcome(ask(client(ntlm()), server))).toMatchObject({ code: "broken-reply" });
    expect(server.requests).toHaveLength(1);
  });

  test("challenges without end: it is answered once", async () => {
    const server = await byteServer((request) => ({ bytes: challenged(request) }));
    expect(await outcome(ask(client(ntlm()), server))).toMatchObject({ code: "unauthenticated" });
    expect(server.requests).toHaveLength(2);
  });

  test("requires no sign-in gets the request unchanged", async () => {
    const server = await byteServer(() => ({ bytes: ok }));
    expect(await ask(client(ntlm()), server)).toBe(200);
    expect(server.requests.at(-1)).not.toMatch(/authorization/i);
  });

  test("fails on the request for a challenge is not reported as a wrong password", async () => {
    const answers = [
      "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 401 Sign in\r\nWWW-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n",
    ];
    const server = await byteServer((request) => ({ bytes: answers.shift() ?? (asksForChallenge(request) ? challenged(request) : ok) }));
    expect(await ask(client(ntlm()), server)).toBe(200);
    expect(server.requests.map(hasBody)).toEqual([false, true, false, true]);
  });
});
