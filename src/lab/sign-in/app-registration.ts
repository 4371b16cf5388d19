// src/lab/sign-in/: The token endpoint and NTLM of the lab: applications, tokens, device codes.

/** Resources that the lab's tenants know, by the short names that permissions are given under. */
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

/** A token of another issuer that stands for the application (workload identity federation). */
export interface FederatedCredential {
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
  /** PEM: the issuer's key. */
  readonly publicKey: string;
}

/** An application that is registered in the lab's tenant. */
export interface Registration {
  readonly clientId: string;
  readonly name: string;
  readonly secrets?: readonly { readonly value: string; readonly expires?: Date | undefined }[] | undefined;
  /** PEM, the public part. */
  readonly certificates?: readonly string[] | undefined;
  readonly federated?: readonly FederatedCredential[] | undefined;
  /** Granted to the application: `full_access_as_app`. */
  readonly roles?: Permissions | undefined;
  /** Consented to for users: `EWS.AccessAsUser.All`. */
  readonly scopes?: Permissions | undefined;
  /** Whether users may sign in with it without a secret. */
  readonly publicClient?: boolean | undefined;
  /** Whether it is what the machine's managed identity stands for. */
  readonly managedIdentity?: boolean | undefined;
  /** Whether Exchange itself gave it the right (RBAC for Applications), which no token shows. */
  readonly exchangeRole?: boolean | undefined;
  /** Whether Exchange gave its service principal a role that shows recipients (View-Only Recipients). */
  readonly recipientsRole?: boolean | undefined;
  /** Addresses that it may act as in Exchange; default all. */
  readonly mailboxes?: readonly string[] | undefined;
  readonly disabled?: boolean | undefined;
}

/** The tenant of the lab's organisation in its practice of Microsoft Entra ID. */
export interface Tenant {
  readonly id: string;
  /** Verified domains; they name it as well as its id. */
  readonly domains: readonly string[];
  readonly registrations: readonly Registration[];
  /** Addresses of Exchange Servers on premises that tokens are given for (hybrid modern authentication): `https://mail.example.com`. */
  readonly servers?: readonly string[] | undefined;
  /** Whether the same registrations are found at an AD FS, too, below `/adfs`. */
  readonly adfs?: boolean | undefined;
  /** How long tokens are good, in seconds; default 3599. */
  readonly tokenSeconds?: number | undefined;
  /** How long a device code is, and how often it may be asked after, in seconds; default 900 and 5. */
  readonly deviceCode?: { readonly seconds?: number; readonly interval?: number } | undefined;
}

/** Which applications the organisation lets use EWS. @see https://learn.microsoft.com/en-us/powershell/module/exchange/set-organizationconfig */
export interface EwsPolicy {
  /** True: only those of the list. False: none. Undefined: all. */
  readonly ewsEnabled?: boolean | undefined;
  /** Client ids. */
  readonly ewsAllowedAppIDs?: readonly string[] | undefined;
  /** Addresses of mailboxes where it is off (Set-CASMailbox -EwsEnabled $false). */
  readonly disabledMailboxes?: readonly string[] | undefined;
}
