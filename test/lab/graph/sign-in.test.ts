import { expect, test } from "vitest";
import type { Lab } from "../../../src/lab/lab.ts";
import type { Registration, Tenant } from "../../../src/lab/registration.ts";
import { anna, ben, call, refusal, startGraphLab } from "./graph-client.ts";

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

const inbox = (address: string) => `/users/${address}/mailFolders/inbox`;

test("a token of the tenant opens what its roles say", async () => {
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
