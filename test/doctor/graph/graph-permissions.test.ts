import { describe, expect, test } from "vitest";
import { actionNames } from "../../../src/actions/load.ts";
import { clientId } from "../../wire/sign-in/tenant.ts";
import { asking, exit, online, works } from "../online.ts";

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

  test("that no checked action needs are reported, so they can be removed", async () => {
    const { report } = await online(["Mail.ReadWrite", "Directory.Read.All"], { actions: ["delete-email"] });
    expect(report.step("graph-permissions")).toMatchObject({ status: "ok" });
    expect(report.step("graph-permissions").found).toContain("not needed for these actions: Directory.Read.All");
  });

  test("for calendars are needed by no action, and doctor names the sweep functions that a token without them lacks", async () => {
    const without = await online(["Mail.ReadWrite"], { actions: ["delete-email"] });
    expect(without.report).toMatchObject({ success: true, exit: 0 });
    expect(without.report.step("graph-permissions").found).toContain("sweep needs Calendars.ReadWrite, which is not in the token");
    const granted = await online(["Mail.ReadWrite", "Calendars.ReadWrite"], { actions: ["delete-email"] });
    expect(granted.report.step("graph-permissions").found).not.toContain("Calendars.ReadWrite");
  });

  test("that are missing lead to the command, whatever the name of the mailbox", async () => {
    const { report } = await online([], { mailbox: "a\u001b'$(x)@example.com", registration: { exchangeRole: true } });
    expect(report.steps.filter(({ code }) => code === "internal")).toEqual([]);
    expect(report.next("graph-permissions")).toContain("-Resource 'a''$(x)@example.com'");
  });

  test("that cover only settings open a mailbox for settings, not for messages", async () => {
    const { report } = await online(["MailboxSettings.Read"], { actions: ["get-out-of-office", "download-mail-as-eml"] });
    expect(report.step("graph-mailbox")).toMatchObject({
      status: "ok",
      found: "the mailbox opens, but not for the Inbox: see graph-permissions",
    });
    expect(works(report)).toEqual({ "get-out-of-office": "yes", "download-mail-as-eml": "no" });
  });

  test("are checked only for the requested actions", async () => {
    const { report, lab } = await online(["MailboxSettings.Read"], { actions: ["get-out-of-office"] });
    expect(report).toMatchObject({ success: true, exit: 0 });
    expect(asking(lab).map(({ operation }) => operation)).toEqual(["user-get-mailboxsettings-part"]);
  });

  test("of RBAC for Applications are not in the token, so reading is tried and writing is reported as unknown", async () => {
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

  test("that are missing close the mailbox, and doctor shows both ways to grant them", async () => {
    const { report } = await online([]);
    expect(report.step("graph")).toMatchObject({ status: "ok", found: "Microsoft Graph answered, with ErrorAccessDenied" });
    expect(report.step("graph-mailbox")).toMatchObject({ status: "failed", code: "access-denied" });
    expect(report.next("graph-mailbox")).toContain("Where-Object Value -eq 'Mail.ReadWrite'");
    expect(report.next("graph-mailbox")).toContain("-Role 'Application Mail.Send'");
    expect(new Set(Object.values(works(report)))).toEqual(new Set(["no"]));
  });
});
