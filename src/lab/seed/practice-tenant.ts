import { labPermissions } from "../graph/sign-in/practice-token.ts";
import type { FederatedCredential, Tenant } from "../sign-in/app-registration.ts";
import { openSigner } from "../sign-in/jwt.ts";

/** The application registered in the tenant of the practice organisation. Its secret is public. */
export const practiceApplication = {
  tenant: "6c0b5c1e-52b5-4c1a-9d6f-6d61696c6c61",
  clientId: "0d9a4a3c-7e21-4f0e-8b55-6d61696c6170",
  secret: "lab-client-secret",
} as const;

/** A token of another issuer, and the tenant's record of that issuer. */
export interface Federation {
  readonly token: string;
  readonly credential: FederatedCredential;
}

/** Returns a token as a cluster writes it to a file for its workloads, valid for a week: the lab does not renew it. */
export async function practiceFederation(): Promise<Federation> {
  const signer = openSigner();
  const [issuer, subject, audience] = ["https://cluster.example.com", "system:serviceaccount:soc:mailcordon", "api://AzureADTokenExchange"];
  const now = Math.floor(Date.now() / 1000);
  const token = await signer.sign({ iss: issuer, sub: subject, aud: [audience], nbf: now, iat: now, exp: now + 7 * 86_400 });
  return { token, credential: { issuer, subject, audience, publicKey: await signer.publicKey() } };
}

/** The delegated permissions beside these application permissions: those of mailboxes, and the right to read one's own entry in the directory. */
function delegatedOf(permissions: readonly string[]): readonly string[] {
  return ["User.Read", ...permissions.filter((one) => /^(?:Mail|Contacts|Calendars|MailboxSettings)\./.test(one))];
}

/**
 * Returns a tenant with one application that has every permission. `certificate`: PEM; a private key beside it is ignored. Throws if it contains no
 * certificate.
 */
export function practiceTenant({
  certificate,
  federation,
  graph = labPermissions,
  mailboxes,
}: {
  certificate?: string | undefined;
  federation?: Federation | undefined;
  /** Permissions granted at Microsoft Graph; default all. */
  graph?: readonly string[] | undefined;
  /** Addresses of the only mailboxes that Exchange lets the application open (RBAC for Applications). The Graph permissions then cover the directory only. */
  mailboxes?: readonly string[] | undefined;
} = {}): Tenant {
  const certificates = certificate?.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)?.slice(0, 1) ?? [];
  if (certificate !== undefined && certificates.length === 0) throw new Error("there is no certificate in PEM form in the file.");
  const consented = mailboxes === undefined ? graph : graph.filter((permission) => permission.startsWith("User."));
  const application = {
    clientId: practiceApplication.clientId,
    name: "mailcordon",
    secrets: [{ value: practiceApplication.secret }],
    certificates,
    federated: federation === undefined ? [] : [federation.credential],
    publicClient: true,
    managedIdentity: true,
    scopes: { exchange: ["EWS.AccessAsUser.All"], graph: delegatedOf(graph) },
    roles: { exchange: ["full_access_as_app", "Exchange.ManageAsAppV2"], graph: consented },
    recipientsRole: true,
    ...(mailboxes === undefined ? {} : { exchangeRole: true, mailboxes }),
  };
  return { id: practiceApplication.tenant, domains: ["example.com"], registrations: [application] };
}
