import { describe, expect, test } from "vitest";
import { clientId } from "../../wire/sign-in/tenant.ts";
import { every, exit, mailbox, online, works } from "../online.ts";

describe("a mailbox", () => {
  test("outside the scope of RBAC for Applications is recognised because another opens, and reported with the command that shows the scope", async () => {
    const registration = { exchangeRole: true, mailboxes: [mailbox] };
    const { report } = await online([], { registration, mailbox: "user04@example.com", actions: ["download-mail-as-eml"] });
    expect(report.step("graph-mailbox")).toMatchObject({ status: "failed", code: "access-denied" });
    expect(report.step("graph-mailbox").found).toContain("outside the scope that RBAC for Applications gives");
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

  test("on premises is recognised by its directory entry, and reported with the setting that reaches it", async () => {
    const { report } = await online([...every, "User.Read.All"], {}, { onPremises: [mailbox] });
    expect(report.step("graph-mailbox")).toMatchObject({ status: "failed", code: "mailbox-not-found" });
    expect(report.step("graph-mailbox").found).toContain("on an Exchange Server of the organisation");
    expect(report.next("graph-mailbox")).toContain("backend: auto");
    expect(report.actions.find(({ action }) => action === "get-searchable-mailboxes")?.works).toBe("yes");
    expect(report.exit).toBe(exit("mailbox-not-found"));
  });

  test("of somebody without a licence leads to the licences", async () => {
    const { report } = await online([...every, "User.Read.All"], {}, { unlicensed: [mailbox] });
    expect(report.step("graph-mailbox").found).toContain("no licence for Exchange Online");
    expect(report.next("graph-mailbox")).toContain("Get-MgUserLicenseDetail -UserId 'user03@example.com'");
    expect(report.next("graph-mailbox")).not.toContain("backend: auto");
  });

  test("that Graph does not reach is reported with all three causes if the application may not see the accounts", async () => {
    const { report } = await online(every, {}, { unlicensed: [mailbox] });
    expect(report.step("graph-mailbox").found).toContain("on an Exchange Server of the organisation, deleted, or without a licence");
    expect(report.next("graph-mailbox")).toContain("User.Read.All");
    expect(report.next("graph-mailbox")).toContain("Get-Mailbox -SoftDeletedMailbox -Identity 'user03@example.com'");
  });

  test("whose account is missing from the directory is reported as deleted", async () => {
    const gone = { kind: "item-error", times: 99 } as const;
    const faults = [
      { ...gone, operation: "mailfolder-get", code: "MailboxNotEnabledForRESTAPI" },
      { ...gone, operation: "user-get", code: "Request_ResourceNotFound" },
    ];
    const { report } = await online(every, { actions: ["delete-email"] }, { faults });
    expect(report.step("graph-mailbox").found).toContain("the account was deleted");
    expect(report.next("graph-mailbox")).toContain("Get-Mailbox -SoftDeletedMailbox");
  });

  test("that does not exist leads to the ways to find it, whatever its name", async () => {
    const { report } = await online(every, { mailbox: "no'body$(x)\u001b@example.com" });
    expect(report.step("graph-mailbox")).toMatchObject({ status: "failed", code: "mailbox-not-found" });
    expect(report.next("graph-mailbox")).toContain("Get-Recipient -Identity 'no''body$(x)@example.com'");
    expect(report.next("graph-mailbox")).toContain("Get-MgUser -Filter 'mail eq ''no''''body$(x)@example.com'''");
  });

  test("that is not given leaves its actions undecided", async () => {
    const { report } = await online(every, { setting: { mailbox: undefined } });
    expect(report.step("graph-mailbox").status).toBe("unknown");
    expect(report.actions.find(({ action }) => action === "get-searchable-mailboxes")?.works).toBe("yes");
    expect(works(report)["delete-email"]).toBe("unknown");
    expect(report.exit).toBe(exit("invalid-input"));
  });
});
