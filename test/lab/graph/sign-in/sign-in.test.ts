import { expect, test } from "vitest";
import type { Lab } from "../../../../src/lab/lab.ts";
import { practiceApplication, practiceTenant } from "../../../../src/lab/seed/practice-tenant.ts";
import type { Registration, Tenant } from "../../../../src/lab/sign-in/app-registration.ts";
import { anna, ben, call, refusal, startGraphLab } from "../graph-client.ts";

const id = "22222222-2222-4222-8222-222222222222";
const app: Registration = {
  clientId: "33333333-3333-4333-8333-333333333333",
  name: "Responder",
  secrets: [{ value: "app-secret" }],
  roles: { graph: ["Mail.Read"] },
};

const tenant = (registration: Partial<Registration> = {}): Tenant => ({
  id,
  domains: ["example.com"],
  registrations: [{ ...app, ...registration }],
});

async function tokenFor(lab: Lab, scope = "https://graph.microsoft.com/.default"): Promise<string> {
  const form = { grant_type: "client_credentials", client_id: app.clientId, client_secret: "app-secret", scope };
  const response = await fetch(`${lab.url}/${id}/oauth2/v2.0/token`, { method: "POST", body: new URLSearchParams(form) });
  const answer: unknown = await response.json();
  if (typeof answer !== "object" || answer === null || !("access_token" in answer)) throw new Error(JSON.stringify(answer));
  return String(answer.access_token);
}

async function post(url: string, form: Readonly<Record<string, string>>): Promise<ReadonlyMap<string, unknown>> {
  const answer: unknown = await (await fetch(url, { method: "POST", body: new URLSearchParams(form) })).json();
  if (typeof answer !== "object" || answer === null) throw new Error("No object.");
  return new Map(Object.entries(answer));
}

/** Anna signs in with a code. */
async function tokenOfAnna(lab: Lab, client_id = app.clientId, scope = "https://graph.microsoft.com/Mail.Read"): Promise<string> {
  const client = { client_id, scope };
  const id = lab.entra?.tenant.id ?? "";
  const code = await post(`${lab.url}/${id}/oauth2/v2.0/devicecode`, client);
  lab.entra?.approve(String(code.get("user_code")), anna);
  const form = { ...client, grant_type: "urn:ietf:params:oauth:grant-type:device_code", device_code: String(code.get("device_code")) };
  return String((await post(`${lab.url}/${id}/oauth2/v2.0/token`, form)).get("access_token"));
}

const inbox = (address: string) => `/users/${address}/mailFolders/inbox`;

test("a token of the tenant allows what its roles state", async () => {
  const lab = await startGraphLab({ tenant: tenant() });
  const token = await tokenFor(lab);
  expect((await call(lab, "GET", inbox(anna), undefined, { token })).status).toBe(200);
  expect(refusal(await call(lab, "GET", `/users/${anna}/contacts`, undefined, { token }))).toEqual([403, "ErrorAccessDenied"]);
});

test("a token for EWS is not one for Graph", async () => {
  const lab = await startGraphLab({ tenant: tenant({ roles: { exchange: ["full_access_as_app"] } }) });
  const token = await tokenFor(lab, "https://outlook.office365.com/.default");
  expect(refusal(await call(lab, "GET", inbox(anna), undefined, { token }))).toEqual([401, "InvalidAuthenticationToken"]);
});

test("a token that was revoked, or whose signature is not the tenant's, is turned down", async () => {
  const lab = await startGraphLab({ tenant: tenant() });
  const token = await tokenFor(lab);
  const forged = `${token.slice(0, token.lastIndexOf(".") + 1)}${Buffer.alloc(256, 7).toString("base64url")}`;
  expect((await call(lab, "GET", inbox(anna), undefined, { token: forged })).status).toBe(401);
  lab.entra?.revokeTokens();
  expect((await call(lab, "GET", inbox(anna), undefined, { token })).status).toBe(401);
});

test("an application that Exchange itself lets in needs no role of the directory, and gets no further than mailboxes", async () => {
  const lab = await startGraphLab({ tenant: tenant({ roles: {}, exchangeRole: true, mailboxes: [anna] }) });
  const token = await tokenFor(lab);
  expect((await call(lab, "GET", inbox(anna), undefined, { token })).status).toBe(200);
  expect(refusal(await call(lab, "GET", inbox(ben), undefined, { token }))).toEqual([403, "ErrorAccessDenied"]);
  expect(refusal(await call(lab, "GET", "/users", undefined, { token }))).toEqual([403, "Authorization_RequestDenied"]);
});

test("a signed-in person is `me` and reaches only own and shared mailboxes", async () => {
  const scopes = { graph: ["Mail.Read.Shared", "User.Read"] };
  const lab = await startGraphLab({ tenant: tenant({ publicClient: true, scopes }) });
  lab.store.addUser({ address: "shared@example.com", fullAccess: [anna] });
  const token = await tokenOfAnna(lab);
  const read = (path: string) => call(lab, "GET", path, undefined, { token });
  expect((await read("/me")).at("mail")).toBe(anna);
  expect((await read("/me/mailFolders/inbox")).status).toBe(200);
  expect((await read(inbox("shared@example.com"))).status).toBe(200);
  expect(refusal(await read(inbox(ben)))).toEqual([403, "ErrorAccessDenied"]);
  expect((await call(lab, "POST", "/me/sendMail", {}, { token })).status).toBe(403);
});

test("a role of Exchange opens the mailboxes of its scope, and consent opens the others as well: grants add up", async () => {
  const scoped = { exchangeRole: true, mailboxes: [anna] };
  const limited = await startGraphLab({ tenant: tenant({ ...scoped, roles: {} }) });
  const role = await tokenFor(limited);
  expect((await call(limited, "GET", inbox(anna), undefined, { token: role })).status).toBe(200);
  expect(refusal(await call(limited, "GET", inbox(ben), undefined, { token: role }))).toEqual([403, "ErrorAccessDenied"]);
  const both = await startGraphLab({ tenant: tenant(scoped) });
  const token = await tokenFor(both);
  expect((await call(both, "GET", inbox(ben), undefined, { token })).status).toBe(200);
  expect(refusal(await call(both, "GET", `/users/${ben}/contacts`, undefined, { token }))).toEqual([403, "ErrorAccessDenied"]);
});

test.each(["https://graph.microsoft.com/.default", "Mail.Read offline_access"])(
  "in the practice tenant a person's token for %s opens /me and the person's own mail, and no other mailbox",
  async (scope) => {
    const lab = await startGraphLab({ tenant: practiceTenant() });
    const token = await tokenOfAnna(lab, practiceApplication.clientId, scope);
    expect((await call(lab, "GET", "/me", undefined, { token })).at("mail")).toBe(anna);
    expect((await call(lab, "GET", "/me/messages", undefined, { token })).status).toBe(200);
    expect(refusal(await call(lab, "GET", inbox(ben), undefined, { token }))).toEqual([403, "ErrorAccessDenied"]);
  },
);

test("a tenant whose application may only read gives a person no right to write", async () => {
  const lab = await startGraphLab({ tenant: practiceTenant({ graph: ["Mail.Read"] }) });
  const token = await tokenOfAnna(lab, practiceApplication.clientId);
  expect(refusal(await call(lab, "POST", "/me/messages", { subject: "x" }, { token }))).toEqual([403, "ErrorAccessDenied"]);
});
