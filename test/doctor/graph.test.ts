import { describe, expect, test } from "vitest";
import { actionNames } from "../../src/actions/load.ts";
import { failures } from "../../src/failure.ts";
import { faultKinds } from "../../src/lab/faults.ts";
import type { Lab, LabOptions } from "../../src/lab/lab.ts";
import type { Registration } from "../../src/lab/registration.ts";
import { socAddress } from "../../src/lab/seed.ts";
import { labPassword } from "../../src/lab/store.ts";
import { clientId, secret, tenantId, tenantWith } from "../wire/tenant.ts";
import { type Changes, type Examined, examine, openLab, type Setting } from "./examine.ts";

const environment = { CLIENT_SECRET: secret, OTHER_SECRET: "not~the.secret" };
const mailbox = "user03@example.com";
const every = ["Mail.ReadWrite", "Mail.Send", "MailboxSettings.Read", "Contacts.Read", "User.ReadBasic.All"];
const exit = (code: keyof typeof failures) => failures[code].exit;

const application = (lab: Lab, oauth: Setting = {}): Setting => ({
  oauth: { tenant: tenantId, client_id: clientId, authority: lab.url, client_secret: "env:CLIENT_SECRET", ...oauth },
});

interface Stage {
  readonly lab: Lab;
  readonly report: Examined;
}

/** A check-up over Graph, by an application with these permissions. */
async function online(
  roles: readonly string[],
  { registration = {}, setting = {}, ...changes }: Changes & { registration?: Partial<Registration>; setting?: Setting } = {},
  options: LabOptions = {},
): Promise<Stage> {
  const lab = await openLab({ tenant: tenantWith({ roles: { graph: roles }, ...registration }), ...options });
  const connection = { backend: "graph", graph: { url: lab.graphUrl }, auth: application(lab), mailbox, ...setting };
  return { lab, report: await examine(connection, { environment, ...changes }) };
}

const works = ({ actions }: Examined) => Object.fromEntries(actions.map(({ action, works: it }) => [action, it]));
const asking = (lab: Lab) => lab.requests.filter(({ operation }) => operation !== undefined);

describe("an application with every permission", () => {
  test("would do every action over Graph, and nothing but reading was asked", async () => {
    const { lab, report } = await online(every);
    expect(report).toMatchObject({ success: true, exit: 0, message: "All 12 actions would work." });
    expect(report.all("failed")).toEqual([]);
    expect(report.steps.map(({ name }) => name)).toEqual([
      "settings",
      "graph-proxy",
      "graph-name-resolution",
      "graph-tcp",
      "graph-tls",
      "graph-token",
      "graph",
      "graph-mailbox",
      "graph-permissions",
      "graph-cloud",
      "clock",
    ]);
    expect(new Set(asking(lab).map(({ method }) => method))).toEqual(new Set(["GET"]));
    expect(report.actions.every(({ backend }) => backend === "graph")).toBe(true);
    expect(report.permissions).toContainEqual({ permission: "Mail.Send", granted: "yes" });
    expect(JSON.stringify(report)).not.toContain(secret);
    expect(JSON.stringify(report)).not.toMatch(/eyJ/);
  });
});

describe("permissions", () => {
  test("that are missing are named with their actions, and the others would work", async () => {
    const { report } = await online(["Mail.Read", "MailboxSettings.Read"]);
    expect(report.step("graph-permissions")).toMatchObject({ status: "failed", code: "role-missing" });
    expect(report.step("graph-permissions").found).toContain("Contacts.Read (get-contacts)");
    expect(works(report)).toEqual({
      ...Object.fromEntries(actionNames.map((name) => [name, "no"])),
      "download-mail-as-eml": "yes",
      "get-attachments": "yes",
      "get-out-of-office": "yes",
      "search-emails-extended": "yes",
    });
    expect(report.actions.find(({ action }) => action === "send-email")).toMatchObject({
      because: "graph-permissions",
      missing: ["Mail.ReadWrite", "Mail.Send"],
    });
    const next = report.next("graph-permissions").split("\n");
    expect(next).toContain(`$principal = Get-MgServicePrincipal -Filter 'appId eq ''${clientId}'''`);
    for (const permission of ["Mail.ReadWrite", "Mail.Send", "Contacts.Read", "User.ReadBasic.All"])
      expect(next).toContain(`$role = $graph.AppRoles | Where-Object Value -eq '${permission}'`);
    expect(next.join("\n")).not.toContain("'Application User.ReadBasic.All'");
    expect(next).toContain(
      "New-ManagementRoleAssignment -Name 'mailcordon Mail.ReadWrite' -App $principal.Id -Role 'Application Mail.ReadWrite' -CustomResourceScope 'mailcordon mailboxes'",
    );
    expect(report.exit).toBe(exit("role-missing"));
  });

  test("that nothing asked for needs are told, so that they can be taken away", async () => {
    const { report } = await online(["Mail.ReadWrite", "Directory.Read.All"], { actions: ["delete-email"] });
    expect(report.step("graph-permissions")).toMatchObject({ status: "ok" });
    expect(report.step("graph-permissions").found).toContain("not needed for these actions: Directory.Read.All");
  });

  test("that are missing lead to the command, whatever the mailbox is called", async () => {
    const { report } = await online([], { mailbox: "a\u001b'$(x)@example.com", registration: { exchangeRole: true } });
    expect(report.steps.filter(({ code }) => code === "internal")).toEqual([]);
    expect(report.next("graph-permissions")).toContain("-Resource 'a''$(x)@example.com'");
  });

  test("that only reading settings leaves a mailbox open for that, and closed for mail", async () => {
    const { report } = await online(["MailboxSettings.Read"], { actions: ["get-out-of-office", "download-mail-as-eml"] });
    expect(report.step("graph-mailbox")).toMatchObject({
      status: "ok",
      found: "it opens, though not for the Inbox: see graph-permissions",
    });
    expect(works(report)).toEqual({ "get-out-of-office": "yes", "download-mail-as-eml": "no" });
  });

  test("are asked after only for the actions that are to work", async () => {
    const { report, lab } = await online(["MailboxSettings.Read"], { actions: ["get-out-of-office"] });
    expect(report).toMatchObject({ success: true, exit: 0 });
    expect(asking(lab).map(({ operation }) => operation)).toEqual(["user-get-mailboxsettings-part"]);
  });

  test("of RBAC for Applications are in no token: reading is tried, and of writing is said that it cannot be seen", async () => {
    const { report } = await online(["User.ReadBasic.All"], { registration: { exchangeRole: true } });
    expect(report.step("graph-mailbox").status).toBe("ok");
    expect(report.step("graph-permissions")).toMatchObject({ status: "warning" });
    expect(works(report)).toMatchObject({
      "search-emails-extended": "yes",
      "get-contacts": "yes",
      "get-out-of-office": "yes",
      "get-searchable-mailboxes": "yes",
      "delete-email": "unknown",
      "send-email": "unknown",
    });
    expect(report.next("graph-permissions")).toContain(
      "Test-ServicePrincipalAuthorization -Identity $principal.Id -Resource 'user03@example.com'",
    );
  });

  test("of the Exchange Online Admin API are not seen, where it alone is to list the mailboxes", async () => {
    const lab = await openLab({ tenant: tenantWith({ roles: { graph: every } }) });
    const graph = { url: lab.graphUrl, mailbox_list: "admin_api" };
    const report = await examine({ backend: "graph", graph, auth: application(lab), mailbox }, { environment });
    expect(report.actions.filter(({ works: it }) => it !== "yes")).toEqual([
      {
        action: "get-searchable-mailboxes",
        works: "unknown",
        because: "graph-permissions",
        backend: "graph",
        missing: ["Exchange.ManageAsAppV2"],
      },
    ]);
  });

  test("of nobody close the mailbox, and both ways to get them are told", async () => {
    const { report } = await online([]);
    expect(report.step("graph")).toMatchObject({ status: "ok", found: "Microsoft Graph answered, with ErrorAccessDenied" });
    expect(report.step("graph-mailbox")).toMatchObject({ status: "failed", code: "access-denied" });
    expect(report.next("graph-mailbox")).toContain("Where-Object Value -eq 'Mail.ReadWrite'");
    expect(report.next("graph-mailbox")).toContain("-Role 'Application Mail.Send'");
    expect(new Set(Object.values(works(report)))).toEqual(new Set(["no"]));
  });
});

describe("a mailbox", () => {
  test("outside of the scope of RBAC for Applications is told by another that opens, with the command that shows the scope", async () => {
    const registration = { exchangeRole: true, mailboxes: [mailbox] };
    const { report } = await online([], { registration, mailbox: "user04@example.com", actions: ["download-mail-as-eml"] });
    expect(report.step("graph-mailbox")).toMatchObject({ status: "failed", code: "access-denied" });
    expect(report.step("graph-mailbox").found).toContain("outside of the scope that RBAC for Applications gives");
    const next = report.next("graph-mailbox");
    expect(next).toContain("Test-ServicePrincipalAuthorization -Identity $principal.Id -Resource 'user04@example.com'");
    expect(next).toContain("Add-DistributionGroupMember -Identity 'mailcordon mailboxes' -Member 'user04@example.com'");
    expect(report.exit).toBe(exit("access-denied"));
  });

  test("that an application access policy leaves out, though consent covers it, leads to the policy", async () => {
    const { report } = await online(every, { registration: { mailboxes: ["user01@example.com"] }, actions: ["delete-email"] });
    expect(report.step("graph-mailbox").found).toContain("an application access policy leaves it out");
    expect(report.next("graph-mailbox")).toContain(`Test-ApplicationAccessPolicy -Identity 'user03@example.com' -AppId '${clientId}'`);
  });

  test("on premises is told by what the directory shows, with the setting that reaches it", async () => {
    const { report } = await online([...every, "User.Read.All"], {}, { onPremises: [mailbox] });
    expect(report.step("graph-mailbox")).toMatchObject({ status: "failed", code: "mailbox-not-found" });
    expect(report.step("graph-mailbox").found).toContain("on an Exchange Server of the organisation");
    expect(report.next("graph-mailbox")).toContain("backend: auto");
    expect(report.actions.find(({ action }) => action === "get-searchable-mailboxes")?.works).toBe("yes");
    expect(report.exit).toBe(exit("mailbox-not-found"));
  });

  test("of somebody without a licence leads to the licences", async () => {
    const { report } = await online([...every, "User.Read.All"], {}, { unlicensed: [mailbox] });
    expect(report.step("graph-mailbox").found).toContain("no licence with Exchange Online");
    expect(report.next("graph-mailbox")).toContain("Get-MgUserLicenseDetail -UserId 'user03@example.com'");
    expect(report.next("graph-mailbox")).not.toContain("backend: auto");
  });

  test("that Graph does not reach is told as any of the three when the application may not see the accounts", async () => {
    const { report } = await online(every, {}, { unlicensed: [mailbox] });
    expect(report.step("graph-mailbox").found).toContain("on an Exchange Server of the organisation, deleted, or without a licence");
    expect(report.next("graph-mailbox")).toContain("User.Read.All");
    expect(report.next("graph-mailbox")).toContain("Get-Mailbox -SoftDeletedMailbox -Identity 'user03@example.com'");
  });

  test("whose account the directory has no more is told as deleted", async () => {
    const gone = { kind: "item-error", times: 99 } as const;
    const faults = [
      { ...gone, operation: "mailfolder-get", code: "MailboxNotEnabledForRESTAPI" },
      { ...gone, operation: "user-get", code: "Request_ResourceNotFound" },
    ];
    const { report } = await online(every, { actions: ["delete-email"] }, { faults });
    expect(report.step("graph-mailbox").found).toContain("the account was deleted");
    expect(report.next("graph-mailbox")).toContain("Get-Mailbox -SoftDeletedMailbox");
  });

  test("that is not there leads to the ways to find it, whatever it is called", async () => {
    const { report } = await online(every, { mailbox: "no'body$(x)\u001b@example.com" });
    expect(report.step("graph-mailbox")).toMatchObject({ status: "failed", code: "mailbox-not-found" });
    expect(report.next("graph-mailbox")).toContain("Get-Recipient -Identity 'no''body$(x)@example.com'");
    expect(report.next("graph-mailbox")).toContain("Get-MgUser -Filter 'mail eq ''no''''body$(x)@example.com'''");
  });

  test("that nobody named leaves its actions open", async () => {
    const { report } = await online(every, { setting: { mailbox: undefined } });
    expect(report.step("graph-mailbox").status).toBe("unknown");
    expect(report.actions.find(({ action }) => action === "get-searchable-mailboxes")?.works).toBe("yes");
    expect(works(report)["delete-email"]).toBe("unknown");
    expect(report.exit).toBe(exit("invalid-input"));
  });
});

describe("the way to Graph", () => {
  test("a wrong secret ends at the token, with the commands for this application, and Graph is not asked", async () => {
    const lab = await openLab({ tenant: tenantWith({ roles: { graph: every } }) });
    const auth = application(lab, { client_secret: "env:OTHER_SECRET" });
    const report = await examine({ backend: "graph", graph: { url: lab.graphUrl }, auth, mailbox }, { environment });
    expect(report.step("graph-token")).toMatchObject({ status: "failed", code: "unauthenticated" });
    expect(report.next("graph-token")).toContain("Add-MgApplicationPassword");
    expect(report.step("graph-mailbox").status).toBe("skipped");
    expect(asking(lab)).toEqual([]);
  });

  test("a token for EWS is for another resource", async () => {
    const lab = await openLab({ tenant: tenantWith() });
    const form = {
      grant_type: "client_credentials",
      client_id: clientId,
      client_secret: secret,
      scope: "https://outlook.office365.com/.default",
    };
    const reply = await fetch(`${lab.url}/${tenantId}/oauth2/v2.0/token`, { method: "POST", body: new URLSearchParams(form) });
    const { access_token: TOKEN } = (await reply.json()) as { access_token: string };
    const report = await examine(
      { backend: "graph", graph: { url: lab.graphUrl }, auth: { bearer: { token: "env:TOKEN" } }, mailbox },
      { environment: { TOKEN } },
    );
    expect(report.step("graph-token")).toMatchObject({ status: "failed", code: "unauthenticated" });
    expect(report.next("graph-token")).toContain("https://graph.microsoft.com/.default");
  });

  test("a URL where no Graph is leads to the right one", async () => {
    const lab = await openLab({ tenant: tenantWith({ roles: { graph: every } }) });
    const report = await examine({ backend: "graph", graph: { url: `${lab.url}/beta` }, auth: application(lab), mailbox }, { environment });
    expect(report.step("graph").status).toBe("failed");
    expect(report.next("graph")).toContain("graph: { url: https://graph.microsoft.com/v1.0 }");
  });

  test.each(["429", "503"] as const)("throttling (%s) is told with the wait, and not waited for", async (kind) => {
    const { report } = await online(every, {}, { faults: [{ kind, times: 99, backOffMs: 90_000 }] });
    expect(report.step("graph")).toMatchObject({ status: "failed", code: "busy" });
    expect(report.next("graph")).toContain("wait 90 s");
    expect(report.exit).toBe(exit("busy"));
  });

  test.each(["401", "500", "truncate", "reset-before"] as const)(
    "a reply that is broken (%s) is a failed step that says what to do",
    async (kind) => {
      const { report } = await online(every, {}, { faults: [{ kind, times: 99 }] });
      expect(report.step("graph").status).toBe("failed");
      expect(report.next("graph")).not.toBe("");
      expect(report.exit).not.toBe(0);
      expect(report.step("graph").code).not.toBe("internal");
    },
  );
});

test("every fault of the lab, forever, ends in a report in which each failed step says what to do", async () => {
  const kinds = Object.keys(faultKinds) as (keyof typeof faultKinds)[];
  const all = kinds.map(async (kind) => {
    const { report } = await online(
      every,
      { actions: ["delete-email"] },
      { faults: [{ kind, times: 99, backOffMs: 60_000, delayMs: 10 }] },
    );
    for (const { name, status, next = [], code } of report.steps) {
      if (status !== "failed") continue;
      expect([kind, name, next.length > 0, code !== undefined, code === "internal"]).toEqual([kind, name, true, true, false]);
    }
    expect(report.success).toBe(report.exit === 0);
  });
  await Promise.all(all);
});

describe("a person who signed in", () => {
  const scopes = ["Mail.Read", "MailboxSettings.Read", "User.ReadBasic.All"];
  /** What the person's token shows of a mailbox. */
  async function person(who: string, changes: Changes = {}): Promise<Examined> {
    const lab = await openLab({ tenant: tenantWith({ publicClient: true, scopes: { graph: scopes } }) });
    const ask = async (path: string, form: Readonly<Record<string, string>>) => {
      const body = new URLSearchParams({ client_id: clientId, ...form });
      return (await (await fetch(`${lab.url}/${tenantId}/oauth2/v2.0/${path}`, { method: "POST", body })).json()) as Record<string, string>;
    };
    const { user_code = "", device_code = "" } = await ask("devicecode", { scope: "https://graph.microsoft.com/.default" });
    lab.entra?.approve(user_code, who);
    const { access_token: TOKEN = "" } = await ask("token", { grant_type: "urn:ietf:params:oauth:grant-type:device_code", device_code });
    const connection = { backend: "graph", graph: { url: lab.graphUrl }, auth: { bearer: { token: "env:TOKEN" } }, mailbox };
    return examine(connection, { environment: { TOKEN }, ...changes });
  }

  test("may do in the own mailbox what the scopes of the token say, and nothing else", async () => {
    const report = await person(mailbox);
    expect(works(report)).toMatchObject({
      "download-mail-as-eml": "yes",
      "get-out-of-office": "yes",
      "get-searchable-mailboxes": "yes",
      "get-contacts": "no",
      "delete-email": "no",
    });
    expect(report.next("graph-permissions")).toContain("Delegated permissions > Mail.ReadWrite, Mail.Send, Contacts.Read");
  });

  test("is told how to get into the mailbox of another", async () => {
    const report = await person("user07@example.com", { actions: ["download-mail-as-eml"] });
    expect(report.step("graph-mailbox")).toMatchObject({ status: "failed", code: "access-denied" });
    expect(report.next("graph-mailbox")).toContain("Mail.ReadWrite.Shared");
    expect(report.next("graph-mailbox")).toContain("Add-MailboxPermission -Identity 'user03@example.com' -User 'user07@example.com'");
  });
});

test("a national cloud is told by what it lacks for the actions that are asked for", async () => {
  const lab = await openLab({ tenant: tenantWith({ roles: { graph: every } }) });
  const connection = { backend: "graph", graph: { url: lab.graphUrl }, auth: application(lab, { cloud: "us-dod" }), mailbox };
  const report = await examine(connection, { environment, actions: ["delete-email", "get-contacts"] });
  expect(report.step("graph-token").found).toContain("audience https://dod-graph.microsoft.us");
  expect(report.step("graph-cloud")).toMatchObject({ status: "warning" });
  expect(report.step("graph-cloud").found).toContain("us-dod: delete-email: no permanentDelete");
  expect(report.step("graph-cloud").found).not.toContain("copy-email");
  expect(report).toMatchObject({ success: true });
});

describe("a hybrid connection", () => {
  const elsewhere = "user05@example.com";
  async function hybrid(changes: Changes = {}, ews: Setting = {}, options: LabOptions = {}): Promise<Stage> {
    const lab = await openLab({
      tenant: tenantWith({ roles: { graph: [...every, "User.Read.All"] } }),
      onPremises: [elsewhere],
      ...options,
    });
    const connection = {
      backend: "auto",
      graph: { url: lab.graphUrl },
      auth: application(lab),
      ews: { url: lab.ewsUrl, auth: { basic: { username: socAddress, password: "env:SECRET" } }, ...ews },
      mailbox,
    };
    return { lab, report: await examine(connection, { environment: { ...environment, SECRET: labPassword }, ...changes }) };
  }

  test("that is healthy is healthy for a mailbox of either side, each over the back end that holds it", async () => {
    const { report: cloud, lab } = await hybrid();
    expect(cloud).toMatchObject({ success: true, exit: 0, message: "All 12 actions would work." });
    expect(cloud.step("mailbox")).toMatchObject({ status: "skipped" });
    expect(lab.requests.some(({ operation }) => operation === "GetFolder")).toBe(false);
    const backends = ({ actions }: Examined) => Object.fromEntries(actions.map(({ action, backend }) => [action, backend]));
    expect(backends(cloud)).toMatchObject({ "delete-email": "graph", "get-searchable-mailboxes": "auto" });
    const { report: premises } = await hybrid({ mailbox: elsewhere });
    expect(premises).toMatchObject({ success: true, exit: 0, message: "All 12 actions would work." });
    expect(premises.step("graph-mailbox").found).toContain("this connection reaches it over EWS");
    expect(backends(premises)).toMatchObject({ "delete-email": "ews", "get-searchable-mailboxes": "auto" });
    for (const report of [cloud, premises]) expect(report.all("failed")).toEqual([]);
  });

  test("whose account on premises has a wrong password works for mailboxes in the cloud alone", async () => {
    const wrong = { auth: { basic: { username: socAddress, password: "env:OTHER_SECRET" } } };
    const { report } = await hybrid({}, wrong);
    expect(report.step("ews")).toMatchObject({ status: "failed", code: "unauthenticated" });
    expect(works(report)).toMatchObject({ "delete-email": "yes", "get-searchable-mailboxes": "no" });
    expect(report.exit).toBe(exit("unauthenticated"));
    const { report: premises } = await hybrid({ mailbox: elsewhere }, wrong);
    expect(new Set(Object.values(works(premises)))).toEqual(new Set(["no"]));
  });

  test("is not told where a mailbox is by anybody when Graph does not answer", async () => {
    const { report } = await hybrid(
      { mailbox: elsewhere },
      {},
      { faults: [{ kind: "503", operation: "mailfolder-get", times: 99, backOffMs: 60_000 }] },
    );
    expect(report.step("graph")).toMatchObject({ status: "failed", code: "busy" });
    expect(report.actions.find(({ action }) => action === "delete-email")).toMatchObject({ works: "no", because: "graph" });
  });

  test("whose mailbox in the cloud has lost its licence is told so, beside that EWS is asked", async () => {
    const { report } = await hybrid({}, {}, { unlicensed: [mailbox] });
    expect(report.step("graph-mailbox")).toMatchObject({ status: "warning" });
    expect(report.step("graph-mailbox").found).toContain("no licence with Exchange Online");
  });
});
