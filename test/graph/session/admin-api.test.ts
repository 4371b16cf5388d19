import { describe, expect, onTestFinished, test } from "vitest";
import type { Exchange } from "../../../src/exchange/exchange.ts";
import { openGraph } from "../../../src/graph/graph.ts";
import { type Lab, type LabOptions, startLab } from "../../../src/lab/lab.ts";
import { practiceApplication, practiceTenant } from "../../../src/lab/seed/practice-tenant.ts";
import type { Registration } from "../../../src/lab/sign-in/app-registration.ts";
import { readyToken, withTokens } from "../../../src/wire/sign-in/bearer-token.ts";
import { permissions } from "../stage.ts";

const { tenant: tenantId, clientId, secret } = practiceApplication;
const people = ["ann@example.com", "bob@example.com", "cid@example.com"];

interface Told {
  readonly lab: Lab;
  readonly exchange: Exchange;
}

async function start(
  {
    application = {},
    isRequired = false,
    tenant = tenantId,
  }: { application?: Partial<Registration>; isRequired?: boolean; tenant?: string } = {},
  options: LabOptions = {},
): Promise<Told> {
  const { registrations, ...practice } = practiceTenant();
  const lab = await startLab({
    seed: false,
    tenant: { ...practice, registrations: registrations.map((one) => ({ ...one, ...application })) },
    graph: { tokens: { strong: permissions } },
    ...options,
  });
  for (const address of people) lab.store.addUser({ address, displayName: `Mailbox of ${address.slice(0, 3)}` });
  const form = {
    grant_type: "client_credentials",
    client_id: clientId,
    client_secret: secret,
    scope: "https://outlook.office365.com/.default",
  };
  const response = await fetch(`${lab.url}/${tenantId}/oauth2/v2.0/token`, { method: "POST", body: new URLSearchParams(form) });
  const { access_token } = (await response.json()) as { readonly access_token: string };
  const exchange = openGraph({
    url: lab.graphUrl,
    signIn: (http) => withTokens(http, readyToken("strong")),
    adminApi: { url: lab.url, tenant: async () => tenant, signIn: (http) => withTokens(http, readyToken(access_token)), isRequired },
  });
  onTestFinished(async () => {
    await exchange.close();
    await lab.close();
  });
  return { lab, exchange };
}

const asked = ({ lab }: Told) => lab.requests.filter(({ operation }) => operation === "admin-api-mailbox");

test("mailboxes are listed from all pages of the Admin API, which the answer names as source", async () => {
  const stage = await start({}, { adminApi: { pageSize: 2 }, onPremises: ["bob@example.com"] });
  stage.lab.store.addUser({ address: "dan@example.com" });
  const { source, note, mailboxes, failed } = await stage.exchange.searchableMailboxes({});
  expect([source, note, failed]).toEqual(["admin_api", undefined, []]);
  expect(mailboxes.map(({ mailbox }) => mailbox)).toEqual(["ann@example.com", "cid@example.com", "dan@example.com"]);
  expect(asked(stage).map(({ method, anchorMailbox }) => [method, anchorMailbox])).toEqual(
    [1, 2].map(() => ["POST", `APP:SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}@${tenantId}`]),
  );
});

test("each mailbox has its id in the directory", async () => {
  const { exchange } = await start();
  const other = openGraph({ url: (await start()).lab.graphUrl, signIn: (http) => withTokens(http, readyToken("strong")) });
  onTestFinished(() => other.close());
  const ids = async (one: Exchange) =>
    (await one.searchableMailboxes({})).mailboxes.map(({ mailbox, referenceId }) => [mailbox, referenceId]);
  expect(await ids(exchange)).toEqual(await ids(other));
});

test.each([
  ["ANN@", ["ann@example.com"]],
  ["mailbox of C", ["cid@example.com"]],
  ["example", []],
])("only mailboxes whose name or address begins with %s are listed", async (filter, expected) => {
  const { exchange } = await start();
  expect((await exchange.searchableMailboxes({ filter })).mailboxes.map(({ mailbox }) => mailbox)).toEqual(expected);
});

describe.each([
  ["the permission is missing", { application: { roles: { exchange: ["full_access_as_app"] } } }, "role-missing, Forbidden"],
  ["the role of Exchange is missing", { application: { recipientsRole: false } }, "role-missing, Forbidden"],
  ["the tenant is not found there", { tenant: "00000000-0000-4000-8000-000000000000" }, "refused, NotFound"],
])("where %s", (_, how, reason) => {
  test("the directory is listed, with the reason in the answer", async () => {
    const { exchange } = await start(how);
    const { source, note, mailboxes } = await exchange.searchableMailboxes({});
    expect([source, mailboxes.length]).toEqual(["directory", 3]);
    expect(note).toContain(reason);
  });

  test("nothing is listed if the settings require the Admin API", async () => {
    const { lab, exchange } = await start({ ...how, isRequired: true });
    await expect(exchange.searchableMailboxes({})).rejects.toMatchObject({ code: reason.split(",")[0] });
    expect(lab.requests.some(({ path }) => path.startsWith("/v1.0/"))).toBe(false);
  });
});

test("a missing right is named where an administrator finds it", async () => {
  const { exchange } = await start({ application: { recipientsRole: false }, isRequired: true });
  await expect(exchange.searchableMailboxes({})).rejects.toMatchObject({
    code: "role-missing",
    hint: expect.stringMatching(/Exchange\.ManageAsAppV2.*View-Only Recipients/),
  });
});

test("a throttled page is requested again", async () => {
  const stage = await start();
  stage.lab.addFault({ kind: "429", operation: "admin-api-mailbox", backOffMs: 10 });
  expect((await stage.exchange.searchableMailboxes({})).source).toBe("admin_api");
  expect(asked(stage)).toHaveLength(2);
});
