// src/lab/sign-in/: The token endpoint and NTLM of the lab: applications, tokens, device codes.

/** The resources of the lab's tenants, by the short names used in permissions. */
export const resources = {
  exchange: [
    "https://outlook.office365.com",
    "https://outlook.office365.us",
    "https://outlook-dod.office365.us",
    "https://outlook.office365.cn",
  ],
  graph: [
    "https://graph.microsoft.com",
    "https://graph.microsoft.us",
    "https://dod-graph.microsoft.us",
    "https://microsoftgraph.chinacloudapi.cn",
  ],
} as const;

export type Resource = keyof typeof resources;
export type Permissions = { readonly [R in Resource]?: readonly string[] };

/** A token of another issuer with which the application signs in (workload identity federation). */
export interface FederatedCredential {
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
  /** PEM: the issuer's key. */
  readonly publicKey: string;
}

/** An application registered in the lab's tenant. */
export interface Registration {
  readonly clientId: string;
  readonly name: string;
  readonly secrets?: readonly { readonly value: string; readonly expires?: Date | undefined }[] | undefined;
  /** PEM, the public part. */
  readonly certificates?: readonly string[] | undefined;
  readonly federated?: readonly FederatedCredential[] | undefined;
  /** Application permissions: `full_access_as_app`. */
  readonly roles?: Permissions | undefined;
  /** Delegated permissions: `EWS.AccessAsUser.All`. */
  readonly scopes?: Permissions | undefined;
  /** Whether users may sign in with it without a secret. */
  readonly publicClient?: boolean | undefined;
  /** Whether the managed identity of the machine is this application. */
  readonly managedIdentity?: boolean | undefined;
  /** Whether Exchange itself granted the right (RBAC for Applications), which does not appear in a token. */
  readonly exchangeRole?: boolean | undefined;
  /** Whether Exchange granted its service principal a role that shows recipients (View-Only Recipients). */
  readonly recipientsRole?: boolean | undefined;
  /** Addresses of the mailboxes that it may use in Exchange; default all. */
  readonly mailboxes?: readonly string[] | undefined;
  readonly disabled?: boolean | undefined;
}

/** The tenant of the lab's organisation in its imitation of Microsoft Entra ID. */
export interface Tenant {
  readonly id: string;
  /** Verified domains. Requests may name the tenant by a domain or by its id. */
  readonly domains: readonly string[];
  readonly registrations: readonly Registration[];
  /** Addresses of on-premises Exchange Servers for which tokens are issued (hybrid modern authentication): `https://mail.example.com`. */
  readonly servers?: readonly string[] | undefined;
  /** Whether an AD FS below `/adfs` has the same registrations. */
  readonly adfs?: boolean | undefined;
  /** Lifetime of tokens, in seconds; default 3599. */
  readonly tokenSeconds?: number | undefined;
  /** Lifetime of a device code, and the shortest interval between two requests for its token, in seconds; default 900 and 5. */
  readonly deviceCode?: { readonly seconds?: number; readonly interval?: number } | undefined;
}

/** The applications that the organisation allows to use EWS. @see https://learn.microsoft.com/en-us/powershell/module/exchange/set-organizationconfig */
export interface EwsPolicy {
  /** True: only applications in the list. False: none. Undefined: all. */
  readonly ewsEnabled?: boolean | undefined;
  /** Client ids. */
  readonly ewsAllowedAppIDs?: readonly string[] | undefined;
  /** Addresses of mailboxes with EWS disabled (Set-CASMailbox -EwsEnabled $false). */
  readonly disabledMailboxes?: readonly string[] | undefined;
}
