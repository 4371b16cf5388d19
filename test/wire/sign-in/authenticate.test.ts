import { describe, expect, test } from "vitest";
import { startProxy } from "../../../src/lab/proxy.ts";
import { splitNoProxy } from "../../../src/wire/http/proxy-rules.ts";
import type { SignIn } from "../../../src/wire/sign-in/authenticate.ts";
import { readyToken } from "../../../src/wire/sign-in/bearer-token.ts";
import { loadKerberos } from "../../../src/wire/sign-in/kerberos.ts";
import { testCertificate } from "../../lab/certificate.ts";
import { anna } from "../../lab/ews/soap-client.ts";
import { soon } from "../../soon.ts";
import { ask, client, ntlm, opened, outcome, seen, startLab } from "./sign-in-stage.ts";

const withoutKerberos = (await loadKerberos()) === undefined;
const reason = withoutKerberos ? "" : " (skipped: the npm package kerberos is installed)";

const basic = (password = "anna-secret"): SignIn => ({ kind: "basic", username: anna, password });
const auto = (password = "anna-secret"): SignIn => ({ kind: "auto", account: { username: anna, password } });

describe("Basic", () => {
  test("goes with each request, without asking first", async () => {
    const lab = await startLab({ signIn: {} });
    const http = client(basic());
    expect([await ask(http, lab), await ask(http, lab)]).toEqual([200, 200]);
    expect(seen(lab)).toEqual(Array(2).fill(["POST", 200, "Basic", "body"]));
  });

  test("sends a wrong password once, however many ask at the same time and afterwards", async () => {
    const lab = await startLab({ signIn: { lockoutThreshold: 2 } });
    const http = client(basic("wrong"));
    const failures = await Promise.all(Array.from({ length: 5 }, () => outcome(ask(http, lab))));
    expect(failures).toEqual(Array(5).fill(expect.objectContaining({ code: "unauthenticated" })));
    expect(failures.filter((failure) => String(failure).includes("not tried again"))).toHaveLength(4);
    expect(await outcome(ask(client(basic("wrong")), lab))).toMatchObject({ code: "unauthenticated" });
    expect(lab.requests).toHaveLength(1);
    expect(await ask(client(basic()), lab)).toBe(200);
  });

  test("lets parallel requests go together once the password is proven", async () => {
    const lab = await startLab({ signIn: {} });
    lab.addFault({ kind: "delay", delayMs: 100 });
    const http = client(basic());
    await ask(http, lab);
    const start = lab.requests.length;
    const work = [ask(http, lab), ask(http, lab), ask(http, lab)];
    await Promise.all(work);
    expect(lab.requests.length - start).toBe(3);
  });

  test("does not know the same password at another server as refused", async () => {
    const [one, two] = [await startLab({ signIn: {} }), await startLab({ signIn: {} })];
    two.store.addUser({ address: "eve@example.com", password: "right" });
    const http = client({ kind: "basic", username: "eve@example.com", password: "right" });
    expect(await outcome(ask(http, one))).toMatchObject({ code: "unauthenticated" });
    expect(await ask(http, two)).toBe(200);
  });
});

test.each([
  ["Basic", basic()],
  ["NTLM", ntlm()],
] as const)(
  "a first request with %s that its mailbox leaves unanswered holds up no other for longer than some seconds",
  async (scheme, signIn) => {
    const lab = await startLab({ signIn: { schemes: [scheme] } });
    lab.addFault({ kind: "delay", operation: "GetFolder", delayMs: 12_000 });
    const http = client(signIn, 4, { timeouts: { connectMs: 20_000, replyMs: 20_000, idleMs: 20_000 } });
    const ended: string[] = [];
    const silent = ask(http, lab).then(() => ended.push("silent"));
    const other = ask(http, lab).then((status) => ended.push(`other ${status}`));
    await Promise.all([silent, other]);
    expect(ended).toEqual(["other 200", "silent"]);
    // The lab logs a request when its reply has closed, which may be after the client has it.
    await soon(() => expect(lab.requests.filter(({ bytesIn, status }) => bytesIn === 0 && status !== 401)).toHaveLength(1));
  },
);

describe("auto", () => {
  test("asks once for the server's schemes, without naming the account, and prefers NTLM to Basic", async () => {
    const lab = await startLab({
      tls: testCertificate,
      signIn: { schemes: ["Negotiate", "NTLM", "Basic"], extendedProtection: "Require" },
    });
    const http = client(auto());
    expect([await ask(http, lab), await ask(http, lab)]).toEqual([200, 200]);
    expect(seen(lab)).toEqual([
      ["GET", 401, undefined, "empty"],
      ["POST", 401, "NTLM: challenged", "empty"],
      ["POST", 200, "NTLM", "body"],
      ["POST", 200, "connection", "body"],
    ]);
  });

  test("chooses Basic if nothing stronger is offered", async () => {
    const lab = await startLab({ signIn: { schemes: ["Basic"] } });
    expect(await ask(client(auto()), lab)).toBe(200);
    expect(seen(lab).map(([, , how]) => how)).toEqual([undefined, "Basic"]);
  });

  const everything = ["Negotiate", "NTLM", "Basic"] as const;
  test.each([
    ["basic", ["Basic"], "Basic"],
    ["basic", ["NTLM", "Basic"], "NTLM"],
    ["ntlm", ["Basic"], undefined],
    ["ntlm", ["NTLM", "Basic"], "NTLM"],
    ["ntlm", ["NTLM"], "NTLM"],
    ...(withoutKerberos ? ([["ntlm", everything, "NTLM"]] as const) : []),
    ["kerberos", ["Basic"], undefined],
    ["kerberos", ["NTLM", "Basic"], undefined],
    ...(withoutKerberos ? ([["kerberos", everything, undefined]] as const) : []),
    ["oauth", ["Basic"], undefined],
    ["oauth", ["NTLM", "Basic"], undefined],
    ["oauth", everything, undefined],
  ] as const)("with the floor %s, offered %j, signs in by %s", async (atLeast, schemes, way) => {
    const lab = await startLab({ signIn: { schemes } });
    const tried = ask(client({ kind: "auto", account: { username: anna, password: "anna-secret" }, atLeast }), lab);
    if (way !== undefined) {
      expect(await tried).toBe(200);
      expect(String(seen(lab).at(-1)?.[2])).toContain(way);
      return;
    }
    expect(await outcome(tried)).toMatchObject({ code: "unauthenticated" });
    // Nothing that a password can be read or guessed from left this machine.
    expect(seen(lab).map(([method, status, how]) => [method, status, how])).toEqual([["GET", 401, undefined]]);
  });

  test.each([
    ["Basic", "ntlm", "offers only basic; auth.auto.at_least is ntlm. No password was sent."],
    ["NTLM", "kerberos", "offers only ntlm; auth.auto.at_least is kerberos. No password was sent."],
    ["Negotiate", "oauth", "offers only negotiate; auth.auto.at_least is oauth. No password was sent."],
  ] as const)("reports that an offer of %s is below the floor %s, and what to do", async (scheme, atLeast, message) => {
    const lab = await startLab({ signIn: { schemes: [scheme] } });
    expect(await outcome(ask(client({ kind: "auto", account: { username: anna, password: "anna-secret" }, atLeast }), lab))).toMatchObject({
      message: expect.stringContaining(message),
      hint: expect.stringContaining("enable a stronger scheme"),
    });
  });

  test("with at_least oauth sends a token, whether or not the server offers Bearer unasked", async () => {
    for (const signIn of [{ schemes: ["NTLM", "Basic"] }, { schemes: ["NTLM", "Basic"], bearerWhenAsked: true }] as const) {
      const lab = await startLab({ signIn, tokens: { "token-of-anna": anna } });
      const account = { username: anna, password: "anna-secret" };
      expect(await ask(client({ kind: "auto", account, tokens: readyToken("token-of-anna"), atLeast: "oauth" }), lab)).toBe(200);
      expect(lab.requests.at(-1)).toMatchObject({ caller: anna, signIn: undefined });
    }
  });

  test("sends Basic to a server that answers GET with 405 and challenges only POST", async () => {
    const lab = await startLab({ signIn: { schemes: ["Basic"] }, habits: ["get-405"] });
    const http = client(auto());
    expect([await ask(http, lab), await ask(http, lab)]).toEqual([200, 200]);
    expect(seen(lab)).toEqual([
      ["GET", 405, undefined, "empty"],
      ["POST", 401, undefined, "empty"],
      ["POST", 200, "Basic", "body"],
      ["POST", 200, "Basic", "body"],
    ]);
  });

  test("requests tokens by name with POST if only POST is challenged", async () => {
    const lab = await startLab({
      signIn: { schemes: ["Negotiate"], bearerWhenAsked: true },
      tokens: { "token-of-anna": anna },
      habits: ["get-405"],
    });
    expect(await ask(client({ kind: "auto", tokens: readyToken("token-of-anna") }), lab)).toBe(200);
    expect(seen(lab).map(([method, status]) => `${method} ${status}`)).toEqual(["GET 405", "POST 401", "POST 401", "POST 200"]);
  });

  test("sends no password over plain HTTP to another machine, whichever method is challenged", async () => {
    const lab = await startLab({ signIn: { schemes: ["Basic"] }, habits: ["get-405"] });
    const proxy = await startProxy({ routes: { "mail.example.com:80": new URL(lab.url).host } });
    opened.push(proxy);
    const server = { url: new URL(proxy.url), credentials: undefined };
    const through = { proxy: { https: server, http: server, noProxy: splitNoProxy(""), sparesLoopback: true } };
    expect(await outcome(ask(client(auto(), 4, through), { ewsUrl: "http://mail.example.com/EWS/Exchange.asmx" }))).toMatchObject({
      code: "unauthenticated",
      message: expect.stringContaining("Basic is not sent without TLS"),
    });
    expect(seen(lab).map(([method, status, how]) => [method, status, how])).toEqual([
      ["GET", 405, undefined],
      ["POST", 401, undefined],
    ]);
  });

  test("takes a token before Basic", async () => {
    const lab = await startLab({ signIn: { schemes: ["Basic"] }, tokens: { "token-of-anna": anna } });
    const tokens = readyToken("token-of-anna");
    expect(tokens.facts()).toBeUndefined();
    expect(await ask(client({ kind: "auto", account: { username: anna, password: "wrong" }, tokens }), lab)).toBe(200);
    expect(lab.requests.at(-1)).toMatchObject({ caller: anna, signIn: undefined });
  });

  test("asks for Bearer by name, without a token, if the server offers it only on request", async () => {
    const lab = await startLab({ signIn: { schemes: ["Negotiate"], bearerWhenAsked: true }, tokens: { "token-of-anna": anna } });
    const http = client({ kind: "auto", tokens: readyToken("token-of-anna") });
    expect([await ask(http, lab), await ask(http, lab)]).toEqual([200, 200]);
    expect(seen(lab).map(([method, status]) => `${method} ${status}`)).toEqual(["GET 401", "GET 401", "POST 200", "POST 200"]);
  });

  test("does not send a token if the server accepts none", async () => {
    const lab = await startLab({ signIn: { schemes: ["Negotiate"] } });
    const tokens = { ...readyToken("token-of-anna"), token: () => Promise.reject(new Error("nobody asked for it")) };
    expect(await outcome(ask(client({ kind: "auto", tokens }), lab))).toMatchObject({
      code: "unauthenticated",
    });
  });

  test.skipIf(!withoutKerberos)(`says that Kerberos needs a package where nothing else is offered${reason}`, async () => {
    const lab = await startLab({ signIn: { schemes: ["Negotiate"] } });
    expect(await outcome(ask(client(auto()), lab))).toMatchObject({
      code: "unauthenticated",
      message: expect.stringContaining("the npm package kerberos is not installed"),
      hint: expect.stringContaining("npm install kerberos"),
    });
  });

  test("names the offered methods if there are no credentials for them, and asks again the next time", async () => {
    const lab = await startLab({ signIn: { schemes: ["NTLM", "Basic"] } });
    const http = client({ kind: "auto" });
    for (let count = 0; count < 2; count++) {
      expect(await outcome(ask(http, lab))).toMatchObject({
        code: "unauthenticated",
        message: expect.stringContaining("only ntlm, basic"),
      });
    }
    expect(lab.requests).toHaveLength(2);
  });

  test("sends a wrong password once", async () => {
    const lab = await startLab({ signIn: { schemes: ["NTLM", "Basic"] } });
    const http = client(auto("wrong"));
    const failures = await Promise.all(Array.from({ length: 3 }, () => outcome(ask(http, lab))));
    expect(failures).toEqual(Array(3).fill(expect.objectContaining({ code: "unauthenticated" })));
    expect(seen(lab).filter(([, , how]) => String(how).includes("wrong password"))).toHaveLength(1);
  });

  test("sends a request unchanged if the server requires no sign-in", async () => {
    const lab = await startLab({ signIn: { schemes: ["Basic"] } });
    // A server that fails has not yet said how to sign in: what it answers is handed on, and it is asked again.
    const http = client(auto());
    expect(await ask(http, { ewsUrl: `${lab.url}/elsewhere` })).toBe(404);
    expect(await ask(http, lab)).toBe(200);
  });
});

test.skipIf(!withoutKerberos)(`Kerberos without its package says what to install${reason}`, async () => {
  const lab = await startLab({ signIn: { schemes: ["Negotiate"] } });
  expect(await outcome(ask(client({ kind: "kerberos" }), lab))).toMatchObject({
    code: "unauthenticated",
    hint: expect.stringContaining("npm install kerberos"),
  });
  expect(lab.requests).toHaveLength(0);
});
