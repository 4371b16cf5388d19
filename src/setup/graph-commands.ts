import { scopeName } from "./mailbox-scope.ts";
import { command, quoted } from "./powershell.ts";

/** The resource "Microsoft Graph" in every tenant. */
export const graphResource = "00000003-0000-0000-c000-000000000000";

/** A permission of Microsoft Graph, and the role by which Exchange Online grants it for some mailboxes, if there is one. */
export interface GraphGrant {
  readonly permission: string;
  readonly role: string | undefined;
}

/**
 * Grants permissions for the whole organisation: the assignment is the administrator's consent. Entra refuses one that exists already as a
 * duplicate.
 */
export function consentToGraph(permissions: readonly string[]): readonly string[] {
  if (permissions.length === 0) return [];
  const assign = command("New-MgServicePrincipalAppRoleAssignment", {
    ServicePrincipalId: { variable: "$principal.Id" },
    PrincipalId: { variable: "$principal.Id" },
    ResourceId: { variable: "$graph.Id" },
    AppRoleId: { variable: "$role.Id" },
  });
  return [
    `$graph = ${command("Get-MgServicePrincipal", { Filter: `appId eq '${graphResource}'` })}`,
    ...permissions.flatMap((permission) => [`$role = $graph.AppRoles | Where-Object Value -eq ${quoted(permission)}`, assign]),
  ];
}

/**
 * Grants the same permissions for the mailboxes of the scope: RBAC for Applications.
 * @see https://learn.microsoft.com/en-us/exchange/permissions-exo/application-rbac
 */
export function grantInScope(grants: readonly GraphGrant[]): readonly string[] {
  return grants.flatMap(({ permission, role }) =>
    role === undefined
      ? []
      : [
          command("New-ManagementRoleAssignment", {
            Name: `mailcordon ${permission}`,
            App: { variable: "$principal.Id" },
            Role: role,
            CustomResourceScope: scopeName,
          }),
        ],
  );
}

/** Shows which roles the application has for a mailbox, and whether their scope includes it. Does not show consent. */
export function testAuthorization(mailbox: string | undefined): readonly string[] {
  return [
    `${command("Test-ServicePrincipalAuthorization", { Identity: { variable: "$principal.Id" }, Resource: mailbox })} | Format-Table RoleName,GrantedPermissions,AllowedResourceScope,InScope`,
  ];
}

/** Shows the application's consents, by resource and permission id. */
export const showConsent: readonly string[] = [
  `$graph = ${command("Get-MgServicePrincipal", { Filter: `appId eq '${graphResource}'` })}`,
  "Get-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $principal.Id | ForEach-Object { $id = $_.AppRoleId; $_ | Select-Object Id,ResourceDisplayName,@{ n = 'Permission'; e = { ($graph.AppRoles | Where-Object Id -eq $id).Value } } }",
];

/** Shows the older way to keep an application out of mailboxes, which also applies. */
export function showAccessPolicies(clientId: string, mailbox: string): readonly string[] {
  return [
    `Get-ApplicationAccessPolicy | Where-Object AppId -eq ${quoted(clientId)}`,
    command("Test-ApplicationAccessPolicy", { Identity: mailbox, AppId: clientId }),
  ];
}

/** Shows where a mailbox is (on premises it is a MailUser here), and whether it was deleted and can still be restored. */
export function findMailbox(mailbox: string): readonly string[] {
  return [
    `${command("Get-Recipient", { Identity: mailbox })} | Format-List PrimarySmtpAddress,RecipientTypeDetails,ExternalEmailAddress`,
    `Get-Mailbox -SoftDeletedMailbox ${command("", { Identity: mailbox }).trim()} | Format-List WhenSoftDeleted,ExchangeGuid`,
  ];
}

/** Shows a person's licences, and whether they include Exchange Online. */
export function showLicences(user: string): readonly string[] {
  return [
    `${command("Get-MgUserLicenseDetail", { UserId: user })} | Select-Object -ExpandProperty ServicePlans | Where-Object ServicePlanName -like 'EXCHANGE*'`,
  ];
}
