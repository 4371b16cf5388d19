import { expect, test } from "vitest";
import { httpFailure } from "../../src/ews/http-failures.ts";

function failure(status: number, headers: Record<string, string> = {}) {
  return httpFailure({ status, headers: new Map(Object.entries(headers)) }, Date.parse("2026-01-01T00:00:00Z"));
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

test("what refuses the sign-in says which ways it offers", () => {
  expect(failure(401, { "www-authenticate": "Negotiate, NTLM" }).message).toContain("it offers Negotiate, NTLM");
});

test("of a redirect only the origin is told", () => {
  const { message } = failure(302, { location: "https://login.example.com/adfs?token=secret" });
  expect(message).toContain("https://login.example.com");
  expect(message).not.toContain("secret");
});

test("the server's id of the request is kept", () => {
  expect(failure(503, { "request-id": "4711" }).requestId).toBe("4711");
});
