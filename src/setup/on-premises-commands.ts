import { mailboxScope, scopeName } from "./mailbox-scope.ts";
import { command } from "./powershell.ts";

/** Creates a mailbox for the account, and asks for its password. For `EXAMPLE\\name` the address is unknown, so it only shows the account. */
export function createAccount(account: string): readonly string[] {
  if (!account.includes("@")) return [`${command("Get-User", { Identity: account })} | Format-List UserPrincipalName,RecipientType`];
  return [
    "$password = Read-Host -AsSecureString -Prompt 'Password of the service account'",
    command("New-Mailbox", { Name: "mailcordon service", UserPrincipalName: account, Password: { variable: "$password" } }),
  ];
}

/** Assigns the role that lets an account act as the owner of mailboxes: of all, or of those in a group. */
export function impersonation(account: string, mailboxes: readonly string[]): readonly string[] {
  const assignment = { Name: "mailcordon impersonation", Role: "ApplicationImpersonation", User: account };
  if (mailboxes.length === 0) return [command("New-ManagementRoleAssignment", assignment)];
  return [...mailboxScope(mailboxes), command("New-ManagementRoleAssignment", { ...assignment, CustomRecipientWriteScope: scopeName })];
}

/** Shows which impersonation roles the account has, and over which mailboxes. */
export function showImpersonation(account: string): readonly string[] {
  return [
    `${command("Get-ManagementRoleAssignment", { RoleAssignee: account, Role: "ApplicationImpersonation" })} | Format-List Name,CustomRecipientWriteScope`,
  ];
}

/** Grants Full Access to the mailbox, as a delegate. */
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

/** Grants Send As for the mailbox, which Full Access does not include. */
export function sendAs(mailbox: string, account: string, online = false): readonly string[] {
  if (online) return [command("Add-RecipientPermission", { Identity: mailbox, Trustee: account, AccessRights: "SendAs" })];
  return [
    `${command("Get-Mailbox", { Identity: mailbox })} | ${command("Add-ADPermission", { User: account, ExtendedRights: "Send As" })}`,
  ];
}

/**
 * Gives the account its own throttling budget, so a search over every mailbox is not cut off; other accounts keep theirs.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/ews-throttling-in-exchange
 */
export function throttling(account: string): readonly string[] {
  return [
    "New-ThrottlingPolicy -Name 'mailcordon' -ThrottlingPolicyScope Regular -EwsCutoffBalance Unlimited -EwsMaxBurst Unlimited -EwsRechargeRate Unlimited",
    command("Set-ThrottlingPolicyAssociation", { Identity: account, ThrottlingPolicy: "mailcordon" }),
  ];
}

/** Shows the URLs of EWS and its sign-in schemes. */
export const showVirtualDirectory =
  "Get-WebServicesVirtualDirectory | Format-List Server,InternalUrl,ExternalUrl,BasicAuthentication,WindowsAuthentication,OAuthAuthentication,ExtendedProtectionTokenChecking";

/** Shows the URLs of Exchange Web Services. */
export const showEwsUrl = "Get-WebServicesVirtualDirectory | Format-List ExternalUrl,InternalUrl";

/** Shows the server's certificates and which of them IIS uses. */
export const showCertificates = "Get-ExchangeCertificate | Format-List Subject,CertificateDomains,Issuer,NotAfter,Services,Thumbprint";
