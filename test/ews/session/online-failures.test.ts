import { expect, test } from "vitest";
import { onlineFailure, type RequestContext } from "../../../src/ews/session/online-failures.ts";

const before = Date.parse("2026-11-23T00:00:00Z");
const after = Date.parse("2027-04-01T00:00:00Z");
const clientId = "3a9b8c7d-1111-4222-8333-444455556666";

const sent = (token: Partial<RequestContext["token"]> = {}, mailbox: string | undefined = "hr@example.com"): RequestContext => ({
  token: {
    audience: "https://outlook.office365.com",
    issuer: undefined,
    tenant: undefined,
    appId: clientId,
    roles: ["full_access_as_app"],
    scopes: [],
    user: undefined,
    expiresAt: undefined,
    appOnly: true,
    ...token,
  },
  mailbox,
});
const answer = (status: number, headers: Record<string, string> = {}) => ({ status, headers: new Map(Object.entries(headers)) });

test("a 403 means that EWS is blocked, and names the switch, the list, the client id and the command", () => {
  const failure = onlineFailure(answer(403, { "request-id": "r" }), sent(), before);
  expect(failure).toMatchObject({ code: "access-denied", wireCode: "HTTP 403", requestId: "r" });
  expect(failure?.message).toContain(clientId);
  for (const words of ["EwsEnabled", "EwsAllowedAppIDs", clientId, "Set-OrganizationConfig", "Get-CASMailbox -Identity 'hr@example.com'"]) {
    expect(failure?.hint).toContain(words);
  }
});

test("a 403 for a token without a permission also names the sources of the permission", () => {
  expect(onlineFailure(answer(403), sent({ roles: [] }), before)?.hint).toContain("RBAC for Applications");
  expect(onlineFailure(answer(403), sent(), before)?.hint).not.toContain("RBAC for Applications");
});

test("a missing permission is distinguished from a block by the number in x-ms-diagnostics", () => {
  const diagnostics = { "x-ms-diagnostics": '2000008;reason="whatever";error_category="x"' };
  for (const status of [401, 403]) {
    expect(onlineFailure(answer(status, diagnostics), sent(), before)).toMatchObject({
      code: "role-missing",
      hint: expect.stringContaining("full_access_as_app"),
    });
  }
  expect(onlineFailure(answer(401, diagnostics), sent({ appOnly: false }), before)?.hint).toContain("EWS.AccessAsUser.All");
});

test("another 401 reports a refused token with the number and without the server's text", () => {
  const failure = onlineFailure(answer(401, { "x-ms-diagnostics": '2000003;reason="<script>"' }), sent(), before);
  expect(failure).toMatchObject({ code: "unauthenticated", message: expect.stringContaining("(2000003)") });
  expect(failure?.message).not.toContain("script");
});

test.each([403, 404, 410])("from April 2027 on a %i means that EWS has ended", (status) => {
  expect(onlineFailure(answer(status), sent(), after)).toMatchObject({ code: "unsupported", hint: expect.stringContaining("Graph") });
});

test.each([404, 410, 500, 503])("before April 2027 a %i says no more than on premises", (status) => {
  expect(onlineFailure(answer(status), sent(), before)).toBeUndefined();
});

test("a token for a server on premises says nothing of Exchange Online", () => {
  expect(onlineFailure(answer(403), sent({ audience: "https://mail.example.com" }), before)).toBeUndefined();
  expect(onlineFailure(answer(403), sent({ audience: "00000002-0000-0ff1-ce00-000000000000" }), before)).toBeDefined();
  expect(onlineFailure(answer(403), sent({ audience: "https://outlook.office365.us/" }), before)).toBeDefined();
});

test("the name of a mailbox cannot end the quotes of the command", () => {
  const hint = onlineFailure(answer(403), sent({}, "a'; Remove-Mailbox 'b"), before)?.hint;
  expect(hint).toContain("'a''; Remove-Mailbox ''b'");
});
