import { connect, createServer as createTcpServer, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { Failure } from "../../src/failure.ts";
import type { Lab, LabOptions } from "../../src/lab/lab.ts";
import { authenticated, type SignIn } from "../../src/wire/authenticate.ts";
import { type Http, openHttp } from "../../src/wire/http.ts";
import { testCertificate } from "../lab/certificate.ts";
import { anna, envelope, startSmallLab } from "../lab/ews/soap-client.ts";

const timeouts = { connectMs: 5_000, replyMs: 5_000, idleMs: 5_000 };
const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

async function startLab(options: LabOptions): Promise<Lab> {
  const lab = await startSmallLab(options);
  opened.push(lab);
  return lab;
}

function client(signIn: SignIn, maxConnections = 4): Http {
  const http = authenticated(openHttp({ ca: testCertificate.cert, timeouts, maxConnections }), signIn, maxConnections);
  opened.push(http);
  return http;
}

const inbox = envelope(
  '<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape><m:FolderIds><t:DistinguishedFolderId Id="inbox"/></m:FolderIds></m:GetFolder>',
);

function body(text: string) {
  const bytes = Buffer.from(text);
  return {
    size: bytes.length,
    async *open() {
      yield bytes;
    },
  };
}

/** A way to the lab that can be cut. */
async function wayTo(lab: Lab): Promise<{ readonly ewsUrl: string; cut(): void }> {
  const sockets = new Set<Socket>();
  const { port, protocol } = new URL(lab.ewsUrl);
  const way = createTcpServer((incoming) => {
    const outgoing = connect(Number(port), "127.0.0.1");
    for (const socket of [incoming, outgoing]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => sockets.delete(socket));
    }
    incoming.pipe(outgoing).pipe(incoming);
  });
  await new Promise<void>((resolve) => way.listen(0, "127.0.0.1", resolve));
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  opened.push({
    close() {
      cut();
      return new Promise((resolve) => way.close(resolve));
    },
  });
  const address = way.address();
  return { ewsUrl: `${protocol}//127.0.0.1:${typeof address === "object" ? address?.port : 0}/EWS/Exchange.asmx`, cut };
}

/** Asks for the inbox; the status of the answer, whose body is read. */
async function ask(http: Http, lab: Pick<Lab, "ewsUrl">, signal?: AbortSignal): Promise<number> {
  const response = await http.send({
    url: new URL(lab.ewsUrl),
    method: "POST",
    headers: { "Content-Type": "text/xml; charset=utf-8" },
    body: body(inbox),
    signal,
  });
  await response.text(1_000_000);
  return response.status;
}

const outcome = (work: Promise<unknown>) => work.catch((thrown) => (thrown instanceof Failure ? thrown : Promise.reject(thrown)));
const seen = (lab: Lab) =>
  lab.requests.map(({ method, status, signIn, bytesIn }) => [method, status, signIn, bytesIn > 0 ? "body" : "empty"]);
const ntlm = (password = "anna-secret"): SignIn => ({ kind: "ntlm", username: "EXAMPLE\\anna", password });

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

  test("signs in for each request where the server says that it does not last", async () => {
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
    const http = client(ntlm(), 3);
    lab.addFault({ kind: "delay", delayMs: 30 });
    expect(await Promise.all(Array.from({ length: 12 }, () => ask(http, lab)))).toEqual(Array(12).fill(200));
    expect(seen(lab).filter(([, , how]) => how === "NTLM")).toHaveLength(3);
    expect(
      seen(lab)
        .slice(0, 3)
        .map(([, , how]) => how),
    ).toEqual(["NTLM: challenged", "NTLM", "NTLM: challenged"]);
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

  test("says what the server offers when it does not answer to NTLM, and sends nothing secret", async () => {
    const lab = await startLab({ signIn: { schemes: ["Negotiate", "Basic"] } });
    const failure = await outcome(ask(client(ntlm()), lab));
    expect(failure).toMatchObject({ code: "unauthenticated", message: expect.stringContaining("it offers negotiate, basic") });
    expect(lab.requests).toHaveLength(1);
  });

  test("is refused by a server that requires a channel binding where TLS ends before it", async () => {
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
