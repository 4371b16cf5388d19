import fc from "fast-check";
import { expect, test } from "vitest";
import { certainlyNotDone, failureOf, mayRepeat, reported } from "../../src/ews/failures.ts";
import { Failure } from "../../src/failure.ts";

function of(responseCode: string, extra: Partial<Parameters<typeof failureOf>[0]> = {}): Failure {
  return failureOf({ responseCode, ...extra });
}

test.each([
  ["ErrorItemNotFound", "not-found"],
  ["ErrorServerBusy", "busy"],
  ["ErrorExceededConnectionCount", "busy"],
  ["ErrorAccessDenied", "access-denied"],
  ["ErrorSendAsDenied", "access-denied"],
  ["ErrorImpersonateUserDenied", "role-missing"],
  ["ErrorNonExistentMailbox", "mailbox-not-found"],
  ["ErrorToFolderNotFound", "folder-not-found"],
  ["ErrorBatchProcessingStopped", "not-attempted"],
  ["ErrorInvalidIdMalformed", "invalid-input"],
  ["ErrorInvalidId", "invalid-input"],
  ["ErrorCannotFindUser", "mailbox-not-found"],
  ["ErrorCannotOpenFileAttachment", "unreadable"],
  ["ErrorQuotaExceeded", "quota-exceeded"],
  ["ErrorMessageSizeExceeded", "too-large"],
  ["ErrorIrresolvableConflict", "changed"],
  ["ErrorPasswordExpired", "unauthenticated"],
  ["ErrorNobodyHasHeardOf", "refused"],
] as const)("the code %s becomes %s and is kept", (wireCode, code) => {
  expect(of(wireCode)).toMatchObject({ code, wireCode });
});

test("a failure follows from the code, never from its localised text", () => {
  expect(of("ErrorItemNotFound", { messageText: "在存储中找不到指定的对象。" })).toMatchObject({ code: "not-found" });
});

test("a server's text in a message is one line of at most 300 characters", () => {
  const { message } = of("ErrorItemNotFound", { messageText: `a\r\n\tb${"x".repeat(5000)}` });
  expect(message.length).toBeLessThan(340);
  expect(message).toMatch(/^a b/);
});

test.each([
  ["297749", 297_749],
  [" 5000 ", 5000],
  ["0", undefined],
  ["-1", undefined],
  ["soon", undefined],
  ["1e999", undefined],
])("BackOffMilliseconds %j means a wait of %s", (text, backOffMs) => {
  const messageXml = [
    { element: "Value", name: "Policy", text: "99" },
    { element: "Value", name: "BackOffMilliseconds", text },
  ];
  expect(of("ErrorServerBusy", { messageXml }).backOffMs).toBe(backOffMs);
});

test("a rejected request may be repeated even if its operation must not be done twice", () => {
  for (const code of ["ErrorServerBusy", "ErrorBatchProcessingStopped", "ErrorExceededConnectionCount"]) {
    expect(mayRepeat(of(code), "never")).toBe(true);
  }
});

test("a request with a lost reply may be repeated only if that is harmless", () => {
  const lost = new Failure("broken-reply", "The reply ended early.");
  expect([mayRepeat(lost, "read"), mayRepeat(lost, "idempotent"), mayRepeat(lost, "never")]).toEqual([true, true, false]);
});

test("a cancelled call is never repeated", () => {
  expect(mayRepeat(new Failure("cancelled", "Stopped."), "read")).toBe(false);
});

test("nothing that must not be done twice is reported as retryable unless it was certainly not done", () => {
  const codes = fc.constantFrom(
    "ErrorServerBusy",
    "ErrorTimeoutExpired",
    "ErrorInternalServerTransientError",
    "ErrorMailboxStoreUnavailable",
    "ErrorItemNotFound",
    "ErrorX",
  );
  fc.assert(
    fc.property(codes, (code) => {
      const failure = reported(of(code), "never");
      expect(failure.retryable && !certainlyNotDone(failure)).toBe(false);
    }),
  );
});
