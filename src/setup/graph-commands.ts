import { scopeName } from "./mailbox-scope.ts";
import { command, quoted } from "./powershell.ts";

/** The resource "Microsoft Graph" in every tenant. */
export const graphResource = "00000003-0000-0000-c000-000000000000";

/** A permission of Microsoft Graph, and the role by which Exchange Online gives it for some mailboxes, where there is one. */
export interface GraphGrant {
  readonly permission: string;
  readonly role: string | undefined;
}

/** Permissions for the whole organisation: the administrator's consent, which is the assignment. One that is there already is refused as such. */
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
 * The same permissions for the mailboxes of that scope: RBAC for Applications.
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

/** Which roles the application has for a mailbox, and whether it is in their scope: what consent gives is not in it. */
export function testAuthorization(mailbox: string | undefined): readonly string[] {
  return [
    `${command("Test-ServicePrincipalAuthorization", { Identity: { variable: "$principal.Id" }, Resource: mailbox })} | Format-Table RoleName,GrantedPermissions,AllowedResourceScope,InScope`,
  ];
}

/** What was consented to for the application: by its resource and the permission's id. */
export const showConsent: readonly string[] = [
  `$graph = ${command("Get-MgServicePrincipal", { Filter: `appId eq '${graphResource}'` })}`,
  "Get-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $principal.Id | ForEach-Object { $id = $_.AppRoleId; $_ | Select-Object Id,ResourceDisplayName,@{ n = 'Permission'; e = { ($graph.AppRoles | Where-Object Id -eq $id).Value } } }",
];

/** The older way to keep an application out of mailboxes, which counts besides. */
export function showAccessPolicies(clientId: string, mailbox: string): readonly string[] {
  return [
    `Get-ApplicationAccessPolicy | Where-Object AppId -eq ${quoted(clientId)}`,
    command("Test-ApplicationAccessPolicy", { Identity: mailbox, AppId: clientId }),
  ];
}

/** Where a mailbox is: on premises it is a MailUser here. And whether it was deleted, and can still be brought back. */
export function findMailbox(mailbox: string): readonly string[] {
  return [
    `${command("Get-Recipient", { Identity: mailbox })} | Format-List PrimarySmtpAddress,RecipientTypeDetails,ExternalEmailAddress`,
    `Get-Mailbox -SoftDeletedMailbox ${command("", { Identity: mailbox }).trim()} | Format-List WhenSoftDeleted,ExchangeGuid`,
  ];
}

/** Which licences a person has, and whether Exchange Online is in them. */
export function showLicences(user: string): readonly string[] {
  return [
    `${command("Get-MgUserLicenseDetail", { UserId: user })} | Select-Object -ExpandProperty ServicePlans | Where-Object ServicePlanName -like 'EXCHANGE*'`,
  ];
}
