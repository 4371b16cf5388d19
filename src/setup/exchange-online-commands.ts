import { mailboxScope, scopeName } from "./mailbox-scope.ts";
import { command, quoted, switchOn } from "./powershell.ts";

/** The resource "Office 365 Exchange Online" in every tenant. */
export const exchangeResource = "00000002-0000-0ff1-ce00-000000000000";

/**
 * Allows EWS for one more application. The commands read the list first, since they replace it whole; Get-OrganizationConfig shows it only on
 * request. They set the list first: EwsEnabled without the list would lock everyone out.
 * @see https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-organizationconfig
 */
export function allowEws(clientId: string | undefined): readonly string[] {
  const id = clientId === undefined ? "$application.AppId" : quoted(clientId);
  return [
    "Get-OrganizationConfig -RetrieveEwsOperationAccessPolicy | Format-List EwsEnabled,EwsAllowedAppIDs,EwsApplicationAccessPolicy",
    "$allowed = @((Get-OrganizationConfig -RetrieveEwsOperationAccessPolicy).EwsAllowedAppIDs -split ',' | ForEach-Object { $_.Trim() } | Where-Object { $_ })",
    `$allowed = @($allowed + ${id} | Select-Object -Unique)`,
    "Set-OrganizationConfig -EwsAllowedAppIDs ($allowed -join ',')",
    command("Set-OrganizationConfig", { EwsEnabled: true }),
  ];
}

/** Shows whether EWS is allowed for one mailbox, and allows it. */
export function allowEwsFor(mailbox: string): readonly string[] {
  return [
    `${command("Get-CASMailbox", { Identity: mailbox })} | Format-List EwsEnabled`,
    command("Set-CASMailbox", { Identity: mailbox, EwsEnabled: true }),
  ];
}

/** Reads the application and its service principal into `$application` and `$principal`. */
export function findApplication(clientId: string): readonly string[] {
  const filter = `appId eq '${clientId}'`;
  return [
    `$application = ${command("Get-MgApplication", { Filter: filter })}`,
    `$principal = ${command("Get-MgServicePrincipal", { Filter: filter })}`,
  ];
}

/** Registers the application in Exchange Online, so roles can be assigned to it there. */
export const registerInExchange: readonly string[] = [
  command("New-ServicePrincipal", {
    AppId: { variable: "$application.AppId" },
    ObjectId: { variable: "$principal.Id" },
    DisplayName: "mailcordon",
  }),
];

/** Grants a permission of Exchange Online for the whole organisation: the assignment is the administrator's consent. */
export function consentToExchange(permission: string): readonly string[] {
  return [
    `$exchange = ${command("Get-MgServicePrincipal", { Filter: `appId eq '${exchangeResource}'` })}`,
    `$role = $exchange.AppRoles | Where-Object Value -eq ${quoted(permission)}`,
    command("New-MgServicePrincipalAppRoleAssignment", {
      ServicePrincipalId: { variable: "$principal.Id" },
      PrincipalId: { variable: "$principal.Id" },
      ResourceId: { variable: "$exchange.Id" },
      AppRoleId: { variable: "$role.Id" },
    }),
  ];
}

/** Grants access to every mailbox. */
export const consentToAll: readonly string[] = consentToExchange("full_access_as_app");

/**
 * Lets an account, or the application if none is named, list mailboxes: a role group with no other right.
 * @see https://learn.microsoft.com/en-us/powershell/exchange/app-only-auth-powershell-v2
 */
export function recipientsRole(account: string | undefined): readonly string[] {
  const name = "mailcordon mailbox list";
  return [
    command("New-RoleGroup", { Name: name, Roles: "View-Only Recipients" }),
    command("Add-RoleGroupMember", { Identity: name, Member: account ?? { variable: "$principal.Id" } }),
  ];
}

/**
 * Grants access to some mailboxes: RBAC for Applications, over a group.
 * @see https://learn.microsoft.com/en-us/exchange/permissions-exo/application-rbac
 */
export function allowMailboxes(mailboxes: readonly string[]): readonly string[] {
  const [first] = mailboxes;
  return [
    ...mailboxScope(mailboxes),
    command("New-ManagementRoleAssignment", {
      Name: "mailcordon EWS",
      App: { variable: "$principal.Id" },
      Role: "Application EWS.AccessAsApp",
      CustomResourceScope: scopeName,
    }),
    command("Test-ServicePrincipalAuthorization", { Identity: { variable: "$principal.Id" }, Resource: first }),
  ];
}

/** Lets an account, or the application if none is named, list and search mailboxes. Also used on premises. */
export function discoveryRole(account: string | undefined): readonly string[] {
  return [command("Add-RoleGroupMember", { Identity: "Discovery Management", Member: account ?? { variable: "$principal.Id" } })];
}

/** Adds a new certificate to the application. */
export function addCertificate(path: string): readonly string[] {
  return [
    `$added = @{ Type = 'AsymmetricX509Cert'; Usage = 'Verify'; Key = [System.IO.File]::ReadAllBytes((Resolve-Path ${quoted(path)})) }`,
    "Update-MgApplication -ApplicationId $application.Id -KeyCredentials (@($application.KeyCredentials) + $added)",
  ];
}

/** Adds a new client secret to the application; it is shown once. */
export const addSecret: readonly string[] = [
  "Add-MgApplicationPassword -ApplicationId $application.Id -PasswordCredential @{ DisplayName = 'mailcordon'; EndDateTime = (Get-Date).AddMonths(6) } | Format-List SecretText,EndDateTime,KeyId",
];

/** Creates a new registration, with the same variables as findApplication. */
export const register: readonly string[] = [
  `$application = ${command("New-MgApplication", { DisplayName: "mailcordon", SignInAudience: "AzureADMyOrg" })}`,
  `$principal = ${command("New-MgServicePrincipal", { AppId: { variable: "$application.AppId" } })}`,
  "$application | Format-List DisplayName,AppId",
];

/** The modules' names for the clouds. */
const environments = {
  worldwide: { graph: undefined, exchange: undefined },
  "us-gcc-high": { graph: "USGov", exchange: "O365USGovGCCHigh" },
  "us-dod": { graph: "USGovDoD", exchange: "O365USGovDoD" },
  china: { graph: "China", exchange: "O365China" },
} as const;

export type SetupCloud = keyof typeof environments;
export const setupClouds: readonly string[] = Object.keys(environments);

export function isSetupCloud(name: string): name is SetupCloud {
  return Object.hasOwn(environments, name);
}

/** Installs the two modules and signs the administrator in. */
export function signIn(tenant: string, cloud: SetupCloud): readonly string[] {
  const { graph, exchange } = environments[cloud];
  return [
    command("Install-Module", { Name: ["Microsoft.Graph.Applications", "ExchangeOnlineManagement"], Scope: "CurrentUser" }),
    command("Connect-MgGraph", {
      TenantId: tenant,
      Scopes: ["Application.ReadWrite.All", "AppRoleAssignment.ReadWrite.All"],
      Environment: graph,
      NoWelcome: switchOn,
    }),
    command("Connect-ExchangeOnline", { ExchangeEnvironmentName: exchange, ShowBanner: false }).replace(
      "-ShowBanner $false",
      "-ShowBanner:$false",
    ),
  ];
}
