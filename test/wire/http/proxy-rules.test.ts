import { expect, test } from "vitest";
import { Failure } from "../../../src/failure.ts";
import { type ProxyRules, proxyFor, readEnvironmentProxies, splitNoProxy } from "../../../src/wire/http/proxy-rules.ts";

const proxy = { url: new URL("http://proxy.example.com:3128") };

function rules(noProxy: string, sparesLoopback = false): ProxyRules {
  return { https: proxy, http: proxy, noProxy: splitNoProxy(noProxy), sparesLoopback };
}

const isDirect = (url: string, noProxy: string) => proxyFor(new URL(url), rules(noProxy)) === undefined;

test("a rule of NO_PROXY is for its host, for every name below it, and for no name that only ends alike", () => {
  expect(isDirect("https://example.com/", "example.com")).toBe(true);
  expect(isDirect("https://mail.Example.com/", "EXAMPLE.com")).toBe(true);
  expect(isDirect("https://notexample.com/", "example.com")).toBe(false);
  expect(isDirect("https://example.com.evil.example/", "example.com")).toBe(false);
  for (const rule of [".example.com", "*.example.com"]) expect(isDirect("https://mail.example.com/", rule)).toBe(true);
  expect(isDirect("https://mail.example.com/", "a.example, ,b.example mail.example.com")).toBe(true);
  expect(isDirect("https://mail.example.com./", "mail.example.com")).toBe(true);
});

test("a rule with a port applies to that port only, default ports included", () => {
  expect(isDirect("https://mail.example.com/", "mail.example.com:443")).toBe(true);
  expect(isDirect("http://mail.example.com/", "mail.example.com:443")).toBe(false);
  expect(isDirect("https://mail.example.com:8443/", "mail.example.com:8443")).toBe(true);
  expect(isDirect("https://mail.example.com:8443/", "mail.example.com")).toBe(true);
});

test("addresses are compared as addresses, IPv6 in any spelling, with brackets and port, and an address has no subdomains", () => {
  expect(isDirect("https://[2001:db8::1]/", "2001:DB8:0::1")).toBe(true);
  expect(isDirect("https://[2001:db8::1]:8443/", "[2001:db8::1]:8443")).toBe(true);
  expect(isDirect("https://[2001:db8::1]/", "[2001:db8::1]:8443")).toBe(false);
  expect(isDirect("https://192.0.2.7/", "192.0.2.7")).toBe(true);
  expect(isDirect("https://192.0.2.7/", "2.7")).toBe(false);
});

test("a star spares every host, and an empty list or a lone dot none", () => {
  expect(isDirect("https://mail.example.com/", "*")).toBe(true);
  expect(isDirect("https://mail.example.com/", "")).toBe(false);
  expect(isDirect("https://mail.example.com/", ". ..")).toBe(false);
});

test("a proxy of the environment is never used for this machine, and one of the settings may be", () => {
  for (const url of ["http://127.0.0.1:80/", "https://localhost/", "http://[::1]/"]) {
    expect(proxyFor(new URL(url), rules("", true))).toBeUndefined();
    expect(proxyFor(new URL(url), rules(""))).toBe(proxy);
  }
});

test("each scheme has a variable of its own, and the name in small letters goes first", () => {
  const found = readEnvironmentProxies({ HTTPS_PROXY: "http://a.example", https_proxy: "http://b.example:8080", NO_PROXY: "x.example" });
  expect(found?.https?.url.host).toBe("b.example:8080");
  expect(found?.http).toBeUndefined();
  expect(found?.noProxy).toEqual(["x.example"]);
  expect(readEnvironmentProxies({ NO_PROXY: "*" })).toBeUndefined();
  expect(readEnvironmentProxies({ HTTPS_PROXY: " " })).toBeUndefined();
});

test("a proxy of the environment may lack its scheme and may carry a name and a password, which its URL does not keep", () => {
  const found = readEnvironmentProxies({ HTTP_PROXY: "http://svc%40corp:p%3Aw@proxy.example:3128/", HTTPS_PROXY: "proxy.example:3128" });
  expect(found?.http?.credentials).toEqual({ username: "svc@corp", password: "p:w" });
  expect(found?.http?.url.href).toBe("http://proxy.example:3128/");
  expect(found?.https?.url.href).toBe("http://proxy.example:3128/");
});

test.each(["socks5://proxy.example:1080", "http://", "http://a:%zz@proxy.example"])(
  "%s in the environment is refused without being shown",
  (value) => {
    const refused = (() => {
      try {
        return readEnvironmentProxies({ HTTPS_PROXY: value });
      } catch (thrown) {
        return thrown;
      }
    })();
    if (!(refused instanceof Failure)) throw new Error("It was taken.");
    expect(refused.code).toBe("invalid-settings");
    expect(refused.message).toContain("HTTPS_PROXY");
    expect(refused.message).not.toContain(value);
  },
);
