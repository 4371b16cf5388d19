import { createServer as createHttpsServer } from "node:https";
import { createServer as createTcpServer } from "node:net";
import { describe, expect, test } from "vitest";
import { droppedWhileIdle, neverSent } from "../../../src/wire/http/http-client.ts";
import { testCertificate } from "../../lab/certificate.ts";
import { namesCertificate } from "../../lab/names-certificate.ts";
import { client, closing, expectDiscreet, failureOf, get, portOf, secrets, serving } from "./servers.ts";

describe("cancelling", () => {
  test("before sending sends nothing", async () => {
    const url = await serving((_, response) => response.end());
    const failure = await failureOf(client().send(get(url, { signal: AbortSignal.abort() })));
    expect(failure.code).toBe("cancelled");
    expect(neverSent(failure)).toBe(true);
  });

  test("ends the wait for the answer", async () => {
    const controller = new AbortController();
    const url = await serving(() => controller.abort());
    const failure = await failureOf(client().send(get(url, { signal: controller.signal })));
    expect(failure.code).toBe("cancelled");
    expect(neverSent(failure)).toBe(false);
    expect(droppedWhileIdle(failure)).toBe(false);
  });

  test("ends the wait for a connection that others use", async () => {
    const url = await serving(() => undefined);
    const http = client({ maxConnections: 1 });
    const first = new AbortController();
    const second = new AbortController();
    const sent = http.send(get(url, { signal: first.signal }));
    const waiting = http.send(get(url, { signal: second.signal }));
    second.abort();
    const failure = await failureOf(waiting);
    expect(failure.code).toBe("cancelled");
    expect(neverSent(failure)).toBe(true);
    first.abort();
    expect((await failureOf(sent)).code).toBe("cancelled");
  });

  test("ends a body that is being read", async () => {
    const controller = new AbortController();
    const url = await serving((_, response) => response.writeHead(200).write("a"));
    const response = await client().send(get(url, { signal: controller.signal }));
    const reading = async () => {
      for await (const part of response.body) {
        expect(part.length).toBe(1);
        controller.abort();
      }
    };
    expect((await failureOf(reading())).code).toBe("cancelled");
  });
});

describe("a server that cannot be reached", () => {
  test("because it refuses the connection, was sent nothing", async () => {
    const server = createTcpServer();
    const port = await portOf(server);
    await new Promise<void>((resolve) => server.close(() => resolve()));
    const failure = await failureOf(client().send(get(new URL(`http://127.0.0.1:${port}/`), { headers: secrets })));
    expect(failure.code).toBe("unreachable");
    expect(neverSent(failure)).toBe(true);
    expectDiscreet(failure);
  });

  test("because its name does not exist, was sent nothing", async () => {
    const failure = await failureOf(client().send(get(new URL("http://no-such-host.invalid/"))));
    expect(failure.code).toBe("unreachable");
    expect(neverSent(failure)).toBe(true);
  });

  test("by a protocol that is not HTTP is a matter of settings", async () => {
    expect((await failureOf(client().send(get(new URL("ftp://127.0.0.1/"))))).code).toBe("invalid-settings");
  });
});

describe("TLS", () => {
  async function secure(pair: { readonly key: string; readonly cert: string }): Promise<URL> {
    const server = createHttpsServer(pair, (_, response) => response.end("private"));
    // Whoever does not trust it ends the handshake.
    server.on("tlsClientError", () => undefined);
    const port = await portOf(server);
    closing.push(() => {
      server.closeAllConnections();
      server.close();
    });
    return new URL(`https://127.0.0.1:${port}/`);
  }

  test("is spoken with a server whose private authority was given", async () => {
    const http = client({ ca: testCertificate.cert });
    expect(await (await http.send(get(await secure(testCertificate)))).text(100)).toBe("private");
  });

  test("is refused with a server of an unknown authority, and nothing is sent", async () => {
    const url = await secure(testCertificate);
    for (const http of [client(), client({ ca: namesCertificate.cert })]) {
      const failure = await failureOf(http.send(get(url, { headers: secrets })));
      expect(failure.code).toBe("tls-failed");
      expect(neverSent(failure)).toBe(true);
      expectDiscreet(failure);
    }
  });

  test("is refused when the certificate is for another name", async () => {
    const failure = await failureOf(client({ ca: namesCertificate.cert }).send(get(await secure(namesCertificate))));
    expect(failure.code).toBe("tls-failed");
    expect(neverSent(failure)).toBe(true);
  });

  test("fails with a server that speaks plain HTTP", async () => {
    const plain = await serving((_, response) => response.end());
    const failure = await failureOf(client().send(get(new URL(plain.href.replace("http:", "https:")))));
    expect(failure.code).toBe("tls-failed");
    expect(neverSent(failure)).toBe(true);
  });

  test("needs an authority that is a certificate", async () => {
    for (const ca of ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"]) {
      const failure = await failureOf(client({ ca }).send(get(new URL("https://127.0.0.1:1/"))));
      expect(failure.code).toBe("invalid-settings");
    }
  });
});
