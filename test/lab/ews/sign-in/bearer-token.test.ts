import { describe, expect, onTestFinished, test } from "vitest";
import { startLab } from "../../../../src/lab/lab.ts";
import type { EwsPolicy, Registration, Tenant } from "../../../../src/lab/sign-in/app-registration.ts";
import { clientId, secret, tenantId, tenantWith } from "../../../wire/sign-in/tenant.ts";

const types = "http://schemas.microsoft.com/exchange/services/2006/types";
const messages = "http://schemas.microsoft.com/exchange/services/2006/messages";
const envelope = (
  mailbox: string | undefined,
) => `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="${types}" xmlns:m="${messages}">
  <s:Header><t:RequestServerVersion Version="Exchange2013_SP1"/>${
    mailbox
      ? `<t:ExchangeImpersonation><t:ConnectingSID><t:SmtpAddress>${mailbox}</t:SmtpAddress></t:ConnectingSID></t:ExchangeImpersonation>`
      : ""
  }</s:Header>
  <s:Body><m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape>
    <m:FolderIds><t:DistinguishedFolderId Id="inbox"/></m:FolderIds></m:GetFolder></s:Body></s:Envelope>`;

async function open(registration: Partial<Registration> = {}, tenant: Partial<Tenant> = {}, policy: EwsPolicy = {}) {
  const lab = await startLab({ tenant: tenantWith(registration, tenant), policy });
  onTestFinished(() => lab.close());
  const form = { grant_type: "client_credentials", client_id: clientId, client_secret: secret };
  return {
    lab,
    async token(resource = "https://outlook.office365.com"): Promise<string> {
      const body = new URLSearchParams({ ...form, scope: `${resource}/.default` });
      const answer = await fetch(`${lab.url}/${tenantId}/oauth2/v2.0/token`, { method: "POST", body });
      const { access_token }: { access_token: string } = JSON.parse(await answer.text());
      return access_token;
    },
    async call(token: string, mailbox: string | undefined = "hr@example.com") {
      const headers = { authorization: `Bearer ${token}`, "content-type": "text/xml; charset=utf-8" };
      const response = await fetch(lab.ewsUrl, { method: "POST", headers, body: envelope(mailbox) });
      return { status: response.status, text: await response.text(), headers: response.headers };
    },
  };
}

test("an application acts as the mailbox that it names", async () => {
  const { lab, token, call } = await open();
  const { status, text } = await call(await token());
  expect(status).toBe(200);
  expect(text).toContain("NoError");
  expect(lab.requests.at(-1)).toMatchObject({ caller: expect.stringContaining(clientId), acting: "hr@example.com" });
});

test("an application that impersonates no mailbox has no mailbox of its own", async () => {
  const { token, call } = await open();
  const { status, text } = await call(await token(), "");
  expect(status).toBe(500);
  expect(text).toContain("ErrorInvalidExchangeImpersonationHeaderData");
});

test("an application acts only within its scope", async () => {
  const { token, call } = await open({ mailboxes: ["soc@example.com"] });
  expect((await call(await token(), "soc@example.com")).status).toBe(200);
  expect((await call(await token())).text).toContain("ErrorImpersonateUserDenied");
});

describe("A token is refused with 401 and its reason", () => {
  test.each([
    ["with a signature that is not the lab's", (token: string) => `${token.slice(0, token.lastIndexOf("."))}.AAAA`, "2000002"],
    [
      "with claims that were changed",
      (token: string) => token.replace(/\.[^.]+\./, `.${Buffer.from('{"exp":9999999999}').toString("base64url")}.`),
      "2000002",
    ],
    [
      "that claims to need no signature",
      (token: string) => `${Buffer.from('{"alg":"none"}').toString("base64url")}.${token.split(".")[1]}.AAAA`,
      "2000002",
    ],
    ["that is none", () => "opaque", "2000001"],
  ])("%s", async (_what, changed, number) => {
    const { token, call } = await open();
    const { status, headers } = await call(changed(await token()));
    expect(status).toBe(401);
    expect(headers.get("x-ms-diagnostics")).toContain(number);
    expect(headers.get("www-authenticate")).toContain("Bearer");
  });

  test("for another resource", async () => {
    const { token, call } = await open();
    expect((await call(await token("https://graph.microsoft.com"))).headers.get("x-ms-diagnostics")).toContain("2000003");
  });

  test("that has expired, or was revoked", async () => {
    const { lab, token, call } = await open({}, { tokenSeconds: 0 });
    expect((await call(await token())).headers.get("x-ms-diagnostics")).toContain("2000007");
    const other = await open();
    const good = await other.token();
    expect((await other.call(good)).status).toBe(200);
    other.lab.entra?.revokeTokens();
    expect((await other.call(good)).status).toBe(401);
    expect(lab.requests.at(-1)?.caller).toBeUndefined();
  });

  test("of another lab", async () => {
    const [one, other] = [await open(), await open()];
    expect((await one.call(await other.token())).status).toBe(401);
  });

  test("without any permission, and with 403 when it has another one", async () => {
    const none = await open({ roles: {} });
    expect((await none.call(await none.token())).status).toBe(401);
    const little = await open({ roles: { exchange: ["Mail.Read"] } });
    const answer = await little.call(await little.token());
    expect(answer).toMatchObject({ status: 403 });
    expect(answer.headers.get("x-ms-diagnostics")).toContain("2000008");
  });
});

describe("EWS is forbidden with a page that is no SOAP", () => {
  test.each([
    ["switched off", { ewsEnabled: false, ewsAllowedAppIDs: [clientId] }],
    ["allowed to other applications", { ewsEnabled: true, ewsAllowedAppIDs: ["other"] }],
    ["allowed to a list that is empty", { ewsEnabled: true }],
    ["switched off for the mailbox", { disabledMailboxes: ["HR@example.com"] }],
  ])("if it is %s", async (_what, policy) => {
    const { token, call } = await open({}, {}, policy);
    const { status, text, headers } = await call(await token());
    expect(status).toBe(403);
    expect(headers.get("content-type")).toContain("text/html");
    expect(text).not.toContain("Envelope");
  });

  test.each([
    ["neither on nor off", { ewsAllowedAppIDs: [] }],
    ["allowed to it", { ewsEnabled: true, ewsAllowedAppIDs: [clientId] }],
    ["switched off for another mailbox", { disabledMailboxes: ["soc@example.com"] }],
  ])("but not if it is %s", async (_what, policy) => {
    const { token, call } = await open({}, {}, policy);
    expect((await call(await token())).status).toBe(200);
  });
});
