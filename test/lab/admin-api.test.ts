import { expect, onTestFinished, test } from "vitest";
import { type Lab, type LabOptions, startLab } from "../../src/lab/lab.ts";
import { practiceApplication, practiceTenant } from "../../src/lab/seed/practice-tenant.ts";
import type { Registration } from "../../src/lab/sign-in/app-registration.ts";

const { tenant: tenantId, clientId, secret } = practiceApplication;
const people = ["ann@example.com", "bob@example.com", "cid@example.com"];

async function start(application: Partial<Registration> = {}, options: LabOptions = {}): Promise<Lab> {
  const tenant = practiceTenant();
  const registrations = tenant.registrations.map((one) => ({ ...one, ...application }));
  const lab = await startLab({ seed: false, tenant: { ...tenant, registrations }, ...options });
  onTestFinished(() => lab.close());
  for (const address of people) lab.store.addUser({ address, displayName: `Mailbox of ${address}` });
  return lab;
}

async function tokenOf(lab: Lab, scope = "https://outlook.office365.com/.default"): Promise<string> {
  const form = { grant_type: "client_credentials", client_id: clientId, client_secret: secret, scope };
  const response = await fetch(`${lab.url}/${tenantId}/oauth2/v2.0/token`, { method: "POST", body: new URLSearchParams(form) });
  return ((await response.json()) as { readonly access_token: string }).access_token;
}

/** The parts of an answer that a test looks at. */
interface Answer {
  readonly value: readonly { readonly PrimarySmtpAddress: string }[];
  readonly "@odata.nextLink"?: string;
  readonly error?: { readonly code: string };
}

const getMailbox = { CmdletInput: { CmdletName: "Get-Mailbox", Parameters: { ResultSize: "Unlimited" } } };
const place = (lab: Lab, tenant: string = tenantId) => `${lab.url}/adminapi/v2.0/${tenant}/Mailbox`;

async function ask(url: string, token: string, body: unknown = getMailbox, method = "POST") {
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
  const response = await fetch(url, { method, headers, ...(method === "GET" ? {} : { body: JSON.stringify(body) }) });
  return { status: response.status, json: (await response.json()) as Answer };
}

test("mailboxes are listed with the properties that are selected, page by page, each asked with the same body", async () => {
  const lab = await start({}, { adminApi: { pageSize: 2 } });
  const token = await tokenOf(lab);
  const first = await ask(`${place(lab)}?$select=PrimarySmtpAddress,DisplayName`, token);
  expect(first.json.value).toEqual([
    { PrimarySmtpAddress: "ann@example.com", DisplayName: "Mailbox of ann@example.com" },
    { PrimarySmtpAddress: "bob@example.com", DisplayName: "Mailbox of bob@example.com" },
  ]);
  const second = await ask(String(first.json["@odata.nextLink"]), token);
  expect(second.json.value).toEqual([{ PrimarySmtpAddress: "cid@example.com", DisplayName: "Mailbox of cid@example.com" }]);
  expect(second.json["@odata.nextLink"]).toBeUndefined();
  expect((await ask(String(first.json["@odata.nextLink"]), token, {})).status).toBe(400);
});

test("a mailbox on premises is not a mailbox of Exchange Online", async () => {
  const lab = await start({}, { onPremises: ["bob@example.com"] });
  const { json } = await ask(place(lab), await tokenOf(lab));
  expect(json.value.map((one) => one.PrimarySmtpAddress)).toEqual(["ann@example.com", "cid@example.com"]);
});

test.each([
  ["without the permission", { roles: { exchange: ["full_access_as_app"] } }],
  ["without the role of Exchange", { recipientsRole: false }],
])("an application %s is refused", async (_, application) => {
  const lab = await start(application);
  expect(await ask(place(lab), await tokenOf(lab))).toMatchObject({ status: 403, json: { error: { code: "Forbidden" } } });
});

test("a token for Graph, a revoked one, and none are turned down; another tenant is not there", async () => {
  const lab = await start();
  const token = await tokenOf(lab);
  expect((await ask(place(lab, "other"), token)).status).toBe(404);
  expect((await ask(place(lab), await tokenOf(lab, "https://graph.microsoft.com/.default"))).status).toBe(401);
  expect((await ask(place(lab), "none")).status).toBe(401);
  lab.entra?.revokeTokens();
  expect((await ask(place(lab), token)).status).toBe(401);
});

test("other cmdlets, other parameters and other methods are refused", async () => {
  const lab = await start();
  const token = await tokenOf(lab);
  expect((await ask(place(lab), token, { CmdletInput: { CmdletName: "Remove-Mailbox" } })).status).toBe(400);
  const filtered = { CmdletInput: { CmdletName: "Get-Mailbox", Parameters: { Filter: "x" } } };
  expect((await ask(place(lab), token, filtered)).status).toBe(400);
  expect((await ask(place(lab), token, undefined, "GET")).status).toBe(405);
});
