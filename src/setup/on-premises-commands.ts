import { mailboxScope, scopeName } from "./mailbox-scope.ts";
import { command } from "./powershell.ts";

/** A mailbox for the account, with its password asked for; for `EXAMPLE\\name` the address is not known, so the account is only looked at. */
export function createAccount(account: string): readonly string[] {
  if (!account.includes("@")) return [`${command("Get-User", { Identity: account })} | Format-List UserPrincipalName,RecipientType`];
  return [
    "$password = Read-Host -AsSecureString -Prompt 'Password of the service account'",
    command("New-Mailbox", { Name: "mailcordon service", UserPrincipalName: account, Password: { variable: "$password" } }),
  ];
}

/** The role that lets an account act as the owner of mailboxes: of all, or of those in a group. */
export function impersonation(account: string, mailboxes: readonly string[]): readonly string[] {
  const assignment = { Name: "mailcordon impersonation", Role: "ApplicationImpersonation", User: account };
  if (mailboxes.length === 0) return [command("New-ManagementRoleAssignment", assignment)];
  return [...mailboxScope(mailboxes), command("New-ManagementRoleAssignment", { ...assignment, CustomRecipientWriteScope: scopeName })];
}

/** Which roles for impersonation the account has, and over which mailboxes. */
export function showImpersonation(account: string): readonly string[] {
  return [
    `${command("Get-ManagementRoleAssignment", { RoleAssignee: account, Role: "ApplicationImpersonation" })} | Format-List Name,CustomRecipientWriteScope`,
  ];
}

/** The whole mailbox, as a delegate. */
export function delegateRight(mailbox: string, account: string): readonly string[] {
  return [
    command("Add-MailboxPermission", {
      Identity: mailbox,
      User: account,
      AccessRights: "FullAccess",
      InheritanceType: "All",
      AutoMapping: false,
    }),
  ];
}

/** Sending as the mailbox, which Full Access does not hold. */
export function sendAs(mailbox: string, account: string, online = false): readonly string[] {
  if (online) return [command("Add-RecipientPermission", { Identity: mailbox, Trustee: account, AccessRights: "SendAs" })];
  return [
    `${command("Get-Mailbox", { Identity: mailbox })} | ${command("Add-ADPermission", { User: account, ExtendedRights: "Send As" })}`,
  ];
}

/**
 * A budget of its own for the account, so that a search over every mailbox is not cut off; others keep theirs.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/ews-throttling-in-exchange
 */
export function throttling(account: string): readonly string[] {
  return [
    "New-ThrottlingPolicy -Name 'mailcordon' -ThrottlingPolicyScope Regular -EwsCutoffBalance Unlimited -EwsMaxBurst Unlimited -EwsRechargeRate Unlimited",
    command("Set-ThrottlingPolicyAssociation", { Identity: account, ThrottlingPolicy: "mailcordon" }),
  ];
}

/** How the server's EWS may be signed in to, and where it is. */
export const showVirtualDirectory =
  "Get-WebServicesVirtualDirectory | Format-List Server,InternalUrl,ExternalUrl,BasicAuthentication,WindowsAuthentication,OAuthAuthentication,ExtendedProtectionTokenChecking";

/** Where Exchange Web Services are. */
export const showEwsUrl = "Get-WebServicesVirtualDirectory | Format-List ExternalUrl,InternalUrl";

/** The certificates that the server has and which of them IIS uses. */
export const showCertificates = "Get-ExchangeCertificate | Format-List Subject,CertificateDomains,Issuer,NotAfter,Services,Thumbprint";
