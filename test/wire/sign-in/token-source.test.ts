import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Lab } from "../../../src/lab/lab.ts";
import type { Http } from "../../../src/wire/http/client-interface.ts";
import { neverSent } from "../../../src/wire/http/http-client.ts";
import { clouds, scopeOf } from "../../../src/wire/sign-in/clouds.ts";
import { noTokenCache, openTokenCache, type TokenCache } from "../../../src/wire/sign-in/token-cache.ts";
import { tokenFacts } from "../../../src/wire/sign-in/token-claims.ts";
import { openTokenSource, type TokenSource } from "../../../src/wire/sign-in/token-source.ts";
import { soon } from "../../soon.ts";
import { clientOf, folder, http, labWith, makeCertificate, secret, tenantId, tenantWith } from "./tenant.ts";

const grants = (lab: Lab) => lab.entra?.requests.filter(({ asked }) => asked === "client_credentials").length;

interface Way {
  readonly cache?: TokenCache;
  readonly now?: () => number;
  readonly http?: Http;
}
const sourceOf = (lab: Lab, way: Way = {}): TokenSource =>
  openTokenSource({ client: clientOf(lab), http: way.http ?? http(), cache: way.cache ?? noTokenCache, now: way.now });

test("one fetch serves all waiting callers and later ones", async () => {
  const lab = await labWith(tenantWith());
  const source = sourceOf(lab);
  const tokens = await Promise.all(Array.from({ length: 20 }, () => source.token()));
  expect(new Set(tokens).size).toBe(1);
  expect(await source.token()).toBe(tokens[0]);
  expect(grants(lab)).toBe(1);
});

test("a token that is not kept is fetched again by another source", async () => {
  const lab = await labWith(tenantWith());
  const tokens = [await sourceOf(lab).token(), await sourceOf(lab).token()];
  expect(new Set(tokens).size).toBe(2);
});

describe("A kept token", () => {
  test("is used by the next source, without a request", async () => {
    const lab = await labWith(tenantWith());
    const cache = openTokenCache(join(folder(), "tokens"));
    const first = await sourceOf(lab, { cache }).token();
    const before = lab.entra?.requests.length;
    expect(await sourceOf(lab, { cache }).token()).toBe(first);
    expect(lab.entra?.requests.length).toBe(before);
  });

  test("that was damaged is fetched again", async () => {
    const lab = await labWith(tenantWith());
    const directory = join(folder(), "tokens");
    const cache = openTokenCache(directory);
    const first = await sourceOf(lab, { cache }).token();
    const file = join(directory, readdirSync(directory)[0] ?? "");
    writeFileSync(file, readFileSync(file, "utf8").replace(first, "x\\r\\ny"));
    const second = await sourceOf(lab, { cache }).token();
    expect(second).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(grants(lab)).toBe(2);
  });

  test("of another secret is not used: a wrong secret is refused immediately, and the right one finds its own token", async () => {
    const lab = await labWith(tenantWith());
    const directory = join(folder(), "tokens");
    const cache = openTokenCache(directory);
    const by = (value: string) =>
      openTokenSource({ client: clientOf(lab, { kind: "client-secret", secret: () => value }), http: http(), cache });
    const first = await by(secret).token();
    await expect(by("another~one").token()).rejects.toMatchObject({ code: "unauthenticated" });
    expect(await by(secret).token()).toBe(first);
    expect(readdirSync(directory).map((name) => readFileSync(join(directory, name), "utf8"))).toEqual([
      expect.not.stringContaining(secret),
    ]);
  });

  test("of another certificate is not used, and of the same one it is", async () => {
    const [one, other] = [makeCertificate(folder()), makeCertificate(folder())];
    const lab = await labWith(tenantWith({ secrets: [], certificates: [one.cert, other.cert] }));
    const cache = openTokenCache(join(folder(), "tokens"));
    const by = (text: string) => {
      const read = () => ({ kind: "pem" as const, text, passphrase: undefined });
      return openTokenSource({ client: clientOf(lab, { kind: "certificate", read }), http: http(), cache });
    };
    const first = await by(one.both).token();
    expect(await by(other.both).token()).not.toBe(first);
    expect(await by(one.both).token()).toBe(first);
    expect(grants(lab)).toBe(2);
  });

  test("that another process renewed is taken instead of a refused one", async () => {
    const lab = await labWith(tenantWith());
    const cache = openTokenCache(join(folder(), "tokens"));
    const [one, other] = [sourceOf(lab, { cache }), sourceOf(lab, { cache })];
    const old = await one.token();
    expect(await other.token()).toBe(old);
    const renewed = await other.another({ token: old });
    expect(await one.another({ token: old })).toBe(renewed);
    expect(grants(lab)).toBe(2);
  });
});

test("a distrusted token is good for this source, and not for the next one", async () => {
  const lab = await labWith(tenantWith());
  const cache = openTokenCache(join(folder(), "tokens"));
  const source = sourceOf(lab, { cache });
  const token = await source.token();
  source.distrust("another one");
  expect(await sourceOf(lab, { cache }).token()).toBe(token);
  source.distrust(token);
  expect(await source.token()).toBe(token);
  expect(await sourceOf(lab, { cache }).token()).not.toBe(token);
  expect(grants(lab)).toBe(2);
});

describe("A token", () => {
  const minute = 60_000;
  test("is renewed five minutes before its end", async () => {
    const lab = await labWith(tenantWith());
    let passed = 0;
    const source = sourceOf(lab, { now: () => Date.now() + passed });
    const first = await source.token();
    passed = 54 * minute;
    expect(await source.token()).toBe(first);
    passed = 56 * minute;
    expect(await source.token()).not.toBe(first);
  });

  test("that is short-lived is renewed at half of its life, and not at every request", async () => {
    const lab = await labWith(tenantWith({}, { tokenSeconds: 240 }));
    let passed = 0;
    const source = sourceOf(lab, { now: () => Date.now() + passed });
    const first = await source.token();
    passed = minute;
    expect(await source.token()).toBe(first);
    passed = 3 * minute;
    expect(await source.token()).not.toBe(first);
  });

  test("that is still good is used when the endpoint cannot be reached", async () => {
    const lab = await labWith(tenantWith());
    let passed = 0;
    const source = sourceOf(lab, { now: () => Date.now() + passed });
    const first = await source.token();
    await lab.close().catch(() => undefined);
    lab.close = async () => undefined;
    passed = 57 * minute;
    expect(await source.token()).toBe(first);
    passed = 61 * minute;
    await expect(source.token()).rejects.toMatchObject({ code: "unreachable" });
  });
});

describe("Another token instead of a refused one", () => {
  test("is fetched once for all refused requests", async () => {
    const lab = await labWith(tenantWith());
    let passed = 0;
    const source = sourceOf(lab, { now: () => Date.now() + passed });
    const old = await source.token();
    passed = 120_000;
    const others = await Promise.all(Array.from({ length: 10 }, () => source.another({ token: old })));
    expect(new Set(others).size).toBe(1);
    expect(others[0]).not.toBe(old);
    expect(await source.token()).toBe(others[0]);
    expect(grants(lab)).toBe(2);
  });

  test("is not fetched when the refused one came just now", async () => {
    const lab = await labWith(tenantWith());
    const source = sourceOf(lab);
    expect(await source.another({ token: await source.token() })).toBeUndefined();
    expect(grants(lab)).toBe(1);
  });

  test("is fetched even if the server names missing claims", async () => {
    const lab = await labWith(tenantWith());
    const source = sourceOf(lab);
    const token = await source.token();
    expect(await source.another({ token, claims: '{"access_token":{}}' })).not.toBe(token);
  });
});

test.each([
  ["worldwide", "login.microsoftonline.com"],
  ["us-gcc-high", "login.microsoftonline.us"],
  ["us-dod", "login.microsoftonline.us"],
  ["china", "login.partner.microsoftonline.cn"],
] as const)("in the cloud %s only %s is asked, with one request", async (cloud, host) => {
  const lab = await labWith(tenantWith());
  const own = http();
  const asked: string[] = [];
  const seen: Http = {
    ...own,
    send(request) {
      asked.push(`${request.method} ${request.url.origin}${request.url.pathname}`);
      return own.send({ ...request, url: new URL(request.url.pathname, lab.url) });
    },
  };
  const client = { ...clientOf(lab), cloud, authority: undefined, scope: scopeOf(cloud, "exchange") };
  const token = await openTokenSource({ client, http: seen, cache: noTokenCache }).token();
  expect(asked).toEqual([`POST https://${host}/${tenantId}/oauth2/v2.0/token`]);
  expect(tokenFacts(token)?.audience).toBe(`https://${clouds[cloud].exchange}`);
});

describe("A failure", () => {
  test("reaches all waiting callers, is known to come before the request, and is not remembered", async () => {
    const lab = await labWith(tenantWith({ disabled: true }));
    const source = sourceOf(lab);
    const failures = await Promise.all([1, 2, 3].map(() => source.token().catch((thrown) => thrown)));
    for (const failure of failures) {
      expect(failure).toMatchObject({ wireCode: "AADSTS7000112" });
      expect(neverSent(failure)).toBe(true);
    }
    expect(grants(lab)).toBe(1);
    await source.token().catch(() => undefined);
    expect(grants(lab)).toBe(2);
  });

  test("of the endpoint's answer is a broken reply or being busy, by its status", async () => {
    const lab = await labWith(tenantWith());
    const own = http();
    for (const [status, code] of [
      [200, "broken-reply"],
      [429, "busy"],
      [503, "busy"],
    ] as const) {
      const page: Http = {
        ...own,
        async send(request) {
          const answer = await own.send(request);
          answer.discard();
          return { ...answer, status, text: async () => "<html>" };
        },
      };
      await expect(sourceOf(lab, { http: page }).token()).rejects.toMatchObject({ code });
    }
  });
});

describe("Cancelling", () => {
  /** A way to the network that waits until it is let go. */
  function held() {
    let go: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const own = http();
    const signals: AbortSignal[] = [];
    const slow: Http = {
      ...own,
      async send(request) {
        if (request.signal) signals.push(request.signal);
        await gate;
        return own.send(request);
      },
    };
    return { slow, go, signals };
  }

  test("ends one wait, and the others get their token", async () => {
    const lab = await labWith(tenantWith());
    const { slow, go } = held();
    const source = sourceOf(lab, { http: slow });
    const stop = new AbortController();
    const leaving = source.token({ signal: stop.signal });
    const staying = source.token();
    stop.abort();
    await expect(leaving).rejects.toMatchObject({ code: "cancelled" });
    go();
    await expect(staying).resolves.toMatch(/\./);
  });

  test("by the last waiting caller stops the fetch; the next caller begins a new one", async () => {
    const lab = await labWith(tenantWith());
    const { slow, go, signals } = held();
    const source = sourceOf(lab, { http: slow });
    const stop = new AbortController();
    const leaving = source.token({ signal: stop.signal });
    await soon(() => expect(signals).toHaveLength(1));
    stop.abort();
    await expect(leaving).rejects.toMatchObject({ code: "cancelled" });
    expect(signals[0]?.aborted).toBe(true);
    go();
    await expect(source.token()).resolves.toMatch(/\./);
  });

  test("in advance sends no request", async () => {
    const lab = await labWith(tenantWith());
    await expect(sourceOf(lab).token({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "cancelled" });
    expect(lab.entra?.requests).toEqual([]);
  });
});
