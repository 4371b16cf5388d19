import { expect, test } from "vitest";
import { certainlyNotDone, failureOf, isThrottled, mayRepeat, reported } from "../../src/graph/failures.ts";

const none: ReadonlyMap<string, string> = new Map();
const said = (status: number, code: string, headers = none) => failureOf(status, headers, { error: { code, message: "Said." } });

test.each([
  [404, "ErrorItemNotFound", "not-found"],
  [404, "ErrorInvalidMailboxItemId", "invalid-input"],
  [404, "NotFound", "refused"],
  [404, "MailboxNotEnabledForRESTAPI", "mailbox-not-found"],
  [404, "ResourceNotFound", "mailbox-not-found"],
  [404, "Request_ResourceNotFound", "mailbox-not-found"],
  [403, "ErrorAccessDenied", "access-denied"],
  [403, "Authorization_RequestDenied", "role-missing"],
  [401, "InvalidAuthenticationToken", "unauthenticated"],
  [400, "errorInvalidIdMalformed", "invalid-input"],
  [400, "SomethingNew", "refused"],
  [405, "SomethingNew", "unsupported"],
  [429, "SomethingNew", "busy"],
  [500, "SomethingNew", "broken-reply"],
  [504, "UnknownError", "timeout"],
] as const)("HTTP %i %s is %s", (status, code, expected) => {
  expect(said(status, code)).toMatchObject({ code: expected, wireCode: code });
});

test("a 429 and a 503 with a time to wait changed nothing, and another 503 may have", () => {
  const wait = new Map([["retry-after", "7"]]);
  expect(said(429, "TooManyRequests")).toSatisfy(isThrottled);
  expect(said(503, "ServiceUnavailable", wait)).toSatisfy(isThrottled);
  expect(said(503, "ServiceUnavailable", wait).backOffMs).toBe(7000);
  expect(said(503, "ServiceUnavailable")).not.toSatisfy(certainlyNotDone);
  expect(mayRepeat(said(503, "ServiceUnavailable"), "never")).toBe(false);
  expect(mayRepeat(said(429, "TooManyRequests"), "never")).toBe(true);
});

test("a lost reply to a request that must not be repeated is unknown-outcome, with the server's text", () => {
  const failure = reported(said(500, "InternalServerError", new Map([["request-id", "abc"]])), "never");
  expect(failure).toMatchObject({ code: "unknown-outcome", wireCode: "InternalServerError", requestId: "abc" });
  expect(reported(said(500, "InternalServerError"), "read").code).toBe("broken-reply");
});

test.each([
  [204, "broken-reply"],
  [302, "broken-reply"],
  [400, "broken-reply"],
  [401, "unauthenticated"],
  [403, "broken-reply"],
  [404, "broken-reply"],
  [413, "too-large"],
  [429, "busy"],
  [502, "broken-reply"],
  [503, "busy"],
  [504, "timeout"],
] as const)("HTTP %i without an error in Graph's form is %s, without a statement about the mailbox", (status, expected) => {
  for (const body of [undefined, {}, { error: "not_found" }, { statusCode: 404, message: "Resource not found" }])
    expect(failureOf(status, none, body)).toMatchObject({ code: expected, wireCode: `HTTP ${status}` });
});

test("a change may have been done after a reply that Graph did not write", () => {
  for (const status of [200, 302, 403, 404, 503]) {
    const failure = failureOf(status, new Map([["retry-after", "7"]]), undefined);
    expect(failure).not.toSatisfy(certainlyNotDone);
    expect([reported(failure, "never").code, reported(failure, "idempotent").code]).toEqual(["unknown-outcome", "unknown-outcome"]);
    expect(reported(failure, "read")).toBe(failure);
  }
});
