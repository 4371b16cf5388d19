import { afterEach, expect, test } from "vitest";
import { httpFailure } from "../../../src/ews/session/http-failures.ts";
import type { Outcome } from "../../../src/outcome.ts";
import { type Scripted, scripted } from "../scripted-server.ts";

function failure(status: number, headers: Record<string, string> = {}) {
  return httpFailure({ status, headers: new Map(Object.entries(headers)) }, {}, Date.parse("2026-01-01T00:00:00Z"));
}

test.each([
  [200, "broken-reply"],
  [302, "refused"],
  [400, "refused"],
  [401, "unauthenticated"],
  [403, "access-denied"],
  [404, "unreachable"],
  [413, "too-large"],
  [429, "busy"],
  [440, "unauthenticated"],
  [500, "broken-reply"],
  [502, "broken-reply"],
  [503, "busy"],
  [504, "timeout"],
] as const)("HTTP %i without SOAP is %s, and keeps its status as the wire code", (status, code) => {
  expect(failure(status)).toMatchObject({ code, wireCode: `HTTP ${status}` });
});

test("a refused sign-in names the schemes that the server offers", () => {
  expect(failure(401, { "www-authenticate": "Negotiate, NTLM" }).message).toContain("it offers Negotiate, NTLM");
});

test("only the origin of a redirect is reported", () => {
  const { message } = failure(302, { location: "https://login.example.com/adfs?token=secret" });
  expect(message).toContain("https://login.example.com");
  expect(message).not.toContain("secret");
});

test("the server's id of the request is kept", () => {
  expect(failure(503, { "request-id": "4711" }).requestId).toBe("4711");
});

let server: Scripted | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

test.each([200, 204, 302, 403, 404, 503])(
  "a reply with HTTP %i that EWS did not write leaves the outcome unknown, and nothing is moved again",
  async (status) => {
    const headers = { "Content-Type": "text/html", "Retry-After": "1", Location: "https://proxy.example.com/login" };
    server = await scripted(() => ({ status, headers, body: status === 204 ? "" : "<html>Sign in</html>" }));
    const outcomes: Outcome<unknown>[] = [];
    for await (const outcome of server.exchange.mailbox(undefined).move(["a"], { folder: "inbox" })) outcomes.push(outcome);
    expect(outcomes).toMatchObject([{ ok: false, failure: { code: "unknown-outcome", wireCode: `HTTP ${status}` } }]);
    expect(server.seen.filter(({ operation }) => operation === "MoveItem")).toHaveLength(1);
  },
);
