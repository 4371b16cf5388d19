import { describe, expect, test } from "vitest";
import { faultKinds } from "../../../src/lab/faults.ts";
import { clientId, secret, tenantId, tenantWith } from "../../wire/sign-in/tenant.ts";
import { allWork, type Changes, type Examined, examine, openLab } from "../examine.ts";
import { application, asking, environment, every, exit, mailbox, online, works } from "../online.ts";

describe("an application with every permission", () => {
  test("would make every action over Graph work, and doctor only reads", async () => {
    const { lab, report } = await online(every);
    expect(report).toMatchObject(allWork);
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

describe("the connection to Graph", () => {
  test("with a wrong secret fails when the token is requested, shows the commands for this application, and sends Graph no request", async () => {
    const lab = await openLab({ tenant: tenantWith({ roles: { graph: every } }) });
    const auth = application(lab, { client_secret: "env:OTHER_SECRET" });
    const report = await examine({ backend: "graph", graph: { url: lab.graphUrl }, auth, mailbox }, { environment });
    expect(report.step("graph-token")).toMatchObject({ status: "failed", code: "unauthenticated" });
    expect(report.next("graph-token")).toContain("Add-MgApplicationPassword");
    expect(report.step("graph-mailbox").status).toBe("skipped");
    expect(asking(lab)).toEqual([]);
  });

  test("with a token for EWS is reported to have a token for another resource", async () => {
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

  test("with a URL other than Graph's leads to the right one", async () => {
    const lab = await openLab({ tenant: tenantWith({ roles: { graph: every } }) });
    const report = await examine({ backend: "graph", graph: { url: `${lab.url}/beta` }, auth: application(lab), mailbox }, { environment });
    expect(report.step("graph").status).toBe("failed");
    expect(report.next("graph")).toContain("graph: { url: https://graph.microsoft.com/v1.0 }");
  });

  test.each(["429", "503"] as const)("with throttling (%s) is reported with the wait, without waiting", async (kind) => {
    const { report } = await online(every, {}, { faults: [{ kind, times: 99, backOffMs: 90_000 }] });
    expect(report.step("graph")).toMatchObject({ status: "failed", code: "busy" });
    expect(report.next("graph")).toContain("Wait 90 s");
    expect(report.exit).toBe(exit("busy"));
  });

  test.each(["401", "500", "truncate", "reset-before"] as const)(
    "with a broken reply (%s) is a failed step with what to do",
    async (kind) => {
      const { report } = await online(every, {}, { faults: [{ kind, times: 99 }] });
      expect(report.step("graph").status).toBe("failed");
      expect(report.next("graph")).not.toBe("");
      expect(report.exit).not.toBe(0);
      expect(report.step("graph").code).not.toBe("internal");
    },
  );
});

test("every lasting fault of the lab ends in a report with a hint for each failed step", async () => {
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
  /** Returns the report for a mailbox with the token of this person. */
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

  test("may do in the own mailbox only what the scopes of the token allow", async () => {
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

  test("learns how to open another mailbox", async () => {
    const report = await person("user07@example.com", { actions: ["download-mail-as-eml"] });
    expect(report.step("graph-mailbox")).toMatchObject({ status: "failed", code: "access-denied" });
    expect(report.next("graph-mailbox")).toContain("Mail.ReadWrite.Shared");
    expect(report.next("graph-mailbox")).toContain("Add-MailboxPermission -Identity 'user03@example.com' -User 'user07@example.com'");
  });
});

test.each([
  [["delete-email"], {}, "graph: { permanent_delete: true }"],
  [["copy-email"], {}, "graph: { import_export: true }"],
  [["delete-email", "copy-email"], {}, "graph: { permanent_delete: true, import_export: true }"],
  [["delete-email", "copy-email"], { permanent_delete: true }, "graph: { import_export: true }"],
])("national clouds: %j with %j may set only what they lack: %s", async (actions, set, line) => {
  const lab = await openLab({ tenant: tenantWith({ roles: { graph: every } }) });
  const graph = { url: lab.graphUrl, ...set };
  const connection = { backend: "graph", graph, auth: application(lab, { cloud: "china" }), mailbox };
  const report = await examine(connection, { environment, actions });
  expect(report.step("graph-cloud").next).toContain(line);
});

test("a national cloud is reported with the functions that it lacks for the checked actions", async () => {
  const lab = await openLab({ tenant: tenantWith({ roles: { graph: every } }) });
  const connection = { backend: "graph", graph: { url: lab.graphUrl }, auth: application(lab, { cloud: "us-dod" }), mailbox };
  const report = await examine(connection, { environment, actions: ["delete-email", "get-contacts"] });
  expect(report.step("graph-token").found).toContain("audience https://dod-graph.microsoft.us");
  expect(report.step("graph-cloud")).toMatchObject({ status: "warning" });
  expect(report.step("graph-cloud").found).toContain("us-dod: delete-email: no permanentDelete");
  expect(report.step("graph-cloud").found).not.toContain("copy-email");
  expect(report).toMatchObject({ success: true });
});
