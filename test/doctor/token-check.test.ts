import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { failures } from "../../src/failure.ts";
import type { LabOptions } from "../../src/lab/lab.ts";
import type { Registration } from "../../src/lab/sign-in/app-registration.ts";
import { clientId, makeCertificate, secret, tenantId, tenantWith } from "../wire/sign-in/tenant.ts";
import { type Changes, examine, file, folder, openLab, type Setting, service } from "./examine.ts";

const environment = { CLIENT_SECRET: secret, OTHER_SECRET: "not~the.secret" };

async function online(registration: Partial<Registration> = {}, oauth: Setting = {}, changes: Changes = {}, options: LabOptions = {}) {
  const lab = await openLab({ tenant: tenantWith(registration), ...options });
  const application = {
    tenant: tenantId,
    client_id: clientId,
    authority: lab.url,
    client_secret: "env:CLIENT_SECRET",
    ...oauth,
  };
  const report = await examine(service(lab, { auth: { oauth: application } }), { environment, ...changes });
  return { lab, report };
}
const mailboxActions = { actions: ["delete-email"] };

describe("an application with its permission", () => {
  test("is accepted, and the report shows the claims of the token", async () => {
    const { report } = await online({}, {}, mailboxActions);
    expect(report).toMatchObject({ success: true, exit: 0 });
    expect(report.step("token").found).toContain(
      `application ${clientId}, audience https://outlook.office365.com, roles full_access_as_app`,
    );
    expect(report.step("permissions")).toMatchObject({ status: "ok" });
    expect(JSON.stringify(report)).not.toContain(secret);
    expect(JSON.stringify(report)).not.toMatch(/eyJ/);
  });

  test("by certificate is reported with the days until the certificate expires", async () => {
    const directory = folder();
    const { cert } = makeCertificate(directory);
    const pem = file("both.pem", `${readFileSync(`${directory}/key.pem`, "utf8")}${cert}`);
    const { report } = await online({ certificates: [cert] }, { client_secret: undefined, certificate: { pem } }, mailboxActions);
    expect(report).toMatchObject({ success: true });
    expect(report.step("token")).toMatchObject({ status: "warning" });
    expect(report.step("token").found).toMatch(/^the certificate expires in 1 day(?!s)/);
  });
});

describe("auto with an application", () => {
  const auto = async (more: Setting, { CLIENT_SECRET = secret } = {}, options: LabOptions = {}) => {
    const lab = await openLab({ tenant: tenantWith(), signIn: { schemes: ["Negotiate"], bearerWhenAsked: true }, ...options });
    const oauth = { tenant: tenantId, client_id: clientId, authority: lab.url, client_secret: "env:CLIENT_SECRET" };
    const connection = service(lab, { auth: { auto: { oauth, ...more } } });
    return { lab, report: await examine(connection, { environment: { CLIENT_SECRET }, ...mailboxActions }) };
  };
  const account = { username: "soc@example.com", password: "env:SECRET" };

  test("signs in with the token that was checked", async () => {
    const { report, lab } = await auto({});
    expect(report).toMatchObject({ success: true, exit: 0 });
    expect(report.step("settings").found).toContain(`the strongest scheme that the server offers, with the application ${clientId} with`);
    expect(report.step("token").found).toContain(`application ${clientId}, audience https://outlook.office365.com`);
    expect(lab.entra?.requests.filter(({ asked }) => asked === "client_credentials")).toHaveLength(1);
  });

  test("whose secret is wrong is a failure without another method, and a warning beside a password", async () => {
    const alone = await auto({}, { CLIENT_SECRET: "not~the.secret" });
    expect(alone.report.step("token")).toMatchObject({ status: "failed", code: "unauthenticated" });
    const both = await auto(account, { CLIENT_SECRET: "not~the.secret" }, { signIn: { schemes: ["NTLM"] } });
    expect(both.report).toMatchObject({ success: true, exit: 0 });
    expect(both.report.step("token")).toMatchObject({ status: "warning" });
    expect(both.report.step("token").found).toMatch(/AADSTS7000215.*Only the password of soc@example\.com is left$/);
    expect(both.report.next("token")).toContain("Add-MgApplicationPassword");
  });
});

describe("a token that cannot be obtained", () => {
  test("for a wrong secret leads to the page and the command for this application", async () => {
    const { report, lab } = await online({}, { client_secret: "env:OTHER_SECRET" });
    expect(report.step("token")).toMatchObject({ status: "failed", code: "unauthenticated" });
    expect(report.next("token")).toContain(clientId);
    expect(report.next("token")).toContain(`Get-MgApplication -Filter 'appId eq ''${clientId}'''`);
    expect(report.next("token")).toContain("Add-MgApplicationPassword");
    expect(report.step("ews").status).toBe("skipped");
    expect(report.exit).toBe(failures.unauthenticated.exit);
    expect(lab.requests.filter(({ operation }) => operation !== undefined)).toEqual([]);
  });

  test("for an expired secret says that it expired", async () => {
    const { report } = await online({ secrets: [{ value: secret, expires: new Date(Date.now() - 86_400_000) }] });
    expect(report.step("token").found).toContain("the client secret has expired");
    expect(report.next("token")).toContain("Add-MgApplicationPassword");
  });

  test("for an unknown application or tenant names it", async () => {
    const other = "00000000-1111-4222-8333-444455556666";
    expect((await online({}, { client_id: other })).report.step("token").found).toContain(`${other} is not known in the tenant`);
    expect((await online({}, { tenant: "elsewhere.example.net" })).report.step("token").status).toBe("failed");
  });

  test("for an authority that does not reply names the authority", async () => {
    const { report } = await online({}, { authority: "http://127.0.0.1:1" });
    expect(report.step("token")).toMatchObject({ status: "failed", code: "unreachable" });
  });
});

describe("the permissions of a token", () => {
  test("for Microsoft Graph are reported as permissions for another resource", async () => {
    const { report } = await online({ roles: { graph: ["Mail.Read"] } }, { scope: "https://graph.microsoft.com/.default" });
    expect(report.step("token")).toMatchObject({ status: "failed", code: "unauthenticated" });
    expect(report.next("token")).toContain("https://outlook.office365.com/.default");
  });

  test("without a role are a warning, because RBAC for Applications is not in a token", async () => {
    const { report } = await online({ roles: {}, exchangeRole: true }, {}, mailboxActions);
    expect(report.step("permissions")).toMatchObject({ status: "warning" });
    expect(report.next("permissions")).toContain("New-MgServicePrincipalAppRoleAssignment");
    expect(report).toMatchObject({ success: true });
  });

  test("without a role and without RBAC are decided by the reply of Exchange", async () => {
    const { report } = await online({ roles: {} }, {}, mailboxActions);
    expect(report.success).toBe(false);
    expect(report.all("failed").filter((name) => name === "ews" || name === "mailbox")).toHaveLength(1);
    expect(report.exit).toBe(failures["role-missing"].exit);
  });

  test("for a mailbox outside the scope lead to the scope of this application", async () => {
    const { report } = await online({ mailboxes: ["user01@example.com"] }, {}, mailboxActions);
    expect(report.step("mailbox").status).toBe("failed");
    expect(report.next("mailbox")).toContain("Test-ServicePrincipalAuthorization -Identity $principal.Id -Resource 'user03@example.com'");
    expect(report.next("mailbox")).toContain(`Test-ApplicationAccessPolicy -Identity 'user03@example.com' -AppId '${clientId}'`);
  });
});

describe("EWS of Exchange Online", () => {
  const blocked = { policy: { ewsEnabled: true, ewsAllowedAppIDs: ["00000000-1111-4222-8333-444455556666"] } };

  test("that does not allow the application leads to the list, with this application added to what is there", async () => {
    const { report } = await online({}, {}, mailboxActions, blocked);
    expect(report.step("ews")).toMatchObject({ status: "failed", code: "access-denied" });
    const lines = report.next("ews").split("\n");
    expect(lines).toContain(`$allowed = @($allowed + '${clientId}' | Select-Object -Unique)`);
    expect(lines).toContain("Set-OrganizationConfig -EwsEnabled $true");
    expect(lines.findIndex((line) => line.startsWith("$allowed = @((Get-OrganizationConfig"))).toBeLessThan(
      lines.findIndex((line) => line.startsWith("Set-OrganizationConfig")),
    );
    expect(report.exit).toBe(failures["access-denied"].exit);
  });

  test("that is disabled for one mailbox is recognised because another mailbox works", async () => {
    const policy = { policy: { disabledMailboxes: ["user04@example.com"] } };
    const { report } = await online({}, {}, { ...mailboxActions, mailbox: "user04@example.com" }, policy);
    expect(report.step("ews").found).toContain("forbidden for user04@example.com, though not for user03@example.com");
  });
});

test("a token that is not a JSON Web Token is unknown, and Exchange decides", async () => {
  const lab = await openLab({ tokens: { "opaque-token": "user03@example.com" } });
  const report = await examine(service(lab, { auth: { bearer: { token: "env:TOKEN" } }, access: "delegate" }), {
    environment: { TOKEN: "opaque-token" },
    ...mailboxActions,
  });
  expect(report.step("token").status).toBe("unknown");
  expect(report).toMatchObject({ success: true });
  const refused = await examine(service(lab, { auth: { bearer: { token: "env:TOKEN" } } }), { environment: { TOKEN: "another-token" } });
  expect(refused.step("ews")).toMatchObject({ status: "failed", code: "unauthenticated" });
  expect(refused.next("ews")).toContain("connections.prod.auth.bearer.token");
});
