import { describe, expect, test } from "vitest";
import type { Registration } from "../../../src/lab/sign-in/app-registration.ts";
import { clientId, tenantId, tenantWith } from "../../wire/sign-in/tenant.ts";
import { allWork, type Changes, examine, openLab, type Setting } from "../examine.ts";
import { application, environment, every, exit, mailbox, type Online, works } from "../online.ts";

/** A check-up where the Exchange Online Admin API alone is to list the mailboxes, by an application with these permissions of Exchange Online. */
async function listing(
  exchange: readonly string[],
  registration: Partial<Registration> = {},
  { setting = {}, ...changes }: Changes & { setting?: Setting } = {},
): Promise<Online> {
  const lab = await openLab({ tenant: tenantWith({ roles: { graph: every, exchange }, ...registration }) });
  const graph = { url: lab.graphUrl, admin_api_url: lab.url, mailbox_list: "admin_api" };
  const report = await examine({ backend: "graph", graph, auth: application(lab), mailbox, ...setting }, { environment, ...changes });
  return { lab, report };
}

const verdict = ({ report }: Online) => report.actions.find(({ action }) => action === "get-searchable-mailboxes");
const asked = ({ lab }: Online) => lab.requests.filter(({ operation }) => operation === "admin-api-mailbox");

describe("where the Exchange Online Admin API alone is to list the mailboxes", () => {
  test("the permission in the token and the role of Exchange make it work, which is seen by asking for one mailbox", async () => {
    const stage = await listing(["Exchange.ManageAsAppV2"], { recipientsRole: true });
    expect(stage.report).toMatchObject(allWork);
    expect(stage.report.step("graph-mailbox-list")).toMatchObject({ status: "ok" });
    expect(stage.report.step("graph-mailbox-list").found).toContain("Exchange.ManageAsAppV2");
    expect(verdict(stage)).toEqual({ action: "get-searchable-mailboxes", works: "yes", backend: "graph" });
    expect(asked(stage).map(({ path }) => decodeURIComponent(path))).toEqual([`/adminapi/v2.0/${tenantId}/Mailbox?$select=Guid`]);
    expect(JSON.stringify(stage.report)).not.toMatch(/eyJ/);
  });

  test.each([[["full_access_as_app"]], [[]]])("a token that has %j alone is not shown to it, and what to grant is said", async (roles) => {
    const stage = await listing(roles, { recipientsRole: true });
    const { report } = stage;
    expect(report.step("graph-mailbox-list")).toMatchObject({ status: "failed", code: "role-missing" });
    expect(report.step("graph-mailbox-list").found).toContain(
      `Exchange.ManageAsAppV2 (get-searchable-mailboxes); it has ${roles[0] ?? "none"}`,
    );
    const next = report.next("graph-mailbox-list").split("\n");
    expect(next).toContain(`$principal = Get-MgServicePrincipal -Filter 'appId eq ''${clientId}'''`);
    expect(next).toContain("$role = $exchange.AppRoles | Where-Object Value -eq 'Exchange.ManageAsAppV2'");
    expect(next).toContain("New-RoleGroup -Name 'mailcordon mailbox list' -Roles 'View-Only Recipients'");
    expect(next).toContain("graph: { mailbox_list: auto }");
    expect(verdict(stage)).toEqual({
      action: "get-searchable-mailboxes",
      works: "no",
      because: "graph-mailbox-list",
      backend: "graph",
      missing: ["Exchange.ManageAsAppV2"],
    });
    expect(Object.values(works(report)).filter((one) => one !== "yes")).toEqual(["no"]);
    expect([asked(stage), report.exit]).toEqual([[], exit("role-missing")]);
  });

  test("the permission without the role is reported as such: doctor asks for the role, and names no missing permission", async () => {
    const stage = await listing(["Exchange.ManageAsAppV2"]);
    expect(stage.report.step("graph-mailbox-list")).toMatchObject({ status: "failed", code: "role-missing" });
    expect(stage.report.step("graph-mailbox-list").found).toContain("the token has Exchange.ManageAsAppV2");
    expect(stage.report.next("graph-mailbox-list")).toContain(
      "Add-RoleGroupMember -Identity 'mailcordon mailbox list' -Member $principal.Id",
    );
    expect(stage.report.next("graph-mailbox-list")).not.toContain("New-MgServicePrincipalAppRoleAssignment");
    expect(verdict(stage)).toEqual({
      action: "get-searchable-mailboxes",
      works: "no",
      because: "graph-mailbox-list",
      backend: "graph",
    });
  });

  test("the permission of PowerShell, which the API may refuse, is tried, and both possible gaps are reported", async () => {
    const { report } = await listing(["Exchange.ManageAsApp"], { recipientsRole: true });
    expect(report.step("graph-mailbox-list").found).toContain("the token has Exchange.ManageAsApp: it takes Exchange.ManageAsAppV2, or");
    expect(report.next("graph-mailbox-list")).toContain("Where-Object Value -eq 'Exchange.ManageAsAppV2'");
    expect(report.next("graph-mailbox-list")).toContain("New-RoleGroup");
  });

  test.each([
    [["EWS.AccessAsUser.All"], "missing in the token for Exchange Online: Exchange.ManageV2"],
    [["Exchange.ManageV2"], "the token has Exchange.ManageV2: the account or application has no Exchange role"],
  ])("a person with the scopes %j is told what is missing, and how to give the role to this person", async (scopes, found) => {
    const everyone = { publicClient: true, scopes: { graph: every, exchange: scopes } };
    const lab = await openLab({ tenant: tenantWith(everyone, { deviceCode: { interval: 0.01 } }) });
    const auth = { oauth: { tenant: tenantId, client_id: clientId, authority: lab.url, device_code: true } };
    const graph = { url: lab.graphUrl, admin_api_url: lab.url, mailbox_list: "admin_api" };
    const tell = (text: string) => {
      const code = /\b[A-Z0-9]{8,9}\b/.exec(text)?.[0];
      if (code !== undefined) lab.entra?.approve(code, mailbox);
    };
    const report = await examine({ backend: "graph", graph, auth, mailbox }, { tell, actions: ["get-searchable-mailboxes"] });
    expect(report.step("graph-mailbox-list").found).toContain(found);
    expect(report.next("graph-mailbox-list")).toContain(`Add-RoleGroupMember -Identity 'mailcordon mailbox list' -Member '${mailbox}'`);
    expect(report.next("graph-mailbox-list")).not.toContain("New-ServicePrincipal");
  });

  test("no request is sent for actions that list no mailboxes", async () => {
    const stage = await listing([], {}, { actions: ["delete-email"] });
    expect(stage.report.step("graph-mailbox-list").status).toBe("skipped");
    expect([stage.report.success, asked(stage)]).toEqual([true, []]);
  });

  test("a sign-in that cannot get its token is reported immediately: no action works with these settings", async () => {
    const { report } = await listing([], {}, { environment: { TOKEN: "a.b.c" }, setting: { auth: { bearer: { token: "env:TOKEN" } } } });
    expect(report.step("settings")).toMatchObject({ status: "failed", code: "invalid-settings" });
    expect(report.step("settings").found).toContain("graph.mailbox_list");
    expect(new Set(Object.values(works(report)))).toEqual(new Set(["no"]));
  });

  test("an address without an Admin API fails one step, with a hint, and no other", async () => {
    const lab = await openLab({ tenant: tenantWith({ roles: { graph: every, exchange: ["Exchange.ManageAsAppV2"] } }) });
    const graph = { url: lab.graphUrl, admin_api_url: "http://127.0.0.1:9", mailbox_list: "admin_api" };
    const report = await examine({ backend: "graph", graph, auth: application(lab), mailbox }, { environment });
    expect(report.step("graph-mailbox-list")).toMatchObject({ status: "failed" });
    expect(report.step("graph-mailbox-list").code).not.toBe("internal");
    expect(report.next("graph-mailbox-list")).toContain("graph: { mailbox_list: auto }");
    expect(works(report)["delete-email"]).toBe("yes");
  });
});

test("where the directory may be listed as well, the Admin API is no step", async () => {
  const lab = await openLab({ tenant: tenantWith({ roles: { graph: every } }) });
  const report = await examine({ backend: "graph", graph: { url: lab.graphUrl }, auth: application(lab), mailbox }, { environment });
  expect(report.steps.map(({ name }) => name)).not.toContain("graph-mailbox-list");
  expect(report.success).toBe(true);
});
